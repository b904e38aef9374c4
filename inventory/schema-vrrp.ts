import type { JSONSchema } from 'json-schema-to-ts'
import { clusterLines } from './schema-lines.ts'
import { command, dnsName, hostNames, interfaceName, ipv4, mailAddress, port, seconds, shortName } from './values.ts'

const user = {
  type: 'string',
  pattern: '^[a-z_][a-z0-9_-]{0,31}$',
  title: 'the name of a user on the nodes',
} as const

const times = { type: 'integer', minimum: 1, maximum: 100 } as const

const weight = {
  type: 'integer',
  minimum: -253,
  maximum: 253,
  description:
    'What it adds to the priority: a negative number while it fails, a positive one while it does not. 0: a node on ' +
    'which it fails is in FAULT, and has no virtual IP even if no other node is better.',
} as const satisfies JSONSchema

const check = {
  type: 'object',
  title: 'a map with one of command, process, port, url and dns',
  additionalProperties: false,
  description: 'One check; the key is its name. It has one of `command`, `process`, `port`, `url` and `dns`.',
  properties: {
    command: {
      ...command,
      description: 'A program on the node: exit code 0 is well. Put what needs a shell into a script. Default: none.',
    },
    process: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9_.+-]{0,14}$',
      title: 'the name of a program, of at most 15 characters',
      description: 'A process of this name runs (`pgrep -x`); that it works is not said by that. Default: none.',
    },
    port: {
      ...port,
      description: 'A TCP connection to this port of the node is accepted (`nc -z`). Default: none.',
    },
    url: {
      type: 'string',
      maxLength: 400,
      pattern: '^https?://[A-Za-z0-9._~:/?=&@+,-]+$',
      title: 'a URL of http or https',
      description: 'The URL is answered with a status below 400 (`curl -f`), whatever its certificate. Default: none.',
    },
    dns: {
      ...dnsName,
      description: 'A name that the name server on the node has to know (`host`). Default: none.',
    },
    user: {
      ...user,
      default: 'nobody',
      description: 'Who runs it. Whoever may write a program that root runs is root.',
    },
    interval: { ...seconds, description: 'Seconds between two runs. Default: `health_check.interval`.' },
    timeout: {
      ...seconds,
      description: 'Seconds after which it has failed. Default: one more than `health_check.timeout`.',
    },
    fall: { ...times, description: 'Failures in a row that count. Default: `health_check.retries`.' },
    rise: { ...times, default: 1, description: 'Successes in a row after which it is well again.' },
    weight: { ...weight, default: 0 },
    hosts: {
      ...hostNames,
      description:
        'The hosts on which it is made, where others have nothing to look at. Default: all that may hold the VIP.',
    },
  },
} as const satisfies JSONSchema

const trackedInterface = {
  ...interfaceName,
  type: ['string', 'object'],
  title: `${interfaceName.title}; or a map with name and weight`,
  additionalProperties: false,
  required: ['name', 'weight'],
  description: 'The name of an interface, or a map that says what it adds to the priority.',
  properties: {
    name: { ...interfaceName, description: 'Its name.' },
    weight: {
      ...weight,
      description: 'What it adds to the priority, as that of a check: a negative number while it is down.',
    },
  },
} as const satisfies JSONSchema

const seconds0 = (description: string, standard: number, maximum: number) =>
  ({ type: 'integer', minimum: 0, maximum, default: standard, description }) as const satisfies JSONSchema
const repeats = (description: string, standard: number) =>
  ({ type: 'integer', minimum: 1, maximum: 255, default: standard, description }) as const satisfies JSONSchema

const notifying = (state: string) =>
  ({ ...command, description: `A program that is run when a node ${state}. Default: none.` }) as const

/** What has to be well on a node for it to hold addresses. */
export const checks = {
  type: 'object',
  title: 'a map of checks',
  description:
    'What has to be well on a node, beside its service, for it to hold the VIP: a process, a port, a URL, a DNS name, or a program of ' +
    'yours. Default: none.',
  propertyNames: shortName,
  additionalProperties: check,
} as const satisfies JSONSchema

/** Interfaces that have to be up. */
export const trackInterfaces = {
  type: 'array',
  title: 'a list of interfaces, each once',
  description:
    'Further interfaces that have to be up on a node for it to hold the VIP; as `{ name, weight }`, one moves its priority ' +
    'instead. Default: none.',
  items: trackedInterface,
  uniqueItems: true,
} as const satisfies JSONSchema

/** Programs that are run at changes of state. */
export const notify = {
  type: 'object',
  additionalProperties: false,
  description: 'Programs on the nodes that keepalived runs when the state of VRRP changes. It does not wait for them.',
  properties: {
    master: notifying('has become MASTER'),
    backup: notifying('has become BACKUP'),
    fault: notifying('has got into FAULT'),
    stop: notifying('stops VRRP'),
    user: { ...user, default: 'root', description: 'Who runs them.' },
  },
} as const satisfies JSONSchema

/** What moves the VIP, and who is told: keys of `cluster` that are lines of a `vrrp_instance` (keepalived.conf(5)). */
const announcements = {
  delay: seconds0('Seconds after which a new MASTER tells it once more (`garp_master_delay`).', 5, 3600),
  repeat: repeats('How often it tells it each time (`garp_master_repeat`).', 5),
  refresh: seconds0(
    'Seconds after which a MASTER tells it again and again; 0 for never (`garp_master_refresh`).',
    0,
    86_400,
  ),
  refresh_repeat: repeats('How often it tells it then (`garp_master_refresh_repeat`).', 1),
} as const satisfies Record<string, JSONSchema>

/** Of one instance. */
export const instanceGarp = {
  type: 'object',
  additionalProperties: false,
  properties: announcements,
} as const satisfies JSONSchema

export const vrrpSchemas = {
  unicast: {
    type: 'boolean',
    default: false,
    description:
      'Whether adverts go to each node by itself (`unicast_peer`), for networks without multicast, as those of clouds. ' +
      'Connection sync of level 3 needs multicast.',
  },
  vmac: {
    type: 'boolean',
    default: false,
    description:
      'Whether the VIP has the virtual MAC of VRRP (`use_vmac`), the same on every node, for neighbours that do not take the ' +
      'MAC of a new MASTER. At level 1; the VIP is on an interface `vrrp.N` then, where N is the `virtual_router_id`.',
  },
  checks: { ...checks, default: {} },
  track_interfaces: { ...trackInterfaces, default: [] },
  notify: { ...notify, default: {} },
  garp: {
    type: 'object',
    additionalProperties: false,
    default: {},
    description: 'Gratuitous ARP, by which a new MASTER tells the network where the VIP is now.',
    properties: {
      ...announcements,
      interval_ms: {
        type: 'integer',
        minimum: 0,
        maximum: 60000,
        default: 0,
        description:
          'Milliseconds between two such packets by an interface, for switches that drop them (`vrrp_garp_interval`).',
      },
    },
  },
  email: {
    type: 'object',
    additionalProperties: false,
    required: ['to', 'from', 'server'],
    description:
      'keepalived itself sends a mail when the state of VRRP or of a real server changes. Default: it sends none.',
    properties: {
      to: {
        type: 'array',
        title: 'a list of e-mail addresses, at least one',
        minItems: 1,
        items: mailAddress,
        description: 'Who gets it.',
      },
      from: { ...mailAddress, description: 'Whom it is from, unless a host says it with `email_from`.' },
      server: {
        type: 'string',
        format: 'server',
        title: 'an IPv4 address or a host name',
        description: 'The SMTP server that takes it without a password. A name is looked up when keepalived starts.',
      },
      port: { ...port, default: 25, description: 'The port of that server.' },
      timeout: { ...seconds, default: 30, description: 'Seconds to wait for that server.' },
    },
  },
  keepalived: clusterLines,
  mcast_group: {
    ...ipv4,
    default: '224.0.0.18',
    description:
      'The multicast group of the adverts (`vrrp_mcast_group4`), for clusters whose neighbours have the same ' +
      '`virtual_router_id`. Those of IPv6 have their own.',
  },
  mcast_src_ip: {
    type: 'boolean',
    default: false,
    description:
      'Whether adverts come from the `address` of the node even where its interface has another address first ' +
      '(`mcast_src_ip`).',
  },
} as const satisfies Record<string, JSONSchema>
