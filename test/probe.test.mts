// Probes of one host, in a real bash.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Script, sh } from '../engine/base/sh.ts'
import { batchProbes } from '../engine/runner/probe.ts'
import { type Reading, SharedRead } from '../engine/runner/shared-read.ts'
import { localTransport } from '../engine/transport/local.ts'
import { file } from '../tasks/file.ts'

const test = suite('Probes')
const folder = mkdtempSync(join(tmpdir(), 'probes-'))
const path = (name: string) => join(folder, name)
test.after(() => rmSync(folder, { recursive: true }))

/** @returns what probes print in one batch */
const inBatch = async (probes: readonly Script[]) => {
  const batch = batchProbes(probes)
  const { stdout, stderr } = await localTransport().run(batch.script, { timeout: 60 })
  assert.is(stderr, '')
  return batch.parse(stdout)
}

test('exact output, codes, and nobody harms the next', async () => {
  const batch = batchProbes([
    sh`printf 'no newline'; exit 3`,
    sh`echo; echo x; PATH=/nowhere`,
    sh`true`,
    sh`ls / >/dev/null && printf ' '`,
  ])
  const { stdout } = await localTransport().run(batch.script, { timeout: 60 })
  assert.equal(batch.parse(stdout), [
    { text: 'no newline', code: 3 },
    { text: '\nx\n', code: 0 },
    { text: '', code: 0 },
    { text: ' ', code: 0 },
  ])
  assert.throws(() => batch.parse(stdout.subarray(0, -5)), /3 of 4 probes answered/)
})

test('tasks that ask the same are served by one run of it', async () => {
  const count = sh`echo >>${path('runs')}; cat ${path('runs')}`
  const batch = batchProbes([count, sh`echo between`, count])
  const { stdout } = await localTransport().run(batch.script, { timeout: 60 })
  assert.equal(
    batch.parse(stdout).map(({ text }) => text),
    ['\n', 'between\n', '\n'],
  )
})

test('what many read is read once, with the words of all, and each prints its own', async () => {
  const reading: Reading = (words) => sh`
echo ${words} >>${path('read')}
declare -A found=()
for word in ${words}; do found[$word]=$word; done
print() { printf '%s\n' "<\${found[$1]}>"; return "$2"; }`
  const probes = ['a b', "it's", 'a b', '$(id)'].map(
    (word, index) => new SharedRead(reading, ['always', word], sh`print ${[word, index]}`),
  )
  assert.equal(await inBatch([probes[0]!, sh`echo between; exit 9`, ...probes.slice(1)]), [
    { text: '<a b>\n', code: 0 },
    { text: 'between\n', code: 9 },
    { text: "<it's>\n", code: 1 },
    { text: '<a b>\n', code: 2 },
    { text: '<$(id)>\n', code: 3 },
  ])
  assert.is(readFileSync(path('read'), 'utf8'), "always a b it's $(id)\n")
  const { stdout, code } = await localTransport().run(probes[1]!.text, { timeout: 60 })
  assert.equal([stdout.toString(), code], ["<it's>\n", 1])
})

test('a file reads in a batch as it does alone, whatever it is called and has in it', async () => {
  const odd = `a|b '"\`$(id)\` [x] \n/é`
  mkdirSync(path(odd.split('/')[0]!))
  const contents: Record<string, string | Buffer> = {
    'plain ': 'text\n',
    empty: '',
    [odd]: 'no end',
    binary: Buffer.from([0, 255, 10]),
    lines: '\n\n',
  }
  for (const [name, content] of Object.entries(contents)) writeFileSync(path(name), content)
  symlinkSync('nowhere', path('link'))
  const tasks = [...Object.keys(contents), 'link', 'absent', 'no/folder/at/all', ''].map((name) =>
    file(path(name), 'x'),
  )
  const together = await inBatch(tasks.map(({ probe }) => probe))
  for (const [index, { name, probe }] of tasks.entries()) {
    const { stdout, code } = await localTransport().run(probe.text, { timeout: 60 })
    assert.equal(together[index], { text: stdout.toString(), code }, name)
  }
  assert.equal(
    together.map(({ code }) => code),
    [0, 0, 0, 0, 0, 0, 0, 3, 0],
  )
  const before = (index: number) => {
    const answer = tasks[index]!.plan(together[index]!, { changes: () => false })
    return 'before' in answer ? answer.before.replace(/^.*\n/, '') : ''
  }
  assert.equal([0, 1, 2, 4].map(before), ['text\n', '', 'no end', '\n\n'])
  assert.throws(() => before(5), /is a symbolic link/)
  assert.throws(() => before(8), /is a directory/)
})

test.run()
