import type { JSONSchema } from 'json-schema-to-ts'
import { clusterCheckSchema } from './parts/cluster.ts'
import { common } from './parts/common.ts'

export const verifySchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'playbook', 'exitCode'],
  description: 'What the cluster check prints.',
  properties: {
    document: { const: 'verify', description: 'Which document this is.' },
    ...common,
    cluster: clusterCheckSchema,
  },
} as const satisfies JSONSchema
