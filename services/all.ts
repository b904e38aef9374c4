import { flatten, tagged, tasksOf, type TaskTree } from '../engine/runner/task.ts'
import type { Cluster, Host, ServiceContent } from '../inventory/types.ts'
import type { Target } from '../tasks/target.ts'
import { dns } from './dns/dns.ts'
import { tcp, udp } from './other/other.ts'
import { type ContentOf, isServedBy, onNode, type Service, type ServiceKind } from './service.ts'
import { http, https } from './web/web.ts'

type Kinds = { readonly [Type in ServiceContent['type']]: ServiceKind<ContentOf<Type>> }

/** By the `type` of a service in the inventory. */
const kinds: Kinds = { dns, http, https, tcp, udp }

/** @returns what a cluster serves, in the order of the inventory */
export const servicesOf = ({ services }: Pick<Cluster, 'services'>): Service[] =>
  Object.entries(services).map(([name, content]) => ({
    ...{ name, clientPort: content.port },
    ...(content.balancing && { balancing: content.balancing }),
    ...(content.hosts && { hosts: content.hosts }),
    ...(content.vips && { vips: content.vips }),
    ...(kinds[content.type] as ServiceKind)(onNode(content)),
  }))

/** @returns what a host serves */
export const servicesOn = (cluster: Pick<Cluster, 'services'>, host: Host): Service[] =>
  servicesOf(cluster).filter((service) => isServedBy(service, host))

/** @returns the systemd units behind services, each once */
export const unitsOf = (services: readonly Service[]): string[] => [
  ...new Set(services.flatMap(({ unit }) => unit ?? [])),
]

/** Sets up what the cluster serves, so that a client sees which node has answered. */
export const serviceTasks = (target: Target): TaskTree =>
  tasksOf(flatten(servicesOn(target.cluster, target.host).map((service) => service.tasks(target)))).map(
    tagged('service'),
  )
