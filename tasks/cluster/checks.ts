import type { Facts } from '../../engine/runner/facts.ts'
import type { Cluster, Host, Instance } from '../../inventory/types.ts'
import { bounded, connects, knowsName, type Service } from '../../services/service.ts'
import { osOf } from '../os/os.ts'

/** A script by which keepalived tells whether a node may hold the VIP (keepalived.conf(5), `vrrp_script`). */
export interface VrrpScript {
  name: string
  command: string
  interval: number
  timeout: number
  fall: number
  rise: number
  user: string
  weight: number
}

type Kinds = Pick<NonNullable<Cluster['checks'][string]>, 'command' | 'process' | 'port' | 'url' | 'dns'>

/** @returns the checks that a host makes, by name */
export const checksOn = (
  { name }: Host,
  checks: Cluster['checks'],
): [name: string, check: Cluster['checks'][string]][] =>
  Object.entries(checks).filter(([, { hosts }]) => hosts === undefined || hosts.includes(name))

/**
 * @param services those by which the node counts; none where they count by their pools, and not by VRRP
 * @param instance whose addresses the node may hold
 * @returns the scripts of a node, those of its services first; those of one name are the same in all instances
 */
export function vrrpScripts(
  cluster: Cluster,
  host: Host,
  services: readonly Service[],
  { checks = cluster.checks }: Pick<Instance, 'checks'>,
): VrrpScript[] {
  const { interval, timeout, retries } = cluster.health_check
  // Each starts programs, which costs more than the question of a director.
  const usual = {
    interval: Math.ceil(interval),
    timeout: timeout + 1,
    fall: retries,
    rise: 1,
    user: 'nobody',
    weight: 0,
  }
  const served = services.map(({ name, localCheck }) => ({
    ...usual,
    name: services.length > 1 ? `service_${name}` : 'service',
    command: localCheck(host, timeout),
  }))
  const own = checksOn(host, checks).map(
    ([name, { command, process, port, url, dns, hosts: _, ...given }]): VrrpScript => {
      const script = { ...usual, ...given, name }
      // keepalived sees to the security of the program that root runs only where that is the first word.
      if (command !== undefined && script.user === 'root')
        return { ...script, command, timeout: given.timeout ?? script.interval }
      // keepalived kills what takes longer, so that the program is to give up before.
      const patience = Math.max(1, script.timeout - 1)
      return { ...script, command: commandOf({ command, process, port, url, dns }, host, patience) }
    },
  )
  return [...served, ...own]
}

function commandOf({ command, process, port, url, dns }: Kinds, host: Host, timeout: number): string {
  if (command !== undefined) return bounded(command, timeout)
  if (process !== undefined) return `/usr/bin/pgrep -x ${process.replaceAll(/[.+]/g, '[$&]')}`
  if (port !== undefined) return connects(port)(host, timeout)
  if (dns !== undefined) return knowsName(dns)(host, timeout)
  return `/usr/bin/curl -skf -m ${timeout} -o /dev/null ${url}`
}

/** @returns the packages that bring what checks run. @throws UserError for a host of an unknown operating system */
export function checkPackages({ checks, instances }: Cluster, facts: Facts): string[] {
  const used = [checks, ...instances.map((one) => one.checks ?? {})].flatMap((all) => Object.values(all))
  return Object.entries(osOf(facts).packages.checks).flatMap(([kind, name]) =>
    used.some((check) => kind in check) ? [name] : [],
  )
}
