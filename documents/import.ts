import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema, texts } from './parts/common.ts'

const text = (description: string) => ({ type: 'string', description }) as const
const whole = (description: string) => ({ type: 'integer', description }) as const

const withoutKey = {
  type: 'array',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['need', 'text'],
    properties: {
      need: text('What an inventory has no key for.'),
      text: text('The place, and what stands there.'),
    },
  },
} as const

export const importSchema = {
  ...documentSchema,
  description: 'What an import prints.',
  properties: {
    document: { const: 'import', description: 'Which document this is.' },
    ...common,
    inventory: text('The inventory, as YAML.'),
    level: whole('The level that the files are of.'),
    asMeant: {
      type: 'boolean',
      description: 'Whether the inventory, rendered again, says all that the files say.',
    },
    unsaid: { ...withoutKey, description: 'What the files say, and the inventory does not.' },
    kept: {
      ...withoutKey,
      description:
        'What has no key of virtual servers that stay as lines at the end of keepalived.conf (`keepalived.file`).',
    },
    hazards: {
      type: 'array',
      description: 'Mistakes in the files; docs/import.md lists the codes.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['code', 'file', 'line', 'column', 'what', 'cure'],
        properties: {
          code: text('What it is, for scripts.'),
          file: text('The file.'),
          line: whole('The line.'),
          column: whole('The column.'),
          what: text('What is wrong.'),
          cure: text('What to do about it.'),
        },
      },
    },
    added: { ...texts, description: 'What the playbooks add, or have in another way, and why.' },
    trifles: { ...texts, description: 'Differences of no consequence.' },
    refused: { ...texts, description: 'What was left out of the inventory, as the schema refuses it.' },
    missing: {
      type: 'array',
      description: 'What has to be put in before the inventory can be used.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['mark', 'why'],
        properties: { mark: text('What stands there now.'), why: text('What belongs there.') },
      },
    },
  },
} as const satisfies JSONSchema
