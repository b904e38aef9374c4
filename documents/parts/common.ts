/** What every document is. */
export const documentSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  additionalProperties: false,
  required: ['document', 'playbook', 'exitCode'],
} as const

/** What every document has. */
export const common = {
  playbook: { type: 'string', description: 'The title of the playbook.' },
  exitCode: { type: 'integer', description: 'How the process ends; the README lists exit codes.' },
  error: {
    type: 'string',
    description: 'Why the playbook stopped early; the parts below that it did not come to are missing.',
  },
} as const

export const texts = { type: 'array', items: { type: 'string' } } as const

export const inventoryName = { type: 'string', description: 'Its name in the inventory.' } as const
