// What playbooks print with --json, held against the schema of the document.
import { Ajv } from 'ajv'
import { documents, type Documents } from '../documents/all.ts'

const ajv = new Ajv({ strict: true, allErrors: true })
const validators = new Map(Object.entries(documents).map(([name, schema]) => [name, ajv.compile(schema)]))

/** @returns what was read, as the document that it is @throws Error with every place that its schema does not have so */
export function checked<Name extends keyof Documents>(name: Name, read: unknown): Documents[Name] {
  const valid = validators.get(name)!
  if (!valid(read)) throw new Error(`${name}: ${ajv.errorsText(valid.errors)}\n${JSON.stringify(read, null, 2)}`)
  return read as Documents[Name]
}

/** The same for a document that was filled in and not printed. */
export const checkedFilled = <Name extends keyof Documents>(name: Name, filled: Documents[Name]): Documents[Name] =>
  checked(name, JSON.parse(JSON.stringify(filled)))

/** The document of each playbook. */
export const documentOf = {
  level1: 'run',
  level2: 'run',
  level3: 'run',
  teardown: 'run',
  verify: 'verify',
  status: 'status',
  'rolling-reboot': 'rolling-reboot',
  drill: 'drill',
  rollback: 'rollback',
  import: 'import',
} as const satisfies Record<string, keyof Documents>

export type PlaybookName = keyof typeof documentOf
export type DocumentOf<Name extends PlaybookName> = Documents[(typeof documentOf)[Name]]
