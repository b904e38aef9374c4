import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema } from './parts/common.ts'
import { findingsSchema } from './parts/finding.ts'
import { nodeStatusSchema } from './parts/node.ts'

export const statusSchema = {
  ...documentSchema,
  description: 'What the status prints.',
  properties: {
    document: { const: 'status', description: 'Which document this is.' },
    ...common,
    nodes: { type: 'array', items: nodeStatusSchema, description: 'One a node, in the order of the inventory.' },
    findings: findingsSchema,
    healthy: { type: 'boolean', description: 'Whether there is no finding.' },
  },
} as const satisfies JSONSchema
