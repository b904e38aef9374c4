import type { JSONSchema } from 'json-schema-to-ts'
import { addressSchemas } from './schema-addresses.ts'
import { balancingSchema } from './schema-balancing.ts'
import { serviceSchema, servicesSchema } from './schema-services.ts'
import { vrrpSchemas } from './schema-vrrp.ts'
import { interfaceName, ipv4, seconds, secret, shortName, vars } from './values.ts'

/** keepalived.conf cuts words at blanks and quotes, and gives a meaning to the others left out here. */
export const password = {
  pattern: '^(?!.*["\'\\\\{}#!$])(?!.*~(SEQ|LST)\\()[!-~]{4,8}$',
  title:
    'text of 4 to 8 printable ASCII characters, none of them a blank, a quote, "\\", "{", "}", "#", "!" or "$", and ' +
    'without "~SEQ(" and "~LST("',
} as const

const authPass = {
  type: ['string', 'object'],
  writeOnly: true,
  pattern: password.pattern,
  title: `${password.title}; or { env: NAME }, { file: PATH } or { command: WORDS }`,
  description:
    'The VRRP password, the same on every node. It goes over the network in clear text and guards against mistakes, ' +
    'not against attackers. Keep it out of the inventory by one of the keys below. Only in VRRP version 2. ' +
    'Default: no authentication.',
  ...secret,
} as const satisfies JSONSchema

/** Seconds and parts of them; keepalived refuses more than six decimals. */
const part = {
  type: 'number',
  minimum: 0.1,
  maximum: 3600,
  format: 'thousandths',
  title: 'a number from 0.1 to 3600, in steps of 0.001',
} as const

const healthCheck = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'How quickly a broken service is noticed. With the defaults it is out of the pool in about 3 seconds, while with ' +
    'those of keepalived a DNS check needs 22 to 57.',
  properties: {
    interval: {
      ...part,
      description: 'Seconds between two checks (`delay_loop`). Default: 1, and 0.3 with `failover: quick`.',
    },
    retries: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 2,
      description:
        'In pools: retries after a failure, which all have to fail (`retry`). On the node itself: failures in a row (`fall`). ' +
        'With 1, nodes under full load are removed for nothing.',
    },
    retry_delay: {
      ...part,
      description: 'Seconds before a retry (`delay_before_retry`). Default: 1, and 0.2 with `failover: quick`.',
    },
    timeout: { ...seconds, maximum: 60, default: 2, description: 'Seconds to wait for an answer (`connect_timeout`).' },
  },
} as const satisfies JSONSchema

const table = (number: number, name: string) =>
  ({
    type: 'object',
    additionalProperties: false,
    default: {},
    description: `The table of the ${number === 20 ? 'first' : 'second'} interface.`,
    properties: {
      number: { type: 'integer', minimum: 1, maximum: 252, default: number, description: 'Its number.' },
      name: { ...shortName, default: name, description: 'Its name for people (`ip route show table NAME`).' },
    },
  }) as const satisfies JSONSchema

const routingTables = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Level 3: the routing tables of the two interfaces. The host must not use them for anything else.',
  properties: { first: table(20, 'table0'), second: table(21, 'table1') },
} as const satisfies JSONSchema

const snmp = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Monitoring through snmpd, which asks keepalived by AgentX.',
  properties: {
    enabled: { type: 'boolean', default: true, description: 'Whether snmpd is set up at all.' },
    community: {
      type: 'string',
      writeOnly: true,
      pattern: '^[A-Za-z0-9_.-]{1,32}$',
      title: 'text of at most 32 letters, digits, "_", "." and "-"',
      default: 'public',
      description: 'The read-only community. Whoever knows it may read, so choose another before you widen `source`.',
    },
    source: {
      type: 'string',
      format: 'ipv4-source',
      title: 'an IPv4 address, or a network such as 10.2.1.0/24 with host bits zero',
      default: '127.0.0.1',
      description: 'Who may ask. The default is the node alone, since SNMP version 2 has no secrets on the wire.',
    },
  },
} as const satisfies JSONSchema

/** The cluster: what is the same on all its nodes. */
export const clusterSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['vip', 'network'],
  description: 'The cluster: what is the same on all its nodes.',
  properties: {
    name: {
      type: 'string',
      pattern: '^[a-z][a-z0-9-]{0,30}$',
      title: 'a name of at most 31 lower-case letters, digits and "-" that begins with a letter',
      default: 'cluster',
      description: 'What reports call the cluster.',
    },
    ...addressSchemas,
    network: {
      type: 'string',
      format: 'ipv4-network',
      title: 'an IPv4 network with a prefix length from 8 to 29, such as 10.2.1.0/24',
      description: 'The network of the VIP and of all nodes.',
    },
    gateway: {
      ...ipv4,
      description:
        'The router of the network, whose address nobody else may have. Default: the first address of the network.',
    },
    interface: { ...interfaceName, default: 'eth0', description: 'The interface in that network on every node.' },
    virtual_router_id: {
      type: 'integer',
      minimum: 1,
      maximum: 255,
      description:
        'Tells VRRP clusters in one network apart; two with the same number disturb each other. ' +
        'Default: the last octet of the VIP.',
    },
    failover: {
      type: 'string',
      enum: ['usual', 'quick'],
      default: 'usual',
      description:
        'How soon others notice that a node has died. `quick` is for networks that lose few packets, and nodes that are not overloaded: ' +
        'fourteen adverts a second, of which five have to be missing, and `bfd` at levels 2 and 3.',
    },
    bfd: {
      type: 'object',
      additionalProperties: false,
      description:
        'Levels 2 and 3: directors watch each other by BFD (RFC 5880), and send no client to a node that does not answer it. ' +
        'Default: none, and all defaults below with `failover: quick`.',
      properties: {
        interval_ms: {
          type: 'integer',
          minimum: 10,
          maximum: 1000,
          default: 70,
          description: 'Milliseconds between two packets (`min_rx`, `min_tx`).',
        },
        multiplier: {
          type: 'integer',
          minimum: 2,
          maximum: 50,
          default: 5,
          description: 'How many packets in a row have to be missing.',
        },
      },
    },
    advert_int: {
      type: 'number',
      minimum: 0.01,
      maximum: 255,
      description:
        'Seconds between two VRRP adverts. Another node takes over after down_timer_adverts × advert_int + (256 − priority) / 256 ' +
        'seconds; in version 3 the second part is multiplied by advert_int. VRRP version 2: whole seconds from 1 to 255; version 3: ' +
        '0.01 to 40.95 in steps of 0.01. Default: 1, and 0.07 with `failover: quick`.',
    },
    down_timer_adverts: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      description:
        'How many VRRP adverts have to be missing before another node takes over. Default: 3, as RFC 5798 has it, and 5 with ' +
        '`failover: quick`, so that a network that loses some packets loses no node.',
    },
    vrrp_version: {
      type: 'integer',
      enum: [2, 3],
      description:
        'Version 3 (RFC 5798) takes over in less than a second if `advert_int` says so, but has no password. Default: 2, and 3 with ' +
        '`failover: quick`.',
    },
    auth_pass: authPass,
    auth_type: {
      type: 'string',
      enum: ['PASS', 'AH'],
      default: 'PASS',
      description:
        'How `auth_pass` is used. `AH`, the authentication header of IPsec, is for clusters that have it: no part of VRRP since ' +
        'RFC 3768, in IPv4 alone. Adverts are of protocol 51 then.',
    },
    preempt: {
      type: 'boolean',
      default: false,
      description:
        'Whether the node with the highest priority takes the VIP back when it returns. Without it the VIP stays ' +
        'where it is, as every move costs a moment. See `priority` of the hosts.',
    },
    preempt_delay: {
      type: 'integer',
      minimum: 0,
      maximum: 1000,
      default: 0,
      description: 'Seconds that it waits before. Only with `preempt: true`.',
    },
    startup_delay: {
      type: 'integer',
      minimum: 0,
      maximum: 255,
      default: 5,
      description:
        'Seconds that keepalived only listens after its start (`vrrp_startup_delay`), so that a node that boots does ' +
        'not take the VIP before it has heard the others.',
    },
    ...vrrpSchemas,
    service: serviceSchema,
    services: servicesSchema,
    health_check: healthCheck,
    balancing: balancingSchema,
    drill: {
      type: 'object',
      title: 'a map of seconds, by drill',
      default: {},
      description:
        'For how long clients may lose answers in each drill of `drill.mts`: `{ kill: 10 }`. Default: the limit of the ' +
        'drill.',
      additionalProperties: { type: 'number', minimum: 0, maximum: 3600, title: 'seconds, 0 or more' },
    },
    firewall: {
      type: 'string',
      enum: ['auto', 'firewalld', 'nftables', 'iptables', 'none'],
      default: 'auto',
      description:
        'What gets the rules of the cluster on each host. `auto`: firewalld, nftables, or iptables and ufw, whichever has loaded ' +
        'a packet filter; where none has, iptables on Debian and nftables on RHEL. `none`: rules are left to you; packets are ' +
        'tried, and what is missing is told.',
    },
    selinux: {
      type: 'string',
      enum: ['enforce', 'learn'],
      default: 'enforce',
      description:
        'How SELinux treats keepalived, on hosts that have it. `enforce`: it forbids all but what a cluster needs. `learn`: it ' +
        'forbids nothing, and writes down what it would have forbidden; the first run with `enforce` allows that too, shows it, ' +
        'and keeps it in `/etc/keepalived/keepalived_learned.cil`. For scripts of your own that it stops.',
    },
    routing: {
      type: 'string',
      enum: ['script', 'native', 'keepalived'],
      default: 'script',
      description:
        'Level 3: who puts the routes and rules of the second interface in place. `script`: a script that keepalived ' +
        'runs at its start. `native`: NetworkManager, on hosts whose interfaces it configures. `keepalived` ' +
        '(`static_routes`) is known and refused, with the reason.',
    },
    routing_tables: routingTables,
    snmp,
    vars: {
      ...vars,
      description:
        'Data for playbooks and tasks of your own, on all hosts: any keys, any values. The `vars` of a group go before ' +
        'these, and those of a host before both. Default: none.',
    },
  },
} as const satisfies JSONSchema
