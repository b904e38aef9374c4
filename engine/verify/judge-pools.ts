import { realAddress } from '../../inventory/levels.ts'
import type { Cluster, Inventory } from '../../inventory/types.ts'
import { realServersOf, type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import { type Finding, onNode } from '../cluster/finding.ts'
import type { NodeState } from '../cluster/node-state.ts'

/** As ipvsadm calls the `lvs_method` of keepalived.conf. */
const methods = { nat: 'Masq', dr: 'Route', tun: 'Tunnel' } as const

/** Every virtual server of the cluster is there, with every node and nobody else. */
export const judgePools = (inventory: Inventory, state: NodeState, level: number): Finding[] =>
  virtualServersOf(inventory.cluster).flatMap((server) => judgePool(inventory, state, level, server))

function judgePool(
  { cluster, hosts }: Inventory,
  state: NodeState,
  level: number,
  virtualServer: VirtualServer,
): Finding[] {
  const { name: server, port, realPort } = virtualServer
  const scheduler = state.schedulers[server]
  const finding = (code: Finding['code'], text: string, about = '') =>
    onNode(state.host, code, `its ${server} pool ${text}`, `${server}${about && ` ${about}`}`)
  if (scheduler === undefined) return [finding('pool-incomplete', 'is not there')]
  const method = methods[cluster.balancing.method]
  const wanted = new Map(
    realServersOf(virtualServer, hosts).map((host) => [`${realAddress(host, level)}:${realPort}`, host]),
  )
  const entries = new Map(state.pool.filter((one) => one.server === server).map((one) => [placeOf(one), one]))
  const differs = (text: string, about: string) => finding('pool-differs', text, about)
  return [
    ...(scheduler === schedulerOf(virtualServer)
      ? []
      : [differs(`has the scheduler ${scheduler}, not ${schedulerOf(virtualServer)}`, 'scheduler')]),
    ...[...wanted].flatMap(([real, { name, weight: share }]) => {
      const entry = entries.get(real)
      const weight = state.drained.includes(name) ? 0 : share
      if (!entry) return [finding('pool-incomplete', `lacks ${name}`, name)]
      if (entry.weight < weight) {
        const why =
          entry.weight === 0 ? '0, and it is not drained: it gets no clients' : `${entry.weight}, not ${weight}`
        return [finding('pool-incomplete', `has ${name} with weight ${why}`, name)]
      }
      const drained = weight === 0 ? ', which is drained,' : ''
      return [
        ...(entry.weight === weight ? [] : [differs(`has ${name}${drained} with weight ${entry.weight}`, name)]),
        ...(entry.method === method ? [] : [differs(`passes on to ${name} by ${entry.method}, not ${method}`, name)]),
      ]
    }),
    ...[...entries.keys()]
      .filter((real) => !wanted.has(real) && real !== sorryServer(cluster, port))
      .map((real) => differs(`has ${real}, which is no node`, real)),
  ]
}

const placeOf = ({ address, port }: NodeState['pool'][number]) =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

type Shared = Pick<VirtualServer, 'scheduler' | 'flags' | 'persistence'>

/** As ipvsadm shows it: `mh (mh-fallback,mh-port) persistent 50`. */
function schedulerOf({ scheduler, flags, persistence }: Shared): string {
  const names = flags.toSorted().map((flag) => `${scheduler}-${flag}`)
  return `${scheduler}${names.length > 0 ? ` (${names})` : ''}${persistence > 0 ? ` persistent ${persistence}` : ''}`
}

/** It is in the pool while there are not enough real servers. */
const sorryServer = ({ balancing: { sorry_server: sorry } }: Cluster, port: number): string | undefined =>
  sorry && `${sorry.address}:${sorry.port ?? port}`
