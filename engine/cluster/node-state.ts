import type { FromSchema } from 'json-schema-to-ts'
import type { nodeStateSchema } from '../../documents/parts/node.ts'
import type { Protocol } from '../clients/losses.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Transport } from '../transport/transport.ts'
import { journalScript, parseJournal } from './journal.ts'
import { serviceOf } from '../../services/all.ts'
import { type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import { drainFolder, standbyFile } from '../../tasks/cluster/keepalived.ts'

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
 * A read-only script that shows the state of a node.
 * @param since seconds since 1970 by the node's own clock, or undefined to leave its journal out
 */
export const nodeStateScript = (cluster: Cluster, since?: number): Script => {
  const { unit } = serviceOf(cluster)
  return sh`
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
echo "vip=$(ip -o -4 address show to ${`${cluster.vip}/32`} | head -n 1)"
echo "keepalived=$(systemctl is-active keepalived)"
echo "service=$(systemctl is-active ${unit})"
echo "level=$(${printLevel})"
grep -sHx 1 ${drainFolder}/* | sed 's|.*/\([^/]*\):1$|drained=\1|'
echo "standby=$(cat ${standbyFile} 2>/dev/null)"
echo "boot=$(cat /proc/sys/kernel/random/boot_id)"
echo "state=$(tail -n 1 /run/keepalived.INSTANCE.VI_1.state 2>/dev/null)"
ipvsadm -Ln 2>/dev/null | sed 's/^/pool=/'
ipvsadm -Ln --stats --exact 2>/dev/null | sed 's/^/stats=/'
${since ? journalScript(['keepalived', unit, 'snmpd'], since) : sh`true`}`
}

/** Reads the state of a node once. @param timeout in seconds */
export async function readNodeState(
  { host, transport, since }: NodeHandle,
  cluster: Cluster,
  timeout: number,
): Promise<NodeState> {
  const { stdout } = await transport.run(nodeStateScript(cluster, since).text, { timeout })
  return parseNodeState(host, cluster, stdout.toString('utf8'))
}

/** Reads what `nodeStateScript` printed on a host. */
export function parseNodeState(host: Host, cluster: Cluster, text: string): NodeState {
  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
  const value = (key: string) => values(key)[0] ?? ''
  return {
    host: host.name,
    level: value('level') ? Number(value('level')) : undefined,
    holdsVip: value('vip') !== '',
    keepalived: value('keepalived'),
    service: value('service'),
    vrrpState: value('state').split(' ')[4] ?? '',
    pool: parsePool(cluster, values('pool')),
    drained: values('drained'),
    standby: value('standby') === '1',
    bootId: value('boot'),
    balanced: parseStats(cluster, values('stats')),
    errors: parseJournal(text),
  }
}

/** @returns the cluster's virtual server that a row of ipvsadm is about. @param words of the row: `UDP 10.2.1.5:53 rr` */
const virtualServer = (cluster: Cluster, [protocol, address]: readonly string[]): VirtualServer | undefined =>
  virtualServersOf(cluster).find((one) => one.protocol === protocol && `${one.address}:${one.port}` === address)

// ipvsadm -Ln: `UDP  10.2.1.5:53 rr`, then `  -> 10.2.1.2:53   Masq    1      0          0` for each real server.
function parsePool(cluster: Cluster, rows: readonly string[]): NodeState['pool'] {
  const entries: NodeState['pool'] = []
  let protocol: Protocol | undefined
  for (const row of rows) {
    const words = row.trim().split(/\s+/)
    const server = virtualServer(cluster, words)
    if (server) {
      protocol = server.protocol
    } else if (words[0] === 'UDP' || words[0] === 'TCP') {
      protocol = undefined
    } else if (words[0] === '->' && protocol) {
      entries.push({
        protocol,
        address: words[1]!.split(':')[0]!,
        weight: Number(words[3]),
        connections: Number(words[4]) + Number(words[5]),
      })
    }
  }
  return entries
}

// ipvsadm -Ln --stats --exact: `UDP  10.2.1.5:53   12   12 …`.
function parseStats(cluster: Cluster, rows: readonly string[]): NodeState['balanced'] {
  const balanced = { UDP: 0, TCP: 0 }
  for (const row of rows) {
    const words = row.trim().split(/\s+/)
    const server = virtualServer(cluster, words)
    if (server) balanced[server.protocol] = Number.parseInt(words[2]!, 10)
  }
  return balanced
}
