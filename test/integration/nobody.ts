// Playbooks as programs, for a cluster where nobody listens.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { checked, type DocumentOf, documentOf, type PlaybookName } from '../documents.ts'
import { freePort } from '../../lab/port.ts'

const folder = mkdtempSync(join(tmpdir(), 'nobody-'))
test.after(() => rmSync(folder, { recursive: true }))
const inventory = join(folder, 'inventory.yaml')
// Whatever is tried first is what the run ends with.
const port = await freePort()
const nobody = (machine: number) => `ssh: { host: 127.0.0.${machine}, port: ${port} }`
writeFileSync(
  inventory,
  `cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  ns1: { address: 10.2.1.2, ${nobody(1)} }
  ns2: { address: 10.2.1.3, ${nobody(2)} }
clients:
  desk: { ${nobody(3)} }
`,
)

/** Runs a playbook to its end. @returns the document that it has printed, and what people read */
export function play<Name extends PlaybookName>(
  name: Name,
  ...args: string[]
): { status: number | null; stderr: string; document: DocumentOf<Name> } {
  const script = new URL(`../../playbooks/${name}.mts`, import.meta.url).pathname
  const words = [script, '--inventory', inventory, '--yes', '--json', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  return { status, stderr, document: checked(documentOf[name], JSON.parse(stdout)) }
}
