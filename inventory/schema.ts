import type { JSONSchema } from 'json-schema-to-ts'
import { clusterSchema } from './schema-cluster.ts'
import { hostLines } from './schema-lines.ts'
import { notify } from './schema-vrrp.ts'
import {
  hostName,
  instanceName,
  interfaceName,
  ipv4,
  ipv6,
  login,
  mailAddress,
  shortName,
  sshHost,
  vars,
} from './values.ts'

export const hostSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['address'],
  description: 'One node of the cluster; the key is its name.',
  properties: {
    address: {
      ...ipv4,
      description:
        'Its address in `cluster.network`, where VRRP, health checks and service run. A `real_server` may be elsewhere; by direct routing, in a network of the directors.',
    },
    address6: {
      ...ipv6,
      description:
        'Its IPv6 address on the same interface, where adverts of instances of IPv6 go with `cluster.unicast`. Default: none.',
    },
    addresses: {
      type: 'object',
      title: 'a map of instances',
      description:
        'With `cluster.unicast`, its addresses where adverts of instances on other interfaces go; the key is the name of the ' +
        'instance. Default: none.',
      propertyNames: instanceName,
      additionalProperties: { ...ipv4, description: 'Its address on the interface of that instance.' },
    },
    interface: { ...interfaceName, description: 'The interface that has `address`. Default: `cluster.interface`.' },
    role: {
      type: 'string',
      enum: ['director', 'real_server'],
      description:
        'Level 2, where a host is one of both alone: a `director` may hold the VIP and sends clients on, a `real_server` ' +
        'serves them. Default: it is both.',
    },
    priority: {
      type: 'integer',
      minimum: 2,
      maximum: 254,
      description:
        'VRRP priority (RFC 5798; 255 is for the owner of an address, 0 for a node that leaves; 1 is what a node has that ' +
        'hands the VIP over). Without ' +
        '`cluster.preempt` all must be equal: then a node that comes back never takes the VIP from the one that ' +
        'holds it, and priorities stay free for a graceful hand-over, which `nopreempt` of keepalived would block. ' +
        'With `cluster.preempt` all must differ: the highest takes the VIP back. ' +
        'Default: 100; with `cluster.preempt` 100, 99, 98 … in the order of the file.',
    },
    identity: {
      type: 'string',
      pattern: '^[A-Za-z0-9_.-]{1,63}$',
      title: 'text of at most 63 letters, digits, "_", "." and "-"',
      description:
        'What the node answers when it is asked who it is (`=identity=` in the health TXT record), so that a client ' +
        'sees which node served it. Unique. Default: `nameserver-N`, where N is its place in the file.',
    },
    weight: {
      type: 'integer',
      minimum: 1,
      maximum: 253,
      default: 1,
      description:
        'Levels 2 and 3: its share of clients, beside those of the others, where the scheduler heeds weights.',
    },
    notify: {
      ...notify,
      description:
        'Programs that keepalived runs on this host in place of those of `cluster.notify`, as where one gets the address of the ' +
        'other node; `{}`: none. Default: those of `cluster.notify`.',
    },
    preempt_delay: {
      type: 'integer',
      minimum: 0,
      maximum: 1000,
      description: 'Seconds that it waits before it takes the VIP back. Default: `cluster.preempt_delay`.',
    },
    keepalived: hostLines,
    email_from: {
      ...mailAddress,
      description: 'Whom mails of keepalived on this host are from. Default: `cluster.email.from`.',
    },
    second: {
      type: 'object',
      additionalProperties: false,
      required: ['address'],
      description:
        'A second interface in the same network, over which a node serves clients that reach it with their own ' +
        'address. Needed for level 3, unused below. Default: none.',
      properties: {
        address: { ...ipv4, description: 'Its address, in `cluster.network` as well.' },
        interface: { ...interfaceName, default: 'eth1', description: 'Not the interface of `address`.' },
      },
    },
    vars: { ...vars, description: 'Data for playbooks and tasks of your own, on this host. Default: none.' },
    ssh: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How SSH reaches this node; goes before the common `ssh`.',
      properties: {
        host: { ...sshHost, description: 'What you would give to `ssh`. Default: the `address` of the node.' },
        ...login,
      },
    },
  },
} as const satisfies JSONSchema

const groupSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['hosts'],
  description: 'One group; the key is its name.',
  properties: {
    hosts: {
      type: 'array',
      title: 'a list of names from `hosts`, each once',
      description: 'The hosts of the group. A host may be in several groups.',
      items: hostName,
      uniqueItems: true,
    },
    vars: {
      ...vars,
      description:
        'Data for playbooks and tasks of your own, on the hosts of this group. Where a host is in several groups, a ' +
        'later group goes before an earlier one. Default: none.',
    },
  },
} as const satisfies JSONSchema

/**
 * The inventory: one cluster, its hosts and the way to them. This is the only description of the format: the types,
 * `schema.json` for editors and `docs/inventory.md` are made from it.
 * Defaults that depend on other values are told in the descriptions and computed in `defaults.ts`.
 */
export const schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'a map with the keys cluster and hosts',
  description: 'The inventory of keepalived-playbooks: one cluster, its hosts, and the way to them.',
  type: 'object',
  additionalProperties: false,
  required: ['cluster', 'hosts'],
  properties: {
    $schema: {
      type: 'string',
      title: 'text',
      description: 'Where editors find this schema. Default: none.',
    },
    ssh: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description:
        'What is the same for all hosts about reaching them. Whatever is not said here is as your OpenSSH ' +
        'configuration has it.',
      properties: login,
    },
    cluster: clusterSchema,
    hosts: {
      type: 'object',
      title: 'a map of 2 to 253 hosts',
      description: `The nodes, by name: ${hostName.title}. Any of them may come to hold the VIP.`,
      minProperties: 2,
      maxProperties: 253,
      propertyNames: hostName,
      additionalProperties: hostSchema,
    },
    groups: {
      type: 'object',
      title: 'a map of groups',
      default: {},
      description:
        'Groups of hosts for playbooks of your own, by name: which tasks a host gets, and with which data. The ' +
        "cluster's playbooks do not heed them. Default: none.",
      propertyNames: shortName,
      additionalProperties: groupSchema,
    },
    clients: {
      type: 'object',
      title: 'a map of clients',
      default: {},
      description:
        'The hosts from which the check of the cluster asks the service, by name, one after the other: where the VIP ' +
        'can not be reached from the machine that runs the playbooks, and to see that clients behind a router are ' +
        'served as well. They need python3. Default: the machine that runs the playbooks.',
      propertyNames: hostName,
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['ssh'],
        description: 'One client; the key is its name in what the check prints.',
        properties: {
          ssh: {
            type: 'object',
            additionalProperties: false,
            required: ['host'],
            description: 'How SSH reaches it; goes before the common `ssh`.',
            properties: { host: { ...sshHost, description: 'What you would give to `ssh`.' }, ...login },
          },
        },
      },
    },
  },
} as const satisfies JSONSchema
