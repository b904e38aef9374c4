import type { Asked } from '../engine/clients/question.ts'
import type { Protocol } from '../engine/clients/losses.ts'
import { parseNetwork, servesAt } from '../inventory/network.ts'
import type { Cluster, Host, Instance } from '../inventory/types.ts'
import { servicesOf } from './all.ts'
import { type HealthCheck, isServedBy, type Service } from './service.ts'

/** An address at which clients are served. */
interface ServedAddress {
  instance: Instance
  address: string
  /** Its interface; without it, that of each host. */
  interface: string | undefined
  /** Whether it is of another network than the nodes. */
  isElsewhere: boolean
}

/** An address, a protocol and a port that clients use; IPVS has a pool of real servers for it. */
export interface VirtualServer extends ServedAddress {
  /** For people and documents: `UDP`; where the cluster has several services, `dns UDP`. */
  name: string
  service: Service
  protocol: Protocol
  port: number
  /** Where real servers listen. */
  realPort: number
  check: HealthCheck
  /** The IPVS scheduler, and its flags. */
  scheduler: Balancing['scheduler']
  flags: Balancing['flags']
  /** Seconds for which a client stays with its real server. */
  persistence: number
}

type Balancing = Cluster['balancing']

/** @returns the virtual servers by which a cluster offers its services */
export function virtualServersOf(cluster: Served, services: readonly Service[] = servicesOf(cluster)): VirtualServer[] {
  const addresses = servedAddressesOf(cluster)
  return addresses.flatMap((served) =>
    services.filter(isAskedAt(served.address)).flatMap((service) =>
      service.protocols.map((protocol) => ({
        ...served,
        name: [
          ...(services.length > 1 ? [service.name] : []),
          protocol,
          ...(addresses.length > 1 ? [served.address] : []),
        ].join(' '),
        service,
        protocol,
        port: service.clientPort,
        realPort: service.port,
        check: service.healthCheck(protocol),
        ...sharing(cluster.balancing, service),
      })),
    ),
  )
}

/** @returns whether clients ask for a service at a virtual IP */
export const isAskedAt =
  (address: string) =>
  ({ vips }: Pick<Service, 'vips'>): boolean =>
    vips === undefined || vips.includes(address)

/** @returns the hosts to which clients of a virtual server are sent */
export const realServersOf = ({ service }: Pick<VirtualServer, 'service'>, hosts: readonly Host[]): Host[] =>
  hosts.filter((host) => isServedBy(service, host))

/** @returns the virtual servers whose clients are sent to a host */
export const virtualServersOn = (cluster: Served, host: Host): VirtualServer[] =>
  virtualServersOf(cluster).filter(({ service }) => isServedBy(service, host))

/** How clients of a service are shared out. Flags belong to a scheduler. */
const sharing = ({ scheduler, flags, persistence }: Balancing, { balancing: own = {} }: Service) => ({
  scheduler: own.scheduler ?? scheduler,
  flags: own.flags ?? (own.scheduler ? [] : flags),
  persistence: own.persistence ?? persistence,
})

/** What virtual servers hang on. */
type Served = Pick<Cluster, 'services' | 'instances' | 'network' | 'balancing'>

/** @returns all addresses that move */
export const movedAddressesOf = ({ instances }: Pick<Cluster, 'instances'>): string[] =>
  instances.flatMap(({ vips }) => vips.map(({ address }) => address))

/** @returns the addresses at which clients are served: `vip`, and others of IPv4 in the network of the nodes */
export function servedAddressesOf({ instances, network }: Omit<Served, 'services' | 'balancing'>): ServedAddress[] {
  const { has } = parseNetwork(network)
  const isServed = servesAt(network)
  return instances
    .flatMap((instance) => instance.vips.map((vip) => ({ instance, vip })))
    .filter(({ vip }, place) => isServed(vip.address, place))
    .map(({ instance, vip: { address, interface: own } }) => ({
      ...{ instance, address },
      interface: own ?? instance.interface,
      isElsewhere: !has(address),
    }))
}

/** @param name of a virtual server @returns how rules for it are named: `udp`, `dns-udp` */
export const ruleName = (name: string): string => name.toLowerCase().replaceAll(' ', '-')

/** A service that clients can ask, and its virtual servers. */
export interface AskedService extends Asked {
  servers: VirtualServer[]
}

/** @returns the services of a cluster that clients can ask */
export function askedServicesOf(cluster: Served): AskedService[] {
  const servers = virtualServersOf(cluster)
  return servedAddressesOf(cluster).flatMap(({ address }) => asked(cluster, address, servers))
}

function asked(cluster: Pick<Cluster, 'services'>, address: string, servers: readonly VirtualServer[]): AskedService[] {
  return servicesOf(cluster).flatMap(({ name, asking, clientPort: port, vips }) =>
    asking && isAskedAt(address)({ vips })
      ? [
          {
            asking,
            server: { address, port },
            servers: servers.filter((one) => one.address === address && one.service.name === name),
          },
        ]
      : [],
  )
}
