import { unless, unlessEmpty, numberOf, type Section } from './section.ts'
import { realAddresses } from './draft-real-servers.ts'
import { canRun } from './draft-vrrp.ts'
import { nameAskedBy } from './name-checks.ts'
import type { Part } from './facts.ts'

/** What is behind the virtual IP. */
interface Served {
  service?: Section
  services?: Section
}

/** Where the services of an inventory are. */
interface Places {
  vip: string
  /** The addresses at which an inventory serves, unless a service names its own. */
  vips: readonly string[]
  /** Whether no clients are sent on. */
  areAlone: boolean
  /** The name of a host by the address that directors know it by. */
  hostAt: (address: string) => string
}

/** @param servers virtual servers of addresses that move */
export function servicesOf(servers: readonly Part[], places: Places): Served {
  if (servers.length === 0) return { service: { type: 'none' } }
  // A name server of somebody else's is not to be replaced by bind.
  const names = servers.find((server) => checksOf(server).some((check) => txt.test(check)))
  const isOfNames = (server: Part) => names !== undefined && portOf(server) === portOf(names)
  // DNS comes first, over both protocols; others are one service where the same real servers listen at the same port.
  const ordered = [...(names ? [names] : []), ...servers.filter((server) => server !== names)]
  const groups = Map.groupBy(ordered, (server) =>
    isOfNames(server)
      ? 'dns'
      : [server.key.split(' ').at(-1), portOf(server), ...(places.areAlone ? [] : realsOf([server]))].join(' '),
  )
  const services: Section = {}
  for (const group of groups.values()) {
    const server = group[0]!
    const service = isOfNames(server) ? dns(server) : serviceOf(server, places.areAlone ? undefined : places.vip)
    const name = isOfNames(server) ? 'dns' : nameIn(services, `${String(service.type)}${portOf(server)}`)
    services[name] = { ...service, ...ownBalancing(server, servers[0]!), ...poolOf(group, servers, places) }
  }
  const [one, ...more] = Object.values(services) as Section[]
  if (more.length > 0) return { services }
  // DNS at its usual port is what an inventory means that says nothing.
  return { service: JSON.stringify(one) === '{"type":"dns"}' ? undefined : one }
}

/** @returns a name that no service has yet */
function nameIn(services: Section, name: string): string {
  const free = ['', ...'bcdefghijklmnopqrstuvwxyz'].find((more) => !(`${name}${more}` in services))
  return `${name}${free ?? ''}`
}

/** @returns the addresses of real servers, in order */
const realsOf = (servers: readonly Part[]): string[] => realAddresses(servers).toSorted()

/** @returns what of the hosts and of the virtual IPs a service has alone */
function poolOf(group: readonly Part[], all: readonly Part[], { vips, areAlone, hostAt }: Places): Section {
  if (areAlone) return {}
  const [reals, own] = [realsOf(group), new Set(group.map(({ key }) => key.split(' ')[0]!))]
  return {
    ...(reals.length < realsOf(all).length && { hosts: reals.map(hostAt) }),
    ...(vips.some((vip) => !own.has(vip)) && { vips: [...own] }),
  }
}

const portOf = (server: Part) => Number(server.key.split(' ')[1])
/** @returns where all real servers listen, if clients ask at another port */
function realPortOf(server: Part): number | undefined {
  const [port, ...others] = new Set(server.all('real_server').map(([words]) => Number(words.split(' ')[1])))
  return others.length > 0 || port === portOf(server) ? undefined : port
}

const checksOf = (server: Part) => server.all('check of').map(([, check]) => check)

/**
 * The kind of a virtual server that is not DNS, by its check.
 * @param site what is asked for where a check names no host; undefined where the site is not to be known by a header
 */
function serviceOf(server: Part, site: string | undefined): Section {
  const ports = { port: portOf(server), real_port: realPortOf(server) }
  const [first = ''] = checksOf(server)
  const [, path, host] = /^HTTP_GET path (\S+)(?: virtualhost (\S+))?$/.exec(first) ?? []
  if (path !== undefined && site !== undefined)
    return {
      type: 'http',
      ...ports,
      port: unless(ports.port, 80),
      managed: false,
      host: host ?? site,
      path: unless(path, '/'),
    }
  const type = server.key.endsWith(' UDP') ? 'udp' : 'tcp'
  // Such programs do not take a port as their last word.
  const name = nameAskedBy(first)
  const [, check] = name ? [] : (/^MISC_CHECK program (\S.*)$/.exec(first) ?? [])
  const health = name ? { dns: name.dns, record: unless(name.record, 'A') } : healthOf(first, type)
  return unlessEmpty({ type, ...ports, check, health })!
}

const asks = {
  path: 'path',
  status_code: 'status',
  digest: 'digest',
  virtualhost: 'host',
  connect_port: 'port',
  name: 'dns',
  type: 'record',
} as const

/** @returns what a check asks where it is not the service itself; undefined for one that an inventory has not */
function healthOf(check: string, type: 'tcp' | 'udp'): Section | undefined {
  const [kind, ...words] = check.split(' ')
  if (
    !/^(TCP_CHECK|DNS_CHECK|HTTP_GET|SSL_GET)$/.test(kind!) ||
    (kind === 'TCP_CHECK' && words.length === 0 && type === 'tcp')
  )
    return undefined
  const said: Partial<Record<(typeof asks)[keyof typeof asks], string>> = {}
  for (let place = 0; place < words.length; place += 2) {
    const key = asks[words[place] as keyof typeof asks]
    if (key === undefined || said[key] !== undefined) return undefined
    said[key] = words[place + 1]
  }
  const number = (value: string | undefined) => (value === undefined ? undefined : Number(value))
  const { path, dns, record, ...more } = said
  return {
    ...(dns !== undefined && { dns, record: unless(record, 'A') }),
    ...(path !== undefined && { [kind === 'SSL_GET' ? 'https' : 'http']: path }),
    ...{ ...more, port: number(said.port), status: number(said.status) },
  }
}

/** The check that asks for the name by which nodes tell who has answered. */
const txt = /^DNS_CHECK type TXT name ([^.]+)\.(\S+)$/

/** Values that are not the schema's defaults. */
function dns(server: Part): Section {
  const [, name, zone] = txt.exec(checksOf(server).find((check) => txt.test(check)) ?? '') ?? []
  return unlessEmpty({
    type: 'dns',
    port: unless(portOf(server), 53),
    real_port: realPortOf(server),
    health_name: unless(name, 'health'),
    health_zone: unless(zone, 'load.balance'),
  })!
}

/** How clients of a virtual server are shared out. */
const sharing = (server: Part) => ({
  // keepalived's default is another than the inventory's.
  scheduler: server.get('lvs_sched') ?? 'wlc',
  flags: server.all('flag').map(([flag]) => flag.slice(3)),
  persistence: numberOf(server, 'persistence_timeout') ?? 0,
})

/** What a service has otherwise than the first, whose values are those of the cluster. */
function ownBalancing(server: Part, first: Part): { balancing?: Section } {
  const [own, common] = [sharing(server), sharing(first)]
  const keys = Object.keys(own) as (keyof typeof own)[]
  const differing = keys.filter((key) => String(own[key]) !== String(common[key]))
  if (differing.length === 0) return {}
  // Flags are none with another scheduler, unless they are given.
  const isKept = own.scheduler !== common.scheduler && own.flags.length === 0
  return {
    balancing: Object.fromEntries(differing.flatMap((key) => (key === 'flags' && isKept ? [] : [[key, own[key]]]))),
  }
}

const methods: Readonly<Record<string, string>> = { DR: 'dr', TUN: 'tun' }

export function balancingOf(server: Part, global: Part): Section | undefined {
  const sorry = server.get('sorry_server')?.split(' ')
  const [, port] = server.key.split(' ')
  // What some real servers have alone is not what all are to have.
  const count = server.all('real_server').length
  const real = (about: string) => {
    const all = server.all(`${about} of`).map(([, value]) => value)
    return all.length === count && new Set(all).size === 1 ? all[0] : undefined
  }
  const program = (text: string | undefined) => (text !== undefined && canRun(text) ? text : undefined)
  const { scheduler, flags, persistence } = sharing(server)
  return unlessEmpty({
    scheduler: unless(scheduler, 'rr'),
    method: methods[(server.get('lvs_method') ?? '').split(' ')[0]!],
    flags: flags.length > 0 ? flags : undefined,
    persistence: unless(persistence, 0),
    udp_timeout: unless(numberOf(global, 'lvs_timeouts udp'), 10),
    quorum: unlessEmpty({
      weight: numberOf(server, 'quorum'),
      hysteresis: numberOf(server, 'hysteresis'),
      up: program(server.get('quorum_up')),
      down: program(server.get('quorum_down')),
    }),
    sorry_server: sorry && { address: sorry[0], port: sorry[1] === port ? undefined : Number(sorry[1]) },
    inhibit_on_failure: real('inhibit_on_failure') === 'yes' || undefined,
    alpha: real('alpha') === 'yes' || undefined,
    omega: server.get('omega') === 'yes' || undefined,
    real_server_up: program(real('notify_up')),
    real_server_down: program(real('notify_down')),
  })
}

/** The times of checks of a pool. */
export function healthCheckOf(server: Part | undefined): Section | undefined {
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
