// What docs/generate.mts writes is what it would write now.
import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, cpSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { documents } from '../documents/all.ts'
import { folder } from './inventory/samples.mts'

const root = fileURLToPath(new URL('..', import.meta.url))

const generated = [
  'inventory/schema.json',
  'docs/inventory.md',
  'docs/findings.md',
  ...Object.keys(documents).map((name) => `documents/${name}.schema.json`),
  'docs/json.md',
  'docs/writing-services.md',
  'docs/writing-tasks.md',
  'docs/performance.svg',
  'docs/level1.svg',
  'docs/level2.svg',
  'docs/level3.svg',
  'docs/failover.svg',
]
/** Files that those pages show. */
const shown = ['docs/examples/banner/question.py', 'examples/link.ts']

test('what is generated is not stale', () => {
  execFileSync(process.execPath, [join(root, 'docs/generate.mts'), '--check'], { stdio: 'pipe' })
})

test('what is generated and changed by hand is stale', () => {
  const copy = join(folder, 'stale')
  for (const path of ['bench', 'docs', 'documents', 'engine', 'examples', 'inventory', 'package.json'])
    cpSync(join(root, path), join(copy, path), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const path of [...generated, ...shown]) appendFileSync(join(copy, path), ' ')
  const { status, stderr } = spawnSync(process.execPath, [join(copy, 'docs/generate.mts'), '--check'])
  assert.is(String(stderr), generated.map((path) => `${path} is stale: run node docs/generate.mts\n`).join(''))
  assert.is(status, 1)
})

test.run()
