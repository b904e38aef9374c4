import { unless, unlessEmpty, numberOf, type Section } from './section.ts'
import { canRun } from './draft-vrrp.ts'
import type { Part } from './facts.ts'
import { type Gap, serviceGap } from './gaps.ts'

/** What is behind the virtual IP. */
interface Served {
  service: Section | undefined
  gap?: Gap
  /** Whether a check of VRRP is that of the service, which the playbooks have anyhow. */
  isChecked: (about: string) => boolean
}

const never = () => false

/** @param servers virtual servers of the virtual IP */
export function serviceOf(main: Part | undefined, servers: readonly Part[], vip: string): Served {
  const [server] = servers
  const port = Number(server?.key.split(' ')[1])
  const checks = servers.flatMap((one) => one.all('check of').map(([, check]) => check))
  const [, name, zone] = /^DNS_CHECK type txt name ([^.]+)\.(\S+?)\.?$/m.exec(checks.join('\n')) ?? []
  if (zone !== undefined || port === 53) return { service: dns(port, name, zone), isChecked: never }
  if (!server) {
    const isDns = main?.get('check port 53') !== undefined
    if (isDns) return { service: undefined, isChecked: (about) => about === 'port 53' }
    const gap = serviceGap({ type: 'dns' })
    return { service: { type: gap.mark }, gap, isChecked: never }
  }
  const http = { type: 'http', port: unless(port, 80), managed: false }
  const [, path, host] = /^HTTP_GET path (\S+)(?: virtualhost (\S+))?$/.exec(checks[0] ?? '') ?? []
  if (path !== undefined) return { service: { ...http, host: host ?? vip, path: unless(path, '/') }, isChecked: never }
  const gap = serviceGap(http)
  return { service: { type: gap.mark, port }, gap, isChecked: never }
}

/** Values that are not the schema's defaults. */
function dns(port: number, name = 'health', zone = 'load.balance'): Section | undefined {
  const more = unlessEmpty({
    port: unless(port, 53),
    health_name: unless(name, 'health'),
    health_zone: unless(zone, 'load.balance'),
  })
  return more && { type: 'dns', ...more }
}

export function balancingOf(server: Part, global: Part): Section | undefined {
  const sorry = server.get('sorry_server')?.split(' ')
  const [, port] = server.key.split(' ')
  const real = (about: string) => server.all(`${about} of`)[0]?.[1]
  const program = (text: string | undefined) => (text !== undefined && canRun(text) ? text : undefined)
  const flags = server.all('flag').map(([flag]) => flag.slice(3))
  return unlessEmpty({
    // keepalived's default is another than the inventory's.
    scheduler: unless(server.get('lvs_sched') ?? 'wlc', 'rr'),
    flags: flags.length > 0 ? flags : undefined,
    persistence: numberOf(server, 'persistence_timeout'),
    udp_timeout: unless(numberOf(global, 'lvs_timeouts udp'), 10),
    quorum: unlessEmpty({
      weight: numberOf(server, 'quorum'),
      hysteresis: numberOf(server, 'hysteresis'),
      up: program(server.get('quorum_up')),
      down: program(server.get('quorum_down')),
    }),
    sorry_server: sorry && { address: sorry[0], port: sorry[1] === port ? undefined : Number(sorry[1]) },
    inhibit_on_failure: real('inhibit_on_failure') === 'yes' || undefined,
    alpha: server.get('alpha') === 'yes' || undefined,
    omega: server.get('omega') === 'yes' || undefined,
    real_server_up: program(real('notify_up')),
    real_server_down: program(real('notify_down')),
  })
}

/** The times of checks: those of the pools, or of the service's check by VRRP. */
export function healthCheckOf(main: Part | undefined, server: Part | undefined, isChecked: Served['isChecked']) {
  const [about] = main?.all('check').find(([one]) => isChecked(one)) ?? []
  const own = (name: string) => numberOf(main, `${name} of check ${about}`)
  if (about !== undefined) {
    const timeout = own('timeout')
    return unlessEmpty({
      interval: unless(own('interval'), 1),
      retries: unless(own('fall'), 2),
      timeout: timeout === undefined ? undefined : unless(Math.max(1, timeout - 1), 2),
    })
  }
  const real = (name: string) => {
    const value = server?.all(`${name} of`)[0]?.[1]
    return value === undefined ? undefined : Number(value)
  }
  return unlessEmpty({
    interval: unless(numberOf(server, 'delay_loop'), 1),
    retries: unless(real('retry'), 2),
    retry_delay: unless(real('delay_before_retry'), 1),
    timeout: unless(real('connect_timeout'), 2),
  })
}
