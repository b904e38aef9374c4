import type { Cluster, Host, Inventory } from '../inventory/types.ts'
import type { Facts } from '../engine/runner/facts.ts'
import { osOf } from './os/os.ts'

/** What a playbook knows when it lists the tasks of a host. */
export interface Target {
  cluster: Cluster
  /** The host that the tasks are for. */
  host: Host
  /** All hosts of the cluster, in the order of the inventory. */
  hosts: readonly Host[]
  facts: Facts
  /** `vars` of the cluster and of the host; the host's win. Plain data from the inventory. */
  vars: Readonly<Record<string, unknown>>
}

/**
 * @returns what a playbook knows of a host
 * @throws UserError for a host of an unknown operating system, before any task is listed
 */
export function targetOf({ cluster, hosts }: Inventory, host: Host, facts: Facts): Target {
  osOf(facts)
  return { cluster, host, hosts, facts, vars: { ...cluster.vars, ...host.vars } }
}
