import { isIPv6 } from 'node:net'
import type { FromSchema } from 'json-schema-to-ts'
import type { nodeStateSchema } from '../../documents/parts/node.ts'
import { levelsThat } from '../../inventory/levels.ts'
import { directs } from '../../inventory/roles.ts'
import type { Cluster, Host, Instance } from '../../inventory/types.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import type { Transport } from '../transport/transport.ts'
import type { Session } from './session.ts'
import { journalScript, parseErrors } from './journal.ts'
import { parsePools, parseStats } from './pools.ts'
import { servicesOn, unitsOf } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import { drainFolder, standbyFile } from '../../tasks/cluster/keepalived-conf.ts'

/** A node, with an open way to it. */
export interface NodeHandle {
  host: Host
  transport: Transport
  /** By the host's own clock, from when errors in its journal count; without one, none is looked for. */
  since?: number
}

/** State of a node at one moment. */
export type NodeState = FromSchema<typeof nodeStateSchema>

/** Prints the level that a node is configured for; nothing where no playbook wrote keepalived.conf. */
export const printLevel: Script = sh`sed -n 's/^# Written by keepalived-playbooks for level \([0-9]\).*/\1/p' /etc/keepalived/keepalived.conf 2>/dev/null`

/**
 * Prints the VRRP state: the last one in the log of the keepalived that runs, which has them in their order; else the last
 * one from the notify script. The log does not have a FAULT of the start, and may be long gone. Notify scripts of two
 * changes within milliseconds run beside each other, and the wrong one may be the last.
 */
const printVrrpStates = (instances: readonly Instance[]): Script => sh`
run=$(systemctl show -p InvocationID --value keepalived)
for name in ${instances.map(({ name }) => name)}; do
  said=$(journalctl -q -r -o cat --no-pager _SYSTEMD_INVOCATION_ID="$run" 2>/dev/null |
    sed -nE "/^Stopped Keepalived /q; /^\\($name\\) [Ee]ntering [A-Z]+ (STATE|state)/{s/.*ntering ([A-Z]+) .*/\1/p;q}")
  [ -n "$said" ] || said=$(tail -n 1 "/run/keepalived.INSTANCE.$name.state" 2>/dev/null | cut -d ' ' -f 5)
  echo "state=$name $said"
done`

/** Prints `held=INSTANCE ADDRESS` for each address that is there, and `lo=ADDRESS` where that is on lo. */
const printHeld = (instances: readonly Instance[]): Script =>
  lines(
    ...instances.flatMap(({ name, vips }) =>
      vips.map(
        ({ address, interface: own }) => sh`
while read -r _ device _; do
  if [ "$device" = lo ] && [ ${own ?? 'eth0'} != lo ]; then echo ${`lo=${address}`}; else echo ${`held=${name} ${address}`}; fi
done < <(ip -o address show to ${`${address}/${isIPv6(address) ? 128 : 32}`})`,
      ),
    ),
  )

/** Prints `silent=SERVICE ADDRESS REASON` for each service of the node that does not answer on an address. */
const askItself = (services: readonly Service[], host: Host, address: string): Script =>
  lines(
    sh`true`,
    ...services.map(
      ({ name, selfCheck }) => sh`
why=$( (${selfCheck(host, address)}
) 2>&1) || echo "silent=${name} ${address} $(tail -n 1 <<<"$why")"`,
    ),
  )

/**
 * A read-only script that shows the state of a node.
 * @param since seconds since 1970 by the node's own clock, or undefined to leave its journal out
 */
export const nodeStateScript = (cluster: Cluster, host: Host, since?: number): Script => {
  const services = servicesOn(cluster, host)
  const units = unitsOf(services)
  return sh`
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
level=$(${printLevel})
echo "level=$level"
${printHeld(cluster.instances)}
${cluster.balancing.method === 'tun' ? sh`echo "tunnel=$(ip -o -4 address show dev tunl0 up 2>/dev/null | grep -c .)"` : sh`true`}
${directs(host) ? sh`echo "keepalived=$(systemctl is-active keepalived)"` : sh`level=none`}
for unit in ${units}; do
  said=$(systemctl is-active "$unit")
  if [ "$said" = inactive ]; then
    # Its first client starts it.
    for by in $(systemctl show -p TriggeredBy --value "$unit"); do
      case $by in *.socket) ! systemctl -q is-active "$by" || said=active ;; esac
    done
  fi
  echo "service=$unit $said"
done
grep -sHx 1 ${drainFolder}/* | sed 's|.*/\([^/]*\):1$|drained=\1|'
echo "standby=$(cat ${standbyFile} 2>/dev/null)"
{ read -r count </proc/sys/net/netfilter/nf_conntrack_count && read -r max </proc/sys/net/netfilter/nf_conntrack_max &&
  echo "conntrack=$count $max"; } 2>/dev/null
echo "boot=$(cat /proc/sys/kernel/random/boot_id)"
${printVrrpStates(cluster.instances)}
ipvsadm -Ln 2>/dev/null | sed 's/^/pool=/'
ipvsadm -Ln --stats --exact 2>/dev/null | sed 's/^/stats=/'
[ -z "$level" ] || {
${askItself(services, host, host.address)}
}
${
  host.second
    ? sh`case ${` ${levelsThat('secondInterface', cluster).join(' ')} `} in *" $level "*)
${askItself(services, host, host.second.address)}
;; esac`
    : sh`true`
}
${since ? journalScript([...(directs(host) ? ['keepalived', 'snmpd'] : []), ...units], since) : sh`true`}`
}

/** Reads the state of a node once. @param timeout in seconds */
export async function readNodeState(
  { host, transport, since }: NodeHandle,
  cluster: Cluster,
  timeout: number,
): Promise<NodeState> {
  const { stdout } = await transport.run(nodeStateScript(cluster, host, since).text, { timeout })
  return parseNodeState(host, cluster, stdout.toString('utf8'))
}

/**
 * Reads the state of nodes, all unless some are named.
 * @param timeout in seconds
 * @throws HostError where one is unreachable
 */
export const readNodeStates = (
  { inventory, reach }: Pick<Session, 'inventory' | 'reach'>,
  timeout: number,
  hosts: readonly Host[] = inventory.hosts,
): Promise<NodeState[]> =>
  Promise.all(hosts.map((host) => readNodeState({ host, transport: reach(host.name) }, inventory.cluster, timeout)))

/**
 * @returns what `systemctl is-active` says of a unit, which is nothing where it reaches no systemd; one that loads its configuration
 *   again goes on with its work meanwhile
 */
const atWork = (said: string): string => (/^(reloading|refreshing)$/.test(said) ? 'active' : said || 'unknown')

/** Reads what `nodeStateScript` printed on a host. */
export function parseNodeState(host: Host, cluster: Cluster, text: string): NodeState {
  const printed = Map.groupBy(text.matchAll(/^(\w+)=(.*)$/gm), ([, key]) => key!)
  const values = (key: string) => (printed.get(key) ?? []).map((match) => match[2]!)
  const value = (key: string) => values(key)[0] ?? ''
  const [count, max] = value('conntrack').split(' ').map(Number)
  return {
    host: host.name,
    ...(host.role && { role: host.role }),
    level: value('level') ? Number(value('level')) : undefined,
    keepalived: atWork(value('keepalived')),
    services: Object.fromEntries(
      values('service').map((line) => {
        const [unit, said] = line.split(' ')
        return [unit!, atWork(said!)]
      }),
    ),
    silent: values('silent').map((line) => {
      const [service, address, ...why] = line.split(' ')
      return { service: service!, address: address!, why: why.join(' ') }
    }),
    onLoopback: [...new Set(values('lo'))],
    tunnel: Number(value('tunnel')) > 0,
    ...(max && { conntrack: { count: count!, max } }),
    instances: Object.fromEntries(
      (directs(host) ? cluster.instances : []).map(({ name }) => {
        const own = (key: string) =>
          values(key).flatMap((line) => (line.startsWith(`${name} `) ? line.slice(name.length + 1) : []))
        return [name, { state: own('state')[0] ?? '', holds: own('held') }]
      }),
    ),
    ...parsePools(cluster, values('pool')),
    drained: values('drained'),
    standby: value('standby') === '1',
    bootId: value('boot'),
    balanced: parseStats(cluster, values('stats')),
    errors: parseErrors(text),
  }
}
