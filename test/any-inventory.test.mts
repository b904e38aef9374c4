// Inventories that nobody wrote: any that is valid, and any with mistakes in it. Of one that fails, the smallest is shown.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { keepalivedConf } from '../tasks/cluster/keepalived-conf.ts'
import { env, seed, valid } from './inventory/any.mts'
import { mutated } from './inventory/mutated.mts'
import { complaint, file, folder, load } from './inventory/samples.mts'
import { filesOf } from './rendered.ts'

const cases = Number(process.env.CASES ?? 100)
console.log(`SEED=${seed} CASES=${cases}`)

const levels = [1, 2, 3] as const
const anyLevel = fc.constantFrom(undefined, ...levels)

// Whatever Node itself says on stderr may show what is in the inventory.
const warnings: string[] = []
process.on('warning', ({ message }) => warnings.push(message))

/** Renders what the levels write on the first host and on the last. */
function renderAll(text: string): void {
  const inventory = load(text, { env })
  const possible = complaint(text, { env, level: 3 }) === 'valid' ? levels : levels.slice(0, 2)
  for (const level of possible)
    for (const place of [0, -1]) assert.ok(filesOf(inventory, inventory.hosts.at(place)!, level).has(keepalivedConf))
}

const run = <T,>(property: fc.IProperty<T>) => fc.assert(property, { numRuns: cases, seed, includeErrorInReport: true })

test('what the schema and the rules allow is accepted, and rendered', () => {
  run(
    fc.property(valid, (content) => {
      const text = JSON.stringify(content)
      assert.is(complaint(text, { env }), 'valid')
      renderAll(text)
    }),
  )
})

test('mistakes are told by place, a line each, or the inventory is accepted and rendered', async () => {
  run(
    fc.property(mutated, anyLevel, (text, level) => {
      const said = complaint(text, { env, level })
      if (said === 'valid') return renderAll(text)
      const last = text.split('\n').length
      for (const line of said.split('\n')) {
        if (line === `${file}: is empty; inventory/example.yaml shows what belongs there`) continue
        if (line === `${file}: its YAML aliases (*) contain themselves, or unfold to too much`) continue
        const [, place] = /^:(\d+):\d+ [^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+$/u.exec(line.replace(file, '')) ?? []
        assert.ok(Number(place) >= 1 && Number(place) <= last, line)
      }
    }),
  )
  await new Promise(setImmediate)
  assert.equal(warnings, [])
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
