import type { TaskTree } from '../engine/runner/task.ts'
import type { Cluster } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'
import { dns } from './dns/dns.ts'
import type { Service, ServiceKind } from './service.ts'

/** By `service.type` of the inventory. */
const kinds: Readonly<Record<Cluster['service']['type'], ServiceKind>> = { dns }

/** @returns what a cluster serves */
export const serviceOf = (cluster: Cluster): Service => kinds[cluster.service.type](cluster)

/** Sets up what the cluster serves, so that a client sees which node has answered. */
export const serviceTasks = (target: Target): TaskTree => serviceOf(target.cluster).tasks(target)
