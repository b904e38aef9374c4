// The package in a project of somebody else's: its program, its types, and the examples.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { packedProject } from './packed.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const project = packedProject()
test.after(() => rmSync(project, { recursive: true }))

const run = (...words: string[]) => spawnSync(process.execPath, words, { cwd: project, encoding: 'utf8' })
const bin = 'node_modules/keepalived-playbooks/dist/bin.js'
const examples = globSync('*.mts', { cwd: project })

test('its program runs playbooks by their names', () => {
  assert.match(run(bin, 'level2', '--help').stdout, /^Level 2: load balancing\n/)
  assert.is(run(bin, 'level2', '--version').stdout, `${version()}\n`)
  for (const [words, said] of [
    [['levle2'], /there is no playbook "levle2" \(did you mean "level2"\?\); there are drill, level1, /],
    [['status'], /an inventory is needed: --inventory FILE/],
    [[], /usage: keepalived-playbooks PLAYBOOK/],
  ] as const) {
    const { status, stderr } = run(bin, ...words)
    assert.match(stderr, said)
    assert.is(status, 3)
  }
})

const version = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version

for (const example of examples)
  test(`${example} is started by node and by zx`, () => {
    for (const program of [[], ['node_modules/zx/build/cli.js']]) {
      const { status, stdout } = run(...program, example, '--help')
      assert.is(status, 0)
      assert.match(stdout, '--inventory')
    }
  })

test('the examples agree with its types', () => {
  const options = {
    strict: true,
    module: 'nodenext',
    target: 'esnext',
    types: ['node'],
    noEmit: true,
    skipLibCheck: false,
  }
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, include: ['*.mts'] }))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(String((error as { stdout: Buffer }).stdout))
  }
})

test.run()
