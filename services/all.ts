import { flatten, tagged, tasksOf, type TaskTree } from '../engine/runner/task.ts'
import { serves } from '../inventory/roles.ts'
import type { Cluster, ServiceContent } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'
import { dns } from './dns/dns.ts'
import { tcp, udp } from './other/other.ts'
import { type ContentOf, onNode, type Service, type ServiceKind } from './service.ts'
import { http, https } from './web/web.ts'

type Kinds = { readonly [Type in ServiceContent['type']]: ServiceKind<ContentOf<Type>> }

/** By the `type` of a service in the inventory. */
const kinds: Kinds = { dns, http, https, tcp, udp }

/** @returns what a cluster serves, in the order of the inventory */
export const servicesOf = ({ services }: Pick<Cluster, 'services'>): Service[] =>
  Object.entries(services).map(([name, content]) => ({
    ...{ name, clientPort: content.port, ...(content.balancing && { balancing: content.balancing }) },
    ...(kinds[content.type] as ServiceKind)(onNode(content)),
  }))

/** @returns the systemd units behind services, each once */
export const unitsOf = (services: readonly Service[]): string[] => [
  ...new Set(services.flatMap(({ unit }) => unit ?? [])),
]

/** Sets up what the cluster serves, so that a client sees which node has answered. */
export const serviceTasks = (target: Target): TaskTree =>
  serves(target.host)
    ? tasksOf(flatten(servicesOf(target.cluster).map((service) => service.tasks(target)))).map(tagged('service'))
    : []
