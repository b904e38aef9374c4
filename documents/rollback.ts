import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema, inventoryName } from './parts/common.ts'

export const rollbackSchema = {
  ...documentSchema,
  description: 'What a rollback prints.',
  properties: {
    document: { const: 'rollback', description: 'Which document this is.' },
    ...common,
    runs: {
      type: 'array',
      description: 'The runs that can be undone, the newest first.',
      items: {
        title: 'Run in the journal',
        description: 'A run that changed hosts.',
        type: 'object',
        additionalProperties: false,
        required: ['id', 'when', 'who', 'playbook', 'hosts'],
        properties: {
          id: { type: 'string', description: 'Its name, the same on all of its hosts.' },
          when: { type: 'string', description: 'When it began, by the clock of the machine that ran it.' },
          who: { type: 'string', description: 'Who ran it, from where.' },
          playbook: { type: 'string', description: 'The title of the playbook.' },
          hosts: {
            type: 'array',
            description: 'Its hosts.',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['host', 'changes', 'newest'],
              properties: {
                host: inventoryName,
                changes: { type: 'integer', description: 'How many changes can be undone.' },
                newest: { type: 'boolean', description: 'Whether no later run has changed the host.' },
              },
            },
          },
        },
      },
    },
    hosts: {
      type: 'array',
      description: 'One a host, in the order of the inventory.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'undone', 'code'],
        properties: {
          host: inventoryName,
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
