import type { JSONSchema } from 'json-schema-to-ts'
import { common } from './parts/common.ts'

export const runSummarySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'when', 'who', 'playbook', 'hosts'],
  properties: {
    id: { type: 'string', description: 'Its name, the same on all of its hosts: for `--to`.' },
    when: { type: 'string', description: 'When it began, by the clock of who ran it.' },
    who: { type: 'string', description: 'Who ran it, and from where.' },
    playbook: { type: 'string', description: 'The title of the playbook.' },
    hosts: {
      type: 'array',
      description: 'Hosts that have it in their journal.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'changes', 'newest'],
        properties: {
          host: { type: 'string', description: 'Its name in the inventory.' },
          changes: { type: 'integer', description: 'How many changes a rollback undoes.' },
          newest: {
            type: 'boolean',
            description: 'Whether it is the newest run of the host: only that can be undone.',
          },
        },
      },
    },
  },
} as const satisfies JSONSchema

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
            description: 'Whether the run was undone there; in check mode, whether it would be.',
          },
          code: { type: 'integer', description: 'How it ended, as an exit code.' },
        },
      },
    },
    runs: { type: 'array', items: runSummarySchema, description: 'The runs that could be undone, the newest first.' },
  },
} as const satisfies JSONSchema
