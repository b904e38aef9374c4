// Writes what is made from the inventory's schema: inventory/schema.json for editors, docs/inventory.md for people; from the
// schemas of documents: documents/*.schema.json, docs/json.md, the codes of docs/findings.md; the pictures; from docs/performance.json,
// which bench/fleet.mts writes, the tables and the chart of docs/performance.md; and the files that pages show.
//   node docs/generate.mts            writes them all
//   node docs/generate.mts --check    writes nothing; exit code 1 if one of them is stale
import { readFileSync, writeFileSync } from 'node:fs'
import { documents } from '../documents/all.ts'
import { findingCodes } from '../documents/parts/finding.ts'
import { schema } from '../inventory/schema.ts'
import { type Node, wording } from '../inventory/wording.ts'
import { jsonPage } from './json-page.ts'
import { performanceChart, withResults } from './performance.ts'
import { pictures } from './pictures.mts'

/** The parts of the schema that the documentation shows. */
interface Documented extends Node {
  description?: string
  default?: unknown
  required?: readonly string[]
  properties?: Record<string, Documented>
  oneOf?: readonly Documented[]
  additionalProperties?: boolean | Documented
}

const inRoot = (path: string) => new URL(`../${path}`, import.meta.url)
const readIfThere = (path: string) => {
  try {
    return readFileSync(inRoot(path), 'utf8')
  } catch {
    return ''
  }
}

/** The schema as editors like it: with the default in what they show over a key. */
function forEditors(node: Documented): Documented {
  const { properties, oneOf, additionalProperties: others, default: value, description } = node
  // Whoever leaves it out has the default.
  const required = node.required?.filter((key) => properties?.[key]?.default === undefined)
  return {
    ...node,
    ...(required && { required }),
    ...(isPlain(value) && { description: `${description} Default: \`${value}\`.` }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, forEditors(child)])),
    }),
    ...(oneOf && { oneOf: oneOf.map(forEditors) }),
    ...(typeof others === 'object' && { additionalProperties: forEditors(others) }),
  }
}

const isPlain = (value: unknown) => value !== undefined && typeof value !== 'object'

function page(): string {
  return `<!-- Written by docs/generate.mts from inventory/schema.ts; change it there. -->

# The inventory

One file describes one cluster: its virtual IP, its nodes, and the way to them. It is YAML (and so it may be JSON). It
is checked before any host is contacted, and every mistake is told at once, with line, column, key and value.

The smallest one:

\`\`\`yaml
# yaml-language-server: $schema=./schema.json
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
\`\`\`

The first line lets editors with a YAML language server complete and check it; put in the path to
\`inventory/schema.json\`. A fuller one is [\`inventory/example.yaml\`](../inventory/example.yaml):

\`\`\`yaml
${readIfThere('inventory/example.yaml').trimEnd()}
\`\`\`

## Every key

${sections('', schema).join('\n').trimEnd()}
`
}

/** A map with its table of keys, then the maps in it. */
function sections(path: string, map: Documented): string[] {
  const children = Object.entries(map.properties ?? {})
  const maps = [...children, ...hostsOf(map)].filter(([, child]) => child.properties || hostsOf(child).length > 0)
  // The kinds of `service` come again in `services`, likewise.
  const again = map.oneOf !== undefined && path !== 'cluster.service'
  const kinds = (again ? [] : (map.oneOf ?? [])).map((kind): [string, Documented] => [
    `: ${kind.properties!.type!.const}`,
    kind,
  ])
  // The keys of `ssh` come again in every host, and are told once.
  const common: Record<string, Documented> = path === 'ssh' ? {} : schema.properties.ssh.properties
  // The type of a kind is in its heading.
  const own = children.filter(([key, child]) => common[key] !== child && child.const === undefined)
  const rows = own.map(([key, child]) => row(key, child, map.required?.includes(key) ?? false))
  const table = ['| key | value | default | meaning |', '|---|---|---|---|', ...rows, '']
  return [
    ...(path ? [`### \`${path}\``, '', meaningOf(map)[0]!, ''] : []),
    ...(rows.length > 0 ? table : []),
    ...(children.some(([key, child]) => common[key] === child) ? ['And all keys of [`ssh`](#ssh).', ''] : []),
    ...(again ? ['And the keys of its type, as in [`cluster.service`](#clusterservice).', ''] : []),
    ...kinds.flatMap(([key, kind]) => sections(`${path}${key}`, kind)),
    ...maps.flatMap(([key, child]) => sections(path ? `${path}.${key}` : key, child)),
  ]
}

/** A description, cut into the meaning and the default that is computed. */
const meaningOf = ({ description }: Documented) => description!.split(' Default: ')

/** The hosts are a map of maps whose keys are not known. */
const hostsOf = ({ additionalProperties: host }: Documented): [string, Documented][] =>
  typeof host === 'object' && host.properties ? [['NAME', host]] : []

function row(key: string, node: Documented, required: boolean): string {
  const [meaning, computed] = meaningOf(node)
  const fixed = isPlain(node.default) ? `\`${node.default}\`` : computed?.replace(/\.$/, '')
  const cells = [`\`${key}\``, wording(node), required && fixed === undefined ? '**required**' : (fixed ?? ''), meaning]
  return `| ${cells.map((cell) => cell!.replaceAll('|', '\\|')).join(' | ')} |`
}

const findings = (): string => `<!-- Written by docs/generate.mts from documents/parts/finding.ts; change it there. -->

# Findings

What can be wrong with a cluster. \`verify\`, \`status\` and drills print each finding as a line, and give it with [\`--json\`](json.md):

\`\`\`json
{ "code": "service-down", "node": "ns1", "text": "ns1: named is inactive" }
\`\`\`

Scripts go by \`code\` and \`node\`; the text is for people and may change. Where a node has several findings of a code,
\`about\` tells them apart: a virtual server, a real server, a unit, an address, a client. A level playbook and \`verify\` give \`cluster.findings\`,
\`status\`, rolling reboots and drills \`findings\`.

| code | meaning |
|---|---|
${Object.entries(findingCodes)
  .map(([code, meaning]) => `| \`${code}\` | ${meaning} |`)
  .join('\n')}
`

/** A page that shows files as they are: each stands in a block of code below its path, which is a comment there. */
const withFiles = (path: string) =>
  readIfThere(path).replaceAll(
    /^(<!-- (\S+) -->\n```\w+\n).*?^```$/gms,
    (_, head: string, file: string) => `${head}${readFileSync(inRoot(file), 'utf8')}\`\`\``,
  )

const generated = {
  'inventory/schema.json': `${JSON.stringify(forEditors(schema), null, 2)}\n`,
  'docs/inventory.md': page(),
  'docs/findings.md': findings(),
  ...Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [
      `documents/${name}.schema.json`,
      `${JSON.stringify(document, null, 2)}\n`,
    ]),
  ),
  'docs/json.md': jsonPage(),
  'docs/writing-services.md': withFiles('docs/writing-services.md'),
  'docs/writing-tasks.md': withFiles('docs/writing-tasks.md'),
  'docs/performance.md': withResults(readIfThere('docs/performance.md')),
  'docs/performance.svg': performanceChart,
  ...pictures,
}
const stale = Object.entries(generated).filter(([path, text]) => readIfThere(path) !== text)
for (const [path, text] of stale) {
  if (process.argv.includes('--check')) {
    console.error(`${path} is stale: run node docs/generate.mts`)
    process.exitCode = 1
  } else {
    writeFileSync(inRoot(path), text)
    console.log(`wrote ${path}`)
  }
}
