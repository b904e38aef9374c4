import type { Cluster, Host } from '../../inventory/types.ts'
import type { Given } from '../os/network/network-manager.ts'

/** Puts the routes and rules of a host in place at every start of keepalived (article, level 3). */
export const routesScript = '/etc/keepalived/routes.sh'

/** A node that has a second interface. @throws Error where the inventory was not loaded for level 3 */
export function secondOf(host: Host): NonNullable<Host['second']> {
  if (!host.second) throw new Error(`${host.name} has no second interface`)
  return host.second
}

/** As `routes.sh` makes them: no one else's rule has a priority that follows from its table. */
export const priorityOf = (table: number) => 1000 + table

/**
 * @returns the way of answers from the second addresses, where the network manager of a host has it in its own file; undefined
 * where a script puts routes and rules in place
 */
export const wayOf = ({ routing, routing_tables: { second }, vip }: Cluster): Given['way'] =>
  routing === 'native' ? { via: vip, table: second.number, priority: priorityOf(second.number) } : undefined
