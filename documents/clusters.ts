import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema } from './parts/common.ts'

export const clustersSchema = {
  ...documentSchema,
  description: 'What a playbook prints that was given several inventories.',
  properties: {
    document: { const: 'clusters', description: 'Which document this is.' },
    ...common,
    clusters: {
      type: 'array',
      description: 'One an inventory, in the order in which they were given.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['inventory', 'document'],
        properties: {
          inventory: { type: 'string', description: 'The file of the inventory.' },
          document: { type: 'object', description: 'What the playbook prints for this cluster alone.' },
        },
      },
    },
  },
} as const satisfies JSONSchema
