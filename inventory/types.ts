import type { FromSchema } from 'json-schema-to-ts'
import type { schema } from './schema.ts'
import type { Path } from './source.ts'

/** An inventory as in its file, with the defaults that do not depend on other values. */
export type Content = FromSchema<typeof schema>
type HostContent = Content['hosts'][string]

/** What is known of the way to a host; OpenSSH's configuration says the rest. Paths are absolute. */
export type SshTarget = Omit<NonNullable<Content['clients']>[string]['ssh'], 'password' | 'become_password'> & {
  password?: string
  become_password?: string
}

/** An address that moves between nodes. */
export interface Vip {
  address: string
  prefix: number
  interface?: string
  label?: string
  /** Whether adverts leave it out. */
  excluded: boolean
}

/** Addresses that move together (keepalived.conf(5), `vrrp_instance`). */
export interface Instance {
  /** As keepalived has it. */
  name: string
  /** At least one. */
  vips: Vip[]
  virtual_router_id: number
  /** Without it, that of each host. */
  interface?: string
  /** The host that has the addresses whenever it can. */
  prefer?: string
  /** Without one of these, that of the cluster. */
  checks?: Content['cluster']['checks']
  track_interfaces?: Content['cluster']['track_interfaces']
  notify?: Content['cluster']['notify']
  garp?: Omit<Content['cluster']['garp'], 'interval_ms'>
  advert_int?: number
  keepalived?: string[]
}

/** What the inventory says of one service. */
export type ServiceContent = NonNullable<Content['cluster']['services']>[string]

/** The cluster with every default filled in, and its password read from where it is kept. */
export type Cluster = Omit<
  Content['cluster'],
  | 'auth_pass'
  | 'health_check'
  | 'service'
  | 'services'
  | 'vip_prefix'
  | 'vip_label'
  | 'vip_interface'
  | 'more_vips'
  | 'prefer'
  | 'instance'
  | 'instances'
> &
  Required<
    Pick<Content['cluster'], 'gateway' | 'virtual_router_id' | 'vrrp_version' | 'advert_int' | 'down_timer_adverts'>
  > & {
    auth_pass?: string
    health_check: Required<Content['cluster']['health_check']>
    /** That of `vip` first. */
    instances: Instance[]
    /** By name, which is the type where the inventory has `service`; none for an address alone. */
    services: Record<string, ServiceContent>
  }

/** A node with every default filled in. */
export type Host = Omit<HostContent, 'ssh'> &
  Required<Pick<HostContent, 'interface' | 'priority' | 'identity'>> & { name: string; ssh: SshTarget }

/** Hosts that playbooks of users treat alike. */
export interface Group {
  name: string
  /** Names of hosts. */
  hosts: readonly string[]
  vars?: Host['vars']
}

/** A valid inventory. */
export interface Inventory {
  /** The file, as named by the caller. */
  file: string
  cluster: Cluster
  /** In the order of the file. */
  hosts: Host[]
  /** In the order of the file. */
  groups: Group[]
  clients: { name: string; ssh: SshTarget }[]
  /** What the file says without a meaning here, a line each. */
  notes: readonly string[]
  /** @returns where a value stands, as errors begin: `my.yaml:12:8 hosts.ns1.address`; the nearest key above a default */
  place(path: Path): string
}
