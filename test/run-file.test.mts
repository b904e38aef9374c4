// What the runner makes of test files that are not well.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Outcome, runFile } from './run-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'run-file-'))
test.after(() => rmSync(folder, { recursive: true }))

/** Runs a test file with this body. */
async function run(body: string, minutes = 5): Promise<Pick<Outcome, 'passed' | 'failed' | 'why' | 'names'>> {
  const file = join(folder, 'file.mts')
  writeFileSync(file, `import { test } from '${import.meta.resolve('uvu')}'\n${body}`)
  const { passed, failed, why, names } = await runFile(file, { minutes }, () => {})
  return { passed, failed, why, names }
}

const passes = `test('passes', () => {})\n`
const files: [name: string, body: string, passed: number, why: string | undefined, names?: string[]][] = [
  ['one that is well', `${passes}test.run()`, 1, undefined],
  [
    'a test that fails',
    `${passes}test('is "so"', () => { throw new Error('no') })\ntest.run()`,
    1,
    '1 of 2 tests failed',
    ['is "so": no'],
  ],
  ['no test', '', 0, 'it ran no test'],
  ['tests that were not run', passes, 0, 'it ran no test'],
  ['a test that is skipped', `${passes}test.skip('no', () => {})\ntest.run()`, 1, '1 tests were skipped'],
  ['a test that runs alone', `${passes}test.only('only', () => {})\ntest.run()`, 1, '1 tests were skipped'],
  ['an end in the middle', `${passes}test('ends', () => process.exit(0))\ntest.run()`, 0, 'exit code 1'],
  ['a signal', `test('ends', () => process.kill(process.pid, 'SIGKILL'))\ntest.run()`, 0, 'exit code SIGKILL'],
  ['a syntax error', 'const x = = 1', 0, 'exit code 1'],
]
for (const [name, body, passed, why, names = []] of files) {
  test(`a file with ${name}`, async () => {
    assert.equal(await run(body), { passed, failed: why ? 1 : 0, why, names })
  })
}

test('a file that never ends: what it has started ends with it', async () => {
  // What was started holds its output, and would keep the runner waiting.
  const body = `import { spawn } from 'node:child_process'
spawn('sleep', ['600'], { stdio: 'inherit' })
test('never ends', () => new Promise(() => {}))
test.run()`
  const { failed, why } = await run(body, 1 / 60)
  assert.equal([failed, why], [1, `no end within ${1 / 60} minutes`])
})

test.run()
