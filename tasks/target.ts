import type { Cluster, Host } from '../inventory/types.ts'
import type { Facts } from '../engine/runner/facts.ts'

/** What a playbook knows when it lists the tasks of a host. */
export interface Target {
  cluster: Cluster
  /** The host that the tasks are for. */
  host: Host
  /** All hosts of the cluster, in the order of the inventory. */
  hosts: readonly Host[]
  facts: Facts
}
