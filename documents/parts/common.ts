/** What every document has. */
export const common = {
  playbook: { type: 'string', description: 'The title of the playbook.' },
  exitCode: { type: 'integer', description: 'How the process ends; the README lists exit codes.' },
  error: {
    type: 'string',
    description: 'Why the playbook stopped early; the parts below that it did not come to are missing.',
  },
} as const
