import type { JSONSchema } from 'json-schema-to-ts'
import { common } from './parts/common.ts'

export const rollbackSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'playbook', 'exitCode'],
  description: 'What a rollback prints.',
  properties: {
    document: { const: 'rollback', description: 'Which document this is.' },
    ...common,
    hosts: {
      type: 'array',
      description: 'One a host, in the order of the inventory.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'undone', 'code'],
        properties: {
          host: { type: 'string', description: 'Its name in the inventory.' },
          undone: {
            type: 'boolean',
            description: 'Whether there was something to undo; in check mode, there would be.',
          },
          code: { type: 'integer', description: 'How it ended, as an exit code.' },
        },
      },
    },
  },
} as const satisfies JSONSchema
