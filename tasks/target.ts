import type { Cluster, Host, Inventory } from '../inventory/types.ts'
import type { Facts } from '../engine/runner/facts.ts'

/** What a playbook knows when it lists the tasks of a host. */
export interface Target {
  cluster: Cluster
  /** The host that the tasks are for. */
  host: Host
  /** All hosts of the cluster, in the order of the inventory. */
  hosts: readonly Host[]
  facts: Facts
  /** As `Inventory.place`. */
  place: Inventory['place']
  /** The names of the host's groups, in the order of the inventory. */
  groups: readonly string[]
  /** `vars` of the cluster, of the host's groups and of the host; the later win. Plain data from the inventory. */
  vars: Readonly<Record<string, unknown>>
  /** What others have set up and the cluster replaces may go (`--take-over`). */
  takeOver: boolean
}

/** @returns what a playbook knows of a host */
export function targetOf(
  { cluster, hosts, groups, place }: Inventory,
  host: Host,
  facts: Facts,
  takeOver = false,
): Target {
  const own = groups.filter((group) => group.hosts.includes(host.name))
  return {
    cluster,
    host,
    hosts,
    facts,
    place,
    groups: own.map(({ name }) => name),
    vars: [cluster, ...own, host].reduce((earlier, { vars }) => ({ ...earlier, ...vars }), {}),
    takeOver,
  }
}
