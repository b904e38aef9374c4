/** A JSON Schema or a part of one. */
interface Schema {
  [key: string]: unknown
}

/** Shorter ones cost less than a reference to them. */
const worthIt = 300

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && ('type' in value || 'oneOf' in value)

/**
 * Puts what a schema says in several places into `$defs`, since a validator has code for each place.
 * @returns a schema that takes the same values; a default stays in its place, where validators read it
 */
export function sharedParts(schema: Schema): Schema {
  const seen = new Map<string, number>()
  const defs: Schema = {}
  const names = new Map<string, string>()
  /** Counts parts that are the same but for their default. */
  const count = (value: unknown) => {
    if (typeof value !== 'object' || value === null) return
    if (isSchema(value)) {
      const key = keyOf(value)
      const times = (seen.get(key) ?? 0) + 1
      seen.set(key, times)
      // What is in it has been counted.
      if (times > 1) return
    }
    Object.values(value).forEach(count)
  }
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    const key = isSchema(value) ? keyOf(value) : ''
    if (key.length < worthIt || seen.get(key)! < 2) return mapped(value as Schema)
    const { default: preset, ...part } = value as Schema
    if (!names.has(key)) {
      names.set(key, `part-${names.size}`)
      defs[names.get(key)!] = mapped(part)
    }
    return { $ref: `#/$defs/${names.get(key)}`, ...(preset !== undefined && { default: preset }) }
  }
  const mapped = (value: Schema) => Object.fromEntries(Object.entries(value).map(([key, part]) => [key, moved(part)]))
  count(schema)
  return { ...mapped(schema), $defs: defs }
}

const keyOf = ({ default: _, ...part }: Schema): string => JSON.stringify(part)
