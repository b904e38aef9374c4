// What tests of the cluster check share: a cluster of two nodes that are well.
import { type NodeState } from '../engine/cluster/node-state.ts'
import { loadInventory } from '../inventory/load.ts'
import type { Inventory } from '../inventory/types.ts'

export const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname)
export const { cluster, hosts } = inventory
export const [first, second] = hosts.map(({ name }) => name) as [string, string]

export const real = { port: 53, method: 'Masq', weight: 1, connections: 0 }
export const pool = hosts.flatMap(({ address }) => [
  { ...real, server: 'UDP', address },
  { ...real, server: 'TCP', address },
])
export const vrrp = (state: string, holds: boolean): NodeState['instances'] => ({
  VI_1: { state, holds: holds ? ['10.2.1.5'] : [] },
})
export const well = (host: string, change: Partial<NodeState> = {}): NodeState => ({
  host,
  level: 2,
  keepalived: 'active',
  services: { named: 'active' },
  silent: [],
  onLoopback: [],
  tunnel: false,
  instances: host === first ? vrrp('MASTER', true) : vrrp('BACKUP', false),
  pool,
  schedulers: { UDP: 'rr', TCP: 'rr' },
  drained: [],
  standby: false,
  bootId: '',
  balanced: { UDP: 0, TCP: 0 },
  errors: [],
  ...change,
})

/** The inventory with other settings of `balancing`, and hosts with weights. */
export function balancedBy(more: object, weights: readonly number[] = hosts.map(() => 1)): Inventory {
  const balancing = { ...cluster.balancing, ...more }
  return {
    ...inventory,
    cluster: { ...cluster, balancing },
    hosts: hosts.map((host, i) => ({ ...host, weight: weights[i]! })),
  }
}
