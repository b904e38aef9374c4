import type { Asked } from '../engine/clients/question.ts'
import type { Protocol } from '../engine/clients/losses.ts'
import type { Cluster } from '../inventory/types.ts'
import { servicesOf } from './all.ts'
import type { HealthCheck, Service } from './service.ts'

/** An address, a protocol and a port that clients use; IPVS has a pool of real servers for it. */
export interface VirtualServer {
  /** For people and documents: `UDP`; where the cluster has several services, `dns UDP`. */
  name: string
  service: Service
  address: string
  protocol: Protocol
  port: number
  check: HealthCheck
}

/** @returns the virtual servers by which a cluster offers its services */
export function virtualServersOf(
  cluster: Pick<Cluster, 'services' | 'vip'>,
  services: readonly Service[] = servicesOf(cluster),
): VirtualServer[] {
  return services.flatMap((service) =>
    service.protocols.map((protocol) => ({
      name: services.length > 1 ? `${service.name} ${protocol}` : protocol,
      service,
      address: cluster.vip,
      protocol,
      port: service.port,
      check: service.healthCheck(protocol),
    })),
  )
}

/** @param name of a virtual server @returns how rules for it are named: `udp`, `dns-udp` */
export const ruleName = (name: string): string => name.toLowerCase().replace(' ', '-')

/** A service that clients can ask, and its virtual servers. */
export interface AskedService extends Asked {
  servers: VirtualServer[]
}

/** @returns the services of a cluster that clients can ask */
export function askedServicesOf(cluster: Pick<Cluster, 'services' | 'vip'>): AskedService[] {
  const servers = virtualServersOf(cluster)
  return servicesOf(cluster).flatMap(({ name, asking, port }) =>
    asking
      ? [
          {
            asking,
            server: { address: cluster.vip, port },
            servers: servers.filter((one) => one.service.name === name),
          },
        ]
      : [],
  )
}
