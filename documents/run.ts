import type { JSONSchema } from 'json-schema-to-ts'
import { clusterSchema } from './parts/cluster.ts'
import { common } from './parts/common.ts'
import { hostSchema } from './parts/host.ts'

export const runSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'playbook', 'exitCode'],
  description: 'What level playbooks, teardown and playbooks of your own print.',
  properties: {
    document: { const: 'run', description: 'Which document this is.' },
    ...common,
    check: { type: 'boolean', description: 'Whether it ran in check mode.' },
    hosts: { type: 'array', items: hostSchema, description: 'One a host, in the order of the inventory.' },
    cluster: clusterSchema,
  },
} as const satisfies JSONSchema
