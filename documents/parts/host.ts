import type { JSONSchema } from 'json-schema-to-ts'
import { inventoryName, texts } from './common.ts'

export const factsSchema = {
  title: 'Facts',
  type: 'object',
  additionalProperties: false,
  required: [
    'ids',
    'os',
    'release',
    'keepalived',
    'hostname',
    'kernel',
    'bootId',
    'machineId',
    'now',
    'init',
    'selinux',
    'firewalls',
    'interfaces',
  ],
  description: 'What is true of a host before any task.',
  properties: {
    ids: {
      ...texts,
      description: 'ID and ID_LIKE of os-release(5): the distribution, and those that it is like, the closest first.',
    },
    os: { type: 'string', description: 'As people say it: `Debian GNU/Linux 12 (bookworm)`.' },
    release: { type: 'string', description: 'VERSION_ID of os-release(5): `12`, `9.4`.' },
    keepalived: { type: 'string', description: 'The version of keepalived: `2.2.7`; empty where it is not installed.' },
    hostname: { type: 'string', description: 'Its own name.' },
    kernel: { type: 'string', description: 'The release of the kernel.' },
    bootId: { type: 'string', description: 'Another one after each boot.' },
    machineId: { type: 'string', description: '/etc/machine-id: the same on clones that nobody has told apart.' },
    now: {
      type: 'integer',
      description: 'The clock of the host, in seconds since 1970: the journal is read from this time on.',
    },
    init: { type: 'string', description: 'The program of process 1: `systemd`.' },
    selinux: {
      type: 'string',
      enum: ['enforcing', 'permissive', 'disabled', 'absent'],
      description: 'The mode of SELinux.',
    },
    firewalls: {
      type: 'array',
      items: { type: 'string', enum: ['firewalld', 'nftables', 'iptables', 'ufw'] },
      description: 'Services that have loaded packet filters.',
    },
    interfaces: {
      type: 'object',
      description: 'Configured interfaces, by name.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['manager', 'file'],
        properties: {
          manager: { type: 'string', description: 'Who configures it: `networkd`, `ifupdown`, `NetworkManager`.' },
          file: { type: 'string', description: 'The file that configures it.' },
        },
      },
    },
  },
} as const satisfies JSONSchema

export const changeSchema = {
  title: 'Change',
  type: 'object',
  additionalProperties: false,
  required: ['task', 'before', 'after'],
  description: 'A change of a host. Secrets are replaced by asterisks.',
  properties: {
    task: { type: 'string', description: 'The name of the task.' },
    before: { type: 'string', description: 'The state that was found.' },
    after: { type: 'string', description: 'The state that the task wants.' },
    remark: { type: 'string', description: 'What people should know beside the difference.' },
    seconds: { type: 'number', description: 'The time that it took; not in check mode.' },
  },
} as const satisfies JSONSchema

export const hostSchema = {
  title: 'Host',
  type: 'object',
  additionalProperties: false,
  required: ['host', 'status', 'tasks', 'changes', 'notTried', 'executions', 'seconds'],
  description: 'How a host ended.',
  properties: {
    host: inventoryName,
    status: {
      type: 'string',
      enum: ['ok', 'changed', 'would change', 'failed', 'unreachable'],
      description: 'How it ended; `would change` in check mode alone.',
    },
    tasks: { type: 'integer', description: 'How many tasks the playbook has for this host.' },
    changes: {
      type: 'array',
      items: changeSchema,
      description: 'Made by this run, in order; in check mode, what a run would make.',
    },
    failure: {
      type: 'object',
      additionalProperties: false,
      required: ['reason'],
      description: 'Why the host failed or was unreachable.',
      properties: {
        task: { type: 'string', description: 'The task that failed.' },
        reason: { type: 'string', description: 'For people.' },
      },
    },
    notes: {
      ...texts,
      description: 'What became of earlier runs that were not confirmed, and what could not be found out, for people.',
    },
    notTried: {
      ...texts,
      description: 'Tasks that were planned, but not reached because of the failure.',
    },
    leftOut: {
      ...texts,
      description:
        'Tasks that have something to change, which this run was told not to do: `--start-at`, `--tags`, `--skip-tags`, `--step`.',
    },
    facts: factsSchema,
    executions: {
      type: 'integer',
      description: 'The number of remote executions; the connection itself is one more round.',
    },
    seconds: { type: 'number', description: 'The time that the host took.' },
  },
} as const satisfies JSONSchema
