import type { TaskTree } from '../engine/runner/task.ts'
import type { Cluster } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'
import { dns } from './dns/dns.ts'
import type { Service, ServiceContent, ServiceKind } from './service.ts'
import { http, https } from './web/web.ts'

type Kinds = { readonly [Type in Cluster['service']['type']]: ServiceKind<ServiceContent<Type>> }

/** By `service.type` of the inventory. */
const kinds: Kinds = { dns, http, https }

/** @returns what a cluster serves */
export const serviceOf = ({ service }: Cluster): Service => (kinds[service.type] as ServiceKind)(service)

/** Sets up what the cluster serves, so that a client sees which node has answered. */
export const serviceTasks = (target: Target): TaskTree => serviceOf(target.cluster).tasks(target)
