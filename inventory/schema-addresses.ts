import type { JSONSchema } from 'json-schema-to-ts'
import { instanceLines } from './schema-lines.ts'
import { checks, instanceGarp, notify, trackInterfaces } from './schema-vrrp.ts'
import { hostName, instanceName, interfaceName, ipv4 } from './values.ts'

const ip = { format: 'ip', title: 'an IPv4 or IPv6 address' } as const

const prefix = {
  type: 'integer',
  minimum: 1,
  maximum: 128,
  description:
    'The length of its network prefix, where programs ask for it. Default: 32, and 128 for IPv6: no route comes with it.',
} as const satisfies JSONSchema

const label = {
  type: 'string',
  pattern: '^[A-Za-z0-9_.:-]{1,15}$',
  title: 'a label of at most 15 letters, digits, "_", ".", ":" and "-"',
  description: 'What `ip address` calls it, such as `eth0:vip`. Default: none.',
} as const satisfies JSONSchema

/** An address that a VRRP instance moves beside its first one. */
const furtherVip = {
  ...ip,
  type: ['string', 'object'],
  title: `${ip.title}; or a map with address`,
  additionalProperties: false,
  required: ['address'],
  description: 'An address, or a map that says more of it.',
  properties: {
    address: { type: 'string', ...ip, description: 'The address.' },
    prefix,
    interface: { ...interfaceName, description: 'The interface that gets it. Default: that of the instance.' },
    label,
    excluded: {
      type: 'boolean',
      default: false,
      description:
        'Whether adverts leave it out (`virtual_ipaddress_excluded`): for more addresses than an advert holds, which is ' +
        '20. Those of the other family are always left out.',
    },
  },
} as const satisfies JSONSchema

const vips = {
  vip: { ...ipv4, description: 'The virtual IP: the address that clients use, on one node at a time.' },
  vip_prefix: prefix,
  vip_label: label,
  vip_interface: {
    ...interfaceName,
    description:
      'The interface that gets `vip`, where adverts go over another one, at levels 1 and 2. With it, `vip` may be of another ' +
      'network than the nodes. Default: the interface of the adverts.',
  },
  more_vips: {
    type: 'array',
    title: 'a list of addresses',
    default: [],
    maxItems: 200,
    items: furtherVip,
    description:
      'Further addresses that move with `vip`, of IPv4 or IPv6, at levels 1 and 2. Those of IPv4 in `cluster.network` are ' +
      'virtual servers as `vip` is; others are only moved. Default: none.',
  },
  prefer: {
    ...hostName,
    description:
      'The host that has `vip` whenever it can: it takes it back when it returns, which costs a moment. Two groups that ' +
      'prefer different hosts let both work without balancing. Default: the VIP stays where it is.',
  },
} as const satisfies Record<string, JSONSchema>

/** The addresses of the cluster: keys of `cluster`. */
export const addressSchemas = {
  ...vips,
  instance: {
    ...instanceName,
    default: 'VI_1',
    description:
      'What keepalived calls the VRRP instance of `vip`. Another name than that of a cluster made by hand costs a moment when ' +
      'it is taken over.',
  },
  instances: {
    type: 'object',
    title: 'a map of instances',
    default: {},
    maxProperties: 32,
    description:
      'Further VRRP instances, each with addresses that move by themselves, at levels 1 and 2; the key is their name. ' +
      'Default: none.',
    propertyNames: instanceName,
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      required: ['vip'],
      description: 'One instance; the key is its name.',
      properties: {
        ...vips,
        vip: { type: 'string', ...ip, description: 'Its first address. One of another network is only moved.' },
        virtual_router_id: {
          type: 'integer',
          minimum: 1,
          maximum: 255,
          description: 'As that of the cluster. Default: the last octet of its `vip`; for IPv6 there is none.',
        },
        interface: {
          ...interfaceName,
          description: 'Its interface on every node. Default: that of the host.',
        },
        advert_int: {
          type: 'number',
          minimum: 0.01,
          maximum: 255,
          description:
            'Seconds between two of its adverts, in place of `cluster.advert_int`; for IPv6 as in version 3. Default: that.',
        },
        checks: {
          ...checks,
          description:
            'Checks in place of those of `cluster.checks`; `{}`: none. One of the same name has to say the same. Default: those ' +
            'of `cluster.checks`.',
        },
        track_interfaces: {
          ...trackInterfaces,
          description:
            'Interfaces in place of those of `cluster.track_interfaces`; `[]`: none. Default: those of ' +
            '`cluster.track_interfaces`.',
        },
        notify: {
          ...notify,
          description:
            'Programs in place of those of `cluster.notify`; `{}`: none. Default: those of `cluster.notify`.',
        },
        garp: { ...instanceGarp, description: 'In place of `cluster.garp`. Default: that.' },
        keepalived: instanceLines,
      },
    },
  },
  sync: {
    type: 'boolean',
    default: false,
    description:
      'Whether all instances move together (`vrrp_sync_group`), as the two sides of a pair of routers have to; `prefer` of ' +
      'the cluster is that of all.',
  },
} as const satisfies Record<string, JSONSchema>
