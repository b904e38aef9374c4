import { isIP, isIPv4, isIPv6 } from 'node:net'
import { Ajv, type ErrorObject } from 'ajv'
import { isNetwork, parseNetwork } from './network.ts'
import { schema } from './schema.ts'
import { sharedParts } from './shared-parts.ts'
import type { Path, Problem } from './source.ts'
import { type Node, shown, unknownKey, wording, wrongValue } from './wording.ts'

const whole = sharedParts(schema)

/** Without the interface of a link behind it: another key says that. */
const hasNoZone = (text: string) => !text.includes('%')

const validator = new Ajv({
  allErrors: true,
  strict: true,
  allowUnionTypes: true,
  useDefaults: true,
  discriminator: true,
  verbose: true,
  // Takes as long as all the rest, and the tests do it.
  validateSchema: false,
  // Takes longer than it gives back for what is validated once.
  code: { optimize: false },
})
  .addFormat('ipv4', isIPv4)
  .addFormat('ipv6', (text) => isIPv6(text) && hasNoZone(text))
  .addFormat('ip', (text) => isIP(text) > 0 && hasNoZone(text))
  // The last label of a name has a letter.
  .addFormat(
    'server',
    (text) => isIPv4(text) || /^(?=.{1,200}$)([a-z0-9][a-z0-9-]*\.)*[a-z]([a-z0-9-]*[a-z0-9])?$/i.test(text),
  )
  // From 8, since no network is greater; to 29, since it has to hold a VIP, a gateway and two hosts.
  .addFormat('ipv4-network', (text) => isNetwork(text, 8, 29))
  .addFormat('ipv4-source', (text) => isIPv4(text) || (isNetwork(text, 0, 32) && parseNetwork(text).cidr === text))
  // Not the keyword multipleOf, which 1.001 fails and, with ajv's tolerance, 0.1000000000001 passes.
  .addFormat('thousandths', { type: 'number', validate: (value) => Math.round(value * 1000) / 1000 === value })
  .compile(whole)

/** Keywords that say something of a map's keys, so that the rest of the map is fine. */
const ofKeys = ['discriminator', 'required', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties']

/**
 * Holds plain values against the schema and fills in its defaults.
 * Changes what it is given: defaults are added, and wrong values taken away, so that rules that need them are left out.
 * @returns what is wrong, and the paths of the values taken away, their keys joined by slashes
 */
export function validate(data: unknown): { problems: Problem[]; removed: Set<string> } {
  validator(data)
  const errors = validator.errors ?? []
  const removed = new Set<string>()
  for (const { keyword, instancePath, propertyName } of errors) {
    if (ofKeys.includes(keyword) || propertyName !== undefined) continue
    const path = keys(instancePath)
    remove(data, path)
    removed.add(path.join('/'))
  }
  return { problems: errors.flatMap((error) => describe(error) ?? []), removed }
}

const keys = (pointer: string): string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))

function remove(data: unknown, path: Path): void {
  const parent = path.slice(0, -1).reduce((node, key) => (node as Record<string, unknown> | undefined)?.[key], data)
  // Not deleted, since the place of a host among the others counts.
  if (parent && path.length > 0) (parent as Record<string, unknown>)[path.at(-1)!] = undefined
}

/** @returns what a reference stands for */
const partOf = (node: Node & { $ref?: string }): Node =>
  node.$ref ? (whole.$defs as Record<string, Node>)[node.$ref.split('/').at(-1)!]! : node

function describe(error: ErrorObject): Problem | undefined {
  const { keyword, params, data, propertyName } = error
  const node = error.parentSchema as Node
  const path = keys(error.instancePath)
  switch (keyword) {
    // Told by the keyword that the name or the tag failed.
    case 'propertyNames':
    case 'discriminator':
      return
    case 'required': {
      const missing = partOf(node.properties![params.missingProperty]!)
      return { path: [...path, params.missingProperty], text: `is missing; it must be ${wording(missing)}` }
    }
    case 'additionalProperties':
      return { path, text: unknownKey(node, params.additionalProperty), key: params.additionalProperty }
  }
  if (propertyName !== undefined) {
    const text = `each key must be ${wording(node)}, got ${shown(propertyName)}`
    return { path, text, key: propertyName }
  }
  return { path, text: wrongValue(node, data) }
}
