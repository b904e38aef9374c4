// docs/json.md: the documents that `--json` prints, from their schemas.
import { documents } from '../documents/all.ts'
import { common } from '../documents/parts/common.ts'

/** The parts of a schema that the page shows. */
interface Shown {
  title?: string
  type?: string
  const?: string
  enum?: readonly string[]
  description?: string
  required?: readonly string[]
  properties?: Readonly<Record<string, Shown>>
  items?: Shown
  additionalProperties?: boolean | Shown
}

/** Who prints each document. */
const printers: Readonly<Record<keyof typeof documents, string>> = {
  run: '[level1](level1.md), [level2](level2.md), [level3](level3.md), [teardown](teardown.md), [playbooks of your own](writing-playbooks.md)',
  verify: '[verify](verify.md)',
  status: '[status](status.md)',
  'rolling-reboot': '[rolling-reboot](rolling-reboot.md)',
  drill: '[drill](drill.md)',
  rollback: '[rollback](rollback.md)',
  clusters:
    '[level1](level1.md), [level2](level2.md), [level3](level3.md), [verify](verify.md), [status](status.md) with [several inventories](clusters.md)',
  import: '[import](import.md)',
}

/** Parts of documents, by title, in the order in which they come. */
function partsOf(node: Shown, parts = new Map<string, Shown>()): Map<string, Shown> {
  for (const child of Object.values(node.properties ?? {})) {
    const inner = child.items ?? (typeof child.additionalProperties === 'object' ? child.additionalProperties : child)
    if (inner.title && inner.properties) parts.set(inner.title, inner)
    partsOf(inner, parts)
  }
  return parts
}

/** What a value is, in words. */
function words({ title, type, const: only, enum: choices, properties, items, additionalProperties }: Shown): string {
  if (properties && title) return `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`
  if (title) return title
  if (only) return `\`${only}\``
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ')
  if (items) return `list: ${words(items)}`
  if (typeof additionalProperties === 'object') return `map by name: ${words(additionalProperties)}`
  return { string: 'text', integer: 'whole number', boolean: 'true or false', object: 'map' }[type!] ?? type!
}

/** The keys of a map, and those of the maps in it that have no section of their own. */
function rows({ properties = {}, required = [] }: Shown, before = ''): string[] {
  return Object.entries(properties).flatMap(([key, node]) => {
    const name = `${before}${key}${node.items ? '[]' : ''}`
    const inner = node.items ?? (typeof node.additionalProperties === 'object' ? node.additionalProperties : node)
    const within =
      inner.properties && !inner.title ? rows(inner, inner === node || node.items ? `${name}.` : `${name}.NAME.`) : []
    const cells = [`\`${name}\``, words(node), required.includes(key) ? 'always' : '', node.description]
    return [`| ${cells.join(' | ')} |`, ...within]
  })
}

const table = (map: Shown): string =>
  ['| key | value | there | meaning |', '|---|---|---|---|', ...rows(map)].join('\n')

/** A document without what all have. */
const own = ({ properties, ...rest }: Shown): Shown => ({
  ...rest,
  properties: Object.fromEntries(Object.entries(properties!).filter(([key]) => key !== 'document' && !(key in common))),
})

export function jsonPage(): string {
  const all = Object.entries(documents) as [keyof typeof documents, Shown][]
  const parts = new Map(all.flatMap(([, document]) => [...partsOf(document)]))
  return `<!-- Written by docs/generate.mts from documents/; change it there. -->

# What \`--json\` prints

With \`--json\` a playbook prints one JSON document on stdout when it ends, also after an error and after Ctrl-C; what people read goes
to stderr. \`document\` says which one it is. Each has a JSON Schema, in the folder \`documents\` and in the package
(\`keepalived-playbooks/documents/run.schema.json\`), and no key that its schema does not have.

\`\`\`sh
npx zx playbooks/level2.mts --inventory inventory/my.yaml --check --json | jq -r '.hosts[] | .host + ": " + .changes[].task'
\`\`\`

| document | schema | printed by |
|---|---|---|
${all.map(([name]) => `| [\`${name}\`](#${name}) | [documents/${name}.schema.json](../documents/${name}.schema.json) | ${printers[name]} |`).join('\n')}

Every document has these keys. A run that ends early leaves out what it did not come to, so \`there\` is empty where a key can be missing.

${table({ required: documents.run.required, properties: { document: { type: 'string', description: 'Which document it is.' }, ...common } })}

${all.map(([name, document]) => `## \`${name}\`\n\n${document.description}\n\n${table(own(document))}`).join('\n\n')}

${[...parts].map(([title, part]) => `## ${title}\n\n${part.description}\n\n${table(part)}`).join('\n\n')}
`
}
