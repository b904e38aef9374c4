// The page that says what happens when something goes wrong: each row names what shows it, or why nothing does.
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const page = readFileSync(new URL('../docs/what-can-go-wrong.md', import.meta.url), 'utf8')
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what happens to you'))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))

test('each row says what happens, what is done, and what shows it', () => {
  assert.ok(rows.length > 80)
  for (const row of rows) assert.is(row.length, 3, row.join(' | '))
})

test('the tests that it names are there, and where there is none it says why', () => {
  for (const [what, , shown] of rows) {
    const files = [...shown!.matchAll(/`((?:(?:lab|faults|integration)\/)?[\w-]+)`/g)].map(
      ([, name]) => `${name}.test.mts`,
    )
    for (const file of files) assert.ok(existsSync(new URL(file, import.meta.url)), `${what}: ${file}`)
    assert.ok(files.length > 0 || shown!.startsWith('not shown'), what)
  }
})

test.run()
