// The package in a project of somebody else's: its program, its types, and the examples.
import { execFileSync, spawnSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../../inventory/load.ts'
import { packedProject } from '../packed.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const project = packedProject()
test.after(() => rmSync(project, { recursive: true }))

const run = (...words: string[]) => spawnSync(process.execPath, words, { cwd: project, encoding: 'utf8' })
const bin = 'node_modules/keepalived-playbooks/dist/bin.js'
const given = ['--vip', '10.2.1.5', '--network', '10.2.1.0/24', '--hosts', 'ns1=10.2.1.2,ns2=10.2.1.3']
const examples = globSync('*.mts', { cwd: project })

test('its program runs playbooks by their names', () => {
  assert.match(run(bin, 'level2', '--help').stdout, /^Level 2: load balancing\n/)
  assert.is(run(bin, 'level2', '--version').stdout, `${version()}\n`)
  for (const [words, said] of [
    [['levle2'], /there is no playbook "levle2" \(did you mean "level2"\?\); there are drill, import, level1, /],
    [['status'], /an inventory is needed: --inventory FILE/],
    [[], /usage: keepalived-playbooks PLAYBOOK/],
    [['init', 'new'], /stdin is not a terminal: add --vip, --network, --hosts/],
    [['init', '--nonsense'], /nonsense.*see init --help/],
    [['init', 'bad', ...given.slice(0, 2), '--network', 'x', ...given.slice(4)], /^cluster.network: must be/],
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

test('init writes an inventory and a playbook that work, and never over others', () => {
  const { status, stdout, stderr } = run(bin, 'init', 'mine', ...given)
  assert.equal([status, stderr], [0, ''])
  assert.match(stdout, 'wrote mine/inventory.yaml')
  const { cluster, hosts } = loadInventory(join(project, 'mine/inventory.yaml'))
  assert.equal([cluster.vip, hosts.map(({ name }) => name)], ['10.2.1.5', ['ns1', 'ns2']])
  assert.is(run('mine/example.mts', '--help').status, 0)
  assert.match(run(bin, 'init', 'mine', ...given).stderr, 'inventory.yaml is there already, and stays as it is')
})

test('a document of --json has its schema in the package', () => {
  const { stdout } = run('-e', `console.log(require.resolve('keepalived-playbooks/documents/run.schema.json'))`)
  assert.is(JSON.parse(readFileSync(stdout.trim(), 'utf8')).properties.document.const, 'run')
})

test('the examples agree with its types, by the settings that the page on playbooks has', () => {
  const page = readFileSync(join(root, 'docs/writing-playbooks.md'), 'utf8')
  const [, described] = page.match(/```json\n(\{\n {2}"compilerOptions": [^]*?)```/)!
  writeFileSync(
    join(project, 'tsconfig.json'),
    JSON.stringify({ ...JSON.parse(described!), include: ['*.mts', 'mine/*.mts'] }),
  )
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', project], { stdio: 'pipe' })
  } catch (error) {
    throw new Error(String((error as { stdout: Buffer }).stdout))
  }
})

test.run()
