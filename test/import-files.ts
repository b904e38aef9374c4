// Small keepalived.conf for tests of the import.
import { inventoryText } from '../engine/import/text.ts'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import { type Imported, importConf, type Named } from '../engine/import/import.ts'

const folder = mkdtempSync(join(tmpdir(), 'import-'))
test.after(() => rmSync(folder, { recursive: true }))
let count = 0

/** Writes files into a folder of their own. @returns their paths */
export function written(texts: Readonly<Record<string, string>>): string[] {
  count++
  return Object.entries(texts).map(([name, text]) => {
    const file = join(folder, String(count), name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  })
}

/** Imports texts, each the file of a node. */
export const imported = (texts: Readonly<Record<string, string>>, named?: readonly Named[]): Imported =>
  importConf(
    written(texts).map((file) => ({ file })),
    named,
  )

/** An instance with lines of one's own in it. */
export const instance = (
  lines = '',
  { name = 'V', state = 'BACKUP', priority = 100, vip = '10.2.1.5/24', id = 5 } = {},
) => `
vrrp_instance ${name} {
  state ${state}
  interface eth0
  virtual_router_id ${id}
  priority ${priority}
  virtual_ipaddress {
    ${vip}
  }
  ${lines}
}
`
/** A check of a service that an inventory can say. */
export const dnsCheck = `
vrrp_script dns {
  script "/bin/nc -z -w 2 127.0.0.1 53"
  timeout 3
  fall 2
  rise 1
  user nobody
}
`
export const tracksDns = 'track_script {\n    dns\n  }'

/** Two files of one cluster. */
export const pair = (lines: string, before = ''): Record<string, string> => ({
  'a.conf': before + instance(lines),
  'b.conf': before + instance(lines),
})

export const two: Named[] = [
  { name: 'ns1', address: '10.2.1.2' },
  { name: 'ns2', address: '10.2.1.3' },
]

/** @returns the inventory that an import has made, as text */
export const inventoryTextOf = (result: ReturnType<typeof imported>): string => inventoryText(result.draft, [])

/** @returns what there is no key for, each once */
export const needsOf = ({ unsaid, kept }: ReturnType<typeof imported>): string[] => [
  ...new Set([...unsaid, ...kept].map(({ need }) => need)),
]

/** @returns the keys of `cluster` that a set-up needs beside those of its first address and of `dnsCheck`, and without SNMP */
export const keysOf = (result: ReturnType<typeof imported>): string[] =>
  inventoryTextOf(result)
    .split('hosts:\n')[0]!
    .replace(/ {4}dns: \{ port: 53 \}\n/, '')
    .replace(/ {2}checks:\n(?! {4})/, '')
    .replace('  service: { type: none }\n', '')
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !/^(cluster:$|vip:|vip_prefix:|network:|instance:|snmp: { enabled: false }$)/.test(line),
    )
