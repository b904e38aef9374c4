import type { Cluster, Instance } from '../../inventory/types.ts'
import type { NodeState } from './node-state.ts'

/** VRRP of a node, for one instance: its state, and the addresses that the node has. */
export const vrrpOf = ({ instances }: NodeState, { name }: Pick<Instance, 'name'>): NodeState['instances'][string] =>
  instances[name] ?? { state: '', holds: [] }

/** @returns whether a node has an address of an instance */
export const holdsOf = (state: NodeState, instance: Pick<Instance, 'name'>): boolean =>
  vrrpOf(state, instance).holds.length > 0

/** @returns whether a node has an address of any instance */
export const holdsAny = ({ instances }: NodeState): boolean =>
  Object.values(instances).some(({ holds }) => holds.length > 0)

/** What was told of a VRRP that has ended is not its state. */
export const isMaster = (state: NodeState, instance: Pick<Instance, 'name'>): boolean =>
  state.keepalived === 'active' && vrrpOf(state, instance).state === 'MASTER'

/** @returns the node that has the addresses of an instance and is its MASTER, where exactly one has them */
export function soleHolder(states: readonly NodeState[], instance: Pick<Instance, 'name'>): string | undefined {
  const [holder, ...more] = states.filter((state) => holdsOf(state, instance))
  return holder && more.length === 0 && isMaster(holder, instance) ? holder.host : undefined
}

/** @returns the sole holder of each instance, by its name; those without one are left out */
export const soleHolders = ({ instances }: Pick<Cluster, 'instances'>, states: readonly NodeState[]) =>
  Object.fromEntries(
    instances.flatMap((instance) => {
      const holder = soleHolder(states, instance)
      return holder === undefined ? [] : [[instance.name, holder]]
    }),
  ) as Record<string, string>

/** @returns an instance without a sole holder */
export const withoutHolder = (
  { instances }: Pick<Cluster, 'instances'>,
  states: readonly NodeState[],
): Instance | undefined => instances.find((instance) => soleHolder(states, instance) === undefined)

/** @returns an instance for people: its first address, which people know it by */
export const addressOf = ({ vips }: Pick<Instance, 'vips'>): string => vips[0]!.address
