import type { JSONSchema } from 'json-schema-to-ts'
import { inventoryName, texts } from './common.ts'

export const protocolSchema = {
  type: 'string',
  enum: ['UDP', 'TCP'],
  description: 'How questions are sent.',
} as const satisfies JSONSchema

/** What a virtual server is called. */
export const serverName = {
  type: 'string',
  description: 'The virtual server: `UDP`; where the cluster has several services, `dns UDP`.',
} as const satisfies JSONSchema

export const nodeStateSchema = {
  title: 'Node state',
  type: 'object',
  additionalProperties: false,
  required: [
    'host',
    'keepalived',
    'services',
    'silent',
    'instances',
    'onLoopback',
    'tunnel',
    'pool',
    'schedulers',
    'drained',
    'standby',
    'balanced',
    'bootId',
    'errors',
  ],
  description: 'State of a node at one moment.',
  properties: {
    host: inventoryName,
    role: {
      type: 'string',
      enum: ['director', 'real_server'],
      description: 'What it is of the two alone, as the inventory has it.',
    },
    level: {
      type: 'integer',
      description: 'The level that its keepalived.conf is for; missing where no playbook wrote it.',
    },
    keepalived: { type: 'string', description: '`systemctl is-active keepalived`; empty for a real server alone.' },
    services: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: '`systemctl is-active` of each unit behind the virtual IP.',
    },
    silent: {
      type: 'array',
      description: 'Addresses of the node on which a service did not answer.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['service', 'address', 'why'],
        properties: {
          service: { type: 'string', description: 'The service.' },
          address: { type: 'string', description: 'The address.' },
          why: { type: 'string', description: 'What was said instead.' },
        },
      },
    },
    instances: {
      type: 'object',
      description: 'The VRRP instances, by name; `VI_1` is that of `cluster.vip`.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['state', 'holds'],
        properties: {
          state: {
            type: 'string',
            description: 'What VRRP is in: `MASTER`, `BACKUP`, `FAULT`; empty where that is not known.',
          },
          holds: { ...texts, description: 'Those of its addresses that are on an interface of the node.' },
        },
      },
    },
    onLoopback: {
      ...texts,
      description: 'The virtual IPs that are on `lo`, so that clients whom a director sends on are answered directly.',
    },
    tunnel: {
      type: 'boolean',
      description: 'With `method: tun`: whether `tunl0` is up with an address, so that IP in IP is unpacked.',
    },
    conntrack: {
      type: 'object',
      additionalProperties: false,
      required: ['count', 'max'],
      description: 'The table of connections of the kernel; missing where it tracks none.',
      properties: {
        count: { type: 'integer', description: 'Entries in it.' },
        max: { type: 'integer', description: 'Entries that it has room for.' },
      },
    },
    pool: {
      type: 'array',
      description: 'Real servers in IPVS, an entry for each and virtual server.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['server', 'address', 'port', 'method', 'weight', 'connections'],
        properties: {
          server: serverName,
          address: { type: 'string', description: 'The address of the real server.' },
          port: { type: 'integer', description: 'Its port.' },
          method: {
            type: 'string',
            description: "How clients are passed on to it, in ipvsadm's word: `Masq`, `Route`, `Tunnel`.",
          },
          weight: { type: 'integer', description: '0 where the real server is drained.' },
          connections: { type: 'integer', description: 'Connections that IPVS remembers, open or not.' },
        },
      },
    },
    schedulers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'The scheduler of each virtual server that is there, with its options: `rr`, `sh (sh-port)`.',
    },
    drained: { ...texts, description: 'The nodes that this one takes for drained.' },
    standby: { type: 'boolean', description: 'Whether another node is to hold the virtual IP.' },
    balanced: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'Connections that IPVS has balanced since its start, by virtual server.',
    },
    bootId: { type: 'string', description: 'Another one after each boot.' },
    errors: {
      ...texts,
      description: 'Errors in the journal of keepalived and the services around it since the run began.',
    },
  },
} as const satisfies JSONSchema

export const nodeStatusSchema = {
  title: 'Node',
  type: 'object',
  additionalProperties: false,
  required: ['host', 'removals', 'pending'],
  description: 'Status of a node for people.',
  properties: {
    host: inventoryName,
    unreachable: { type: 'string', description: "Why it can't be reached; then nothing else is known." },
    state: nodeStateSchema,
    version: { type: 'string', description: 'The version of keepalived.' },
    uptime: { type: 'integer', description: 'Seconds since its boot.' },
    reboot: { type: 'string', description: 'Why it asks for a reboot.' },
    transition: {
      type: 'object',
      additionalProperties: false,
      required: ['state', 'at'],
      description: "The latest change of VRRP's state.",
      properties: {
        instance: { type: 'string', description: 'The VRRP instance, where the cluster has several.' },
        state: { type: 'string', description: 'The new state: `MASTER`, `BACKUP`, `FAULT`.' },
        at: { type: 'integer', description: 'Seconds since 1970, by the clock of the node.' },
        cause: {
          type: 'string',
          description: 'What keepalived logged just before; missing where that says nothing of the cause.',
        },
      },
    },
    removals: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description: 'How often each real server left a pool lately, by address and virtual server: `10.2.1.2 UDP`.',
    },
    pending: {
      ...texts,
      description: 'The tasks that have something to change, or why that is not known.',
    },
  },
} as const satisfies JSONSchema
