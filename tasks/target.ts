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
  /** `vars` of the cluster and of the host; the host's win. Plain data from the inventory. */
  vars: Readonly<Record<string, unknown>>
}

/** @returns what a playbook knows of a host */
export const targetOf = ({ cluster, hosts, place }: Inventory, host: Host, facts: Facts): Target => ({
  cluster,
  host,
  hosts,
  facts,
  place,
  vars: { ...cluster.vars, ...host.vars },
})
