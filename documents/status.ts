import type { JSONSchema } from 'json-schema-to-ts'
import { common } from './parts/common.ts'
import { findingsSchema } from './parts/finding.ts'
import { nodeStatusSchema } from './parts/node.ts'

export const statusSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'playbook', 'exitCode'],
  description: 'What the status prints.',
  properties: {
    document: { const: 'status', description: 'Which document this is.' },
    ...common,
    nodes: { type: 'array', items: nodeStatusSchema, description: 'One a node, in the order of the inventory.' },
    findings: findingsSchema,
    healthy: { type: 'boolean', description: 'Whether there is no finding.' },
  },
} as const satisfies JSONSchema
