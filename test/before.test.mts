// Level playbooks whose check at the end could not be made: refused before any host is worked on.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { freePort } from './port.ts'

const folder = mkdtempSync(join(tmpdir(), 'before-'))
test.after(() => rmSync(folder, { recursive: true }))
const inventory = join(folder, 'inventory.yaml')
// Nobody listens there: whatever is tried first is what the run ends with.
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

/** Runs a playbook to its end. */
function play(name: string, ...args: string[]) {
  const script = new URL(`../playbooks/${name}.mts`, import.meta.url).pathname
  const words = [script, '--inventory', inventory, '--yes', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
  return { status, stderr, hosts: /^ns[12]\b.*unreachable/m.test(stdout), stdout }
}

const runs: [playbook: string, args: string[], refused?: RegExp][] = [
  ['level1', [], /^desk: .*\nOr leave the check at the end out: --no-verify\n$/],
  ['level1', ['--check'], /^desk: .*\nOr leave the check at the end out: --no-verify\n$/],
  ['level1', ['--no-verify']],
  ['level1', ['--limit', 'ns1']],
  ['teardown', []],
  ['rolling-reboot', ['--check'], /^desk: .*\n$/],
  ['drill', [], /^desk: .*\n$/],
]
for (const [name, args, refused] of runs) {
  test(`a client that is away: ${[name, ...args].join(' ')}`, () => {
    const { status, stderr, hosts, stdout } = play(name, ...args)
    assert.is(status, 4, stderr)
    assert.is(hosts, !refused, stdout)
    if (refused) assert.match(stderr, refused)
    else assert.not.match(stderr + stdout, /desk/)
  })
}

test('drills have a playbook of their own, and verify says so', () => {
  const { status, stderr } = play('verify', '--drill', '--drill-kill')
  assert.is(status, 3)
  assert.match(stderr, 'drills have a playbook of their own: npx zx playbooks/drill.mts')
})

test.run()
