// Inventories that nobody wrote, all of them valid. Of one that fails, the smallest is shown.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { env, seed, valid } from './inventory/any.mts'
import { complaint, folder, load } from './inventory/samples.mts'
import { renderAll, run } from './inventory/tried.mts'
import { filesOf } from './rendered.ts'

test('what the schema and the rules allow is accepted, and rendered', () => {
  run(
    fc.property(valid, (content) => {
      const text = JSON.stringify(content)
      assert.is(complaint(text, { env }), 'valid')
      renderAll(text)
    }),
  )
})

test('the scripts of hosts are scripts for bash', () => {
  const scripts = join(folder, 'scripts')
  mkdirSync(scripts)
  for (const [place, content] of fc.sample(valid, { numRuns: 50, seed }).entries()) {
    const inventory = load(JSON.stringify(content), { env })
    const level = inventory.hosts.every(({ second }) => second) ? 3 : 2
    for (const [path, text] of filesOf(inventory, inventory.hosts[0]!, level))
      if (text.startsWith('#!')) writeFileSync(join(scripts, `${place}${path.replaceAll('/', '-')}`), text)
  }
  const check = 'for f in "$1"/*; do bash -n "$f" && echo ok; done | sort | uniq -c'
  const { stdout, stderr } = spawnSync('bash', ['-c', check, 'bash', scripts])
  assert.is(String(stderr), '')
  assert.match(String(stdout), /^ *\d+ ok\n$/)
})

test.run()
