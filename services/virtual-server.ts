import type { Protocol } from '../engine/clients/losses.ts'
import type { Cluster } from '../inventory/types.ts'
import { serviceOf } from './all.ts'
import type { HealthCheck, Service } from './service.ts'

/** An address, a protocol and a port that clients use; IPVS has a pool of real servers for it. */
export interface VirtualServer {
  address: string
  protocol: Protocol
  port: number
  check: HealthCheck
}

/** @returns the virtual servers by which a cluster offers its service */
export function virtualServersOf(cluster: Cluster, service: Service = serviceOf(cluster)): VirtualServer[] {
  const { port, protocols, healthCheck } = service
  return protocols.map((protocol) => ({ address: cluster.vip, protocol, port, check: healthCheck(protocol) }))
}
