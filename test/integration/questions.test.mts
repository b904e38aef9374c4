// What is asked on a terminal, and files that are written for whoever asks: never over others.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $, quote } from 'zx/core'

const folder = mkdtempSync(join(tmpdir(), 'questions-'))
test.after(() => rmSync(folder, { recursive: true }))
const here = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const asks = join(folder, 'asks.mts')
writeFileSync(
  asks,
  `import { main } from '${here('engine/cli/main.ts')}'
import { confirmed } from '${here('engine/cli/confirm.ts')}'
await main(import.meta.url, { title: 'It', document: 'run', own: [] }, async ({ console }) => {
  console.print(String(await confirmed('Go on', 'add --yes to go on')))
  return 0
})`,
)

/** Runs a program of Node's on a terminal, and presses keys at its first question. */
async function press(keys: string, ...words: string[]): Promise<{ code: number | null; printed: string }> {
  const line = [process.execPath, ...words].map(quote).join(' ')
  const child = spawn('script', ['-qec', line, '/dev/null'], { cwd: folder })
  let printed = ''
  child.stdout.on('data', (chunk) => {
    const asked = /: |\? /
    if (!asked.test(printed) && asked.test(printed + chunk)) child.stdin.write(keys)
    printed += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, printed }
}
const run = (...words: string[]) =>
  $({ quiet: true, nothrow: true, cwd: folder, input: '' })`${process.execPath} ${words}`

for (const [name, key] of [
  ['Ctrl-C', '\x03'],
  ['Ctrl-D', '\x04'],
] as const)
  test(`${name} at a question ends it, without a stack trace`, async () => {
    const playbook = await press(key, asks)
    assert.equal([playbook.code, /true|false|at /.test(playbook.printed)], [130, false])
    const init = await press(key, here('bin.ts'), 'init', 'new')
    assert.is(init.code, 130)
    assert.match(init.printed, /Virtual IP, such as 10\.2\.1\.5: .*\n.*interrupted\r?\n$/s)
    assert.not.ok(readdirSync(folder).includes('new'))
  })

test('an answer, and nobody there to give one', async () => {
  assert.match((await press('y\r', asks)).printed, 'true')
  const { exitCode, stderr } = await run(asks)
  assert.equal([exitCode, stderr], [3, 'stdin is not a terminal: add --yes to go on\n'])
})

const given = ['--vip', '10.2.1.5', '--network', '10.2.1.0/24', '--hosts', 'ns1=10.2.1.2,ns2=10.2.1.3']
writeFileSync(
  join(folder, 'k.conf'),
  'vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 5\n priority 100\n virtual_ipaddress { 10.2.1.5/24 }\n}\n',
)
const toImport = [here('playbooks/import.mts'), 'k.conf', '--nodes', 'ns1=10.2.1.2,ns2=10.2.1.3', '--output']
writeFileSync(join(folder, 'mine'), 'mine\n')
symlinkSync(join(folder, 'nowhere'), join(folder, 'link'))

const refused: [what: string, words: string[], why: string][] = [
  ['import: a file', [...toImport, 'mine'], 'mine is there already, and stays as it is: name another file\n'],
  [
    'import: a link to nowhere',
    [...toImport, 'link'],
    'link is there already, and stays as it is: name another file\n',
  ],
  [
    'import: a folder that is not there',
    [...toImport, 'none/x'],
    "none/x can't be written: there is no folder none; make it, or name another file\n",
  ],
  [
    'init: a file in place of the folder',
    [here('bin.ts'), 'init', 'mine', ...given],
    "the folder mine can't be made (EEXIST): name another\n",
  ],
]
for (const [what, words, why] of refused)
  test(`nothing is written over what is there: ${what}`, async () => {
    const { exitCode, stderr } = await run(...words)
    assert.equal([exitCode, stderr], [3, why])
    assert.equal(
      [readFileSync(join(folder, 'mine'), 'utf8'), readdirSync(folder).includes('nowhere')],
      ['mine\n', false],
    )
  })

test('nothing is written over what is there: init, links to nowhere and files of like names', async () => {
  for (const name of ['inventory.yaml', 'example.mts']) {
    const inside = join(folder, `in-${name}`)
    mkdirSync(inside)
    symlinkSync(join(folder, 'nowhere'), join(inside, name))
    assert.match((await run(here('bin.ts'), 'init', inside, ...given)).stderr, `${name} is there already`)
    assert.equal(readdirSync(inside), [name])
  }
  const like = join(folder, 'like')
  mkdirSync(like)
  writeFileSync(join(like, 'inventory.yaml.new'), 'mine\n')
  assert.is((await run(here('bin.ts'), 'init', like, ...given)).exitCode, 0)
  assert.is(readFileSync(join(like, 'inventory.yaml.new'), 'utf8'), 'mine\n')
})

test.run()
