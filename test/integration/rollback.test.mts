// rollback.mts on two hosts, each a real sshd over a copy of this machine, from the table of runs to the exit code.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { chooseRun, runsOf, runTable } from '../../engine/commands/rollback.ts'
import { needRoot } from '../root.ts'
import { execute, knownLine } from './reach.ts'
import { password, startSshd } from './sshd.ts'

needRoot('real')

const folder = mkdtempSync(join(tmpdir(), 'rollback-'))
const sshds = await Promise.all([startSshd(), startSshd()])
test.after(async () => {
  await Promise.all(sshds.map((sshd) => sshd.stop()))
  rmSync(folder, { recursive: true })
})

// Two machines, as far as they can be told apart here.
for (const [i, sshd] of sshds.entries()) await execute(sshd, {}, `printf '%032d\n' ${i + 1} >/etc/machine-id`)

const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const config = sshds.map((sshd, i) => {
  const known = file(`known${i}`, knownLine(sshd))
  return `Host ns${i + 1}\nHostName 127.0.0.1\nPort ${sshd.port}\nUser root\nIdentityFile ${sshd.folder}/user\nUserKnownHostsFile ${known}\n`
})
file('ssh_config', `${config.join('')}Host *\nIdentityAgent none\nGlobalKnownHostsFile none\n`)
const inventory = file(
  'inventory.yaml',
  `ssh: { config: ssh_config }
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  ns1: { address: 10.2.1.2, ssh: { host: ns1 } }
  ns2: { address: 10.2.1.3, ssh: { host: ns2 } }
`,
)
const index = new URL('../../index.ts', import.meta.url).href
const writes = (text: string) =>
  file(
    'own.mts',
    `import { file, playbook } from ${JSON.stringify(index)}
await playbook(import.meta.url, { title: 'Own', tasks: () => [file('/srv/own', ${JSON.stringify(text)})] })
`,
  )

interface Document {
  hosts: { host: string; undone: boolean; code: number }[]
  runs: { id: string }[]
}

function play(script: string, ...words: string[]) {
  const args = [script, '--json', ...(words.includes('--inventory') ? [] : ['--inventory', inventory]), ...words]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, CI: 'true' },
  })
  return { status, document: JSON.parse(stdout) as Document, text: stderr }
}
const rollback = (...words: string[]) =>
  play(new URL('../../playbooks/rollback.mts', import.meta.url).pathname, ...words)
const contents = () =>
  Promise.all(
    sshds.map(async (sshd) => (await execute(sshd, {}, 'cat /srv/own 2>/dev/null || true')).stdout.toString()),
  )

// These hosts have no systemd.
const noTimer = ['--confirm-timeout', '0']

test('what is undone is shown and asked for, each host by its name, and only the run that was chosen is undone', async () => {
  assert.is(play(writes('one'), ...noTimer).status, 0)
  assert.is(play(writes('two'), '--limit', 'ns1', ...noTimer).status, 0)

  const differ = rollback('--yes')
  assert.is(differ.status, 3)
  const [second, first] = differ.document.runs.map(({ id }) => id)
  assert.match(differ.text, `--to ${second}   ns1`)
  assert.match(differ.text, `--to ${first}   ns2`)

  const check = rollback('--to', second!, '--check')
  assert.is(check.status, 2)
  assert.match(check.text, /^ns1 {2}undo file \/srv\/own$/m)
  assert.match(check.text, new RegExp(`^ns2  left alone: its newest run is ${first}$`, 'm'))
  const asked = rollback('--to', second!)
  assert.is(asked.status, 3)
  assert.match(asked.text, /^ns1 {2}will undo file \/srv\/own$/m)
  assert.match(asked.text, 'stdin is not a terminal: add --yes to go on')
  assert.equal(await contents(), ['two', 'one'])

  const undone = rollback('--to', second!, '--yes')
  assert.is(undone.status, 0, undone.text)
  assert.equal(undone.document.hosts, [
    { host: 'ns1', undone: true, code: 0 },
    { host: 'ns2', undone: false, code: 0 },
  ])
  assert.equal(await contents(), ['one', 'one'])
  assert.is(rollback('--yes').status, 0)
  assert.equal(await contents(), ['', ''])
  const nothing = rollback('--yes')
  assert.is(nothing.status, 0)
  assert.match(nothing.text, 'ns1  the journal is empty: nothing to undo')
})

test('passwords of SSH and sudo come from where the inventory says, and are shown nowhere', () => {
  writeFileSync(join(folder, 'pass'), `${password}\n`, { mode: 0o600 })
  const withSecrets = (become: string) =>
    file(
      'secrets.yaml',
      `ssh: { config: asked_config, user: asked, password: { file: pass }, become_password: ${become} }
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  ns1: { address: 10.2.1.2, ssh: { host: ns1 } }
  ns2: { address: 10.2.1.3, ssh: { host: ns2 } }
`,
    )
  file(
    'asked_config',
    config.join('').replaceAll(/User root\nIdentityFile .*\n/g, 'PubkeyAuthentication no\n') +
      'Host *\nGlobalKnownHostsFile none\n',
  )
  const run = (become: string) => play(writes('two'), '--check', '--inventory', withSecrets(become))
  const right = run('{ command: cat pass }')
  assert.is(right.status, 2, right.text)
  assert.not.match(JSON.stringify(right.document) + right.text, password)
  assert.match(run('{ command: echo wrong }').text, 'sudo did not take the password of asked')
  assert.match(
    run('{ command: cat no-pass }').text,
    /secrets\.yaml:1:\d+ ssh\.become_password\.command: "cat no-pass" ended with exit code 1/,
  )
})

const kept = (id: string, changes: string[] = ['x']) => {
  const by = `ann on desk, 2026-01-01T00:00:00.000Z, Level 2`
  return { id, name: `run-000001-${id}`, by, changes }
}

test('the table of runs: by host, the newest first, with who, when and what', () => {
  const runs = runsOf([
    { host: 'ns1', runs: [kept('b', ['x', 'y']), kept('a')] },
    { host: 'ns2', runs: [kept('a')] },
  ])
  assert.equal(runTable(runs), [
    'RUN  WHEN                  WHO          PLAYBOOK  CHANGES',
    'b    2026-01-01T00:00:00Z  ann on desk  Level 2   ns1 2 (newest)',
    'a    2026-01-01T00:00:00Z  ann on desk  Level 2   ns1 1, ns2 1 (newest)',
  ])
})

test('the run to undo is the one that all hosts had last, or the one that was asked for', () => {
  const same = runsOf([
    { host: 'ns1', runs: [kept('b'), kept('a')] },
    { host: 'ns2', runs: [kept('b')] },
    { host: 'ns3', runs: [] },
  ])
  assert.is(chooseRun(same, undefined).id, 'b')
  assert.is(chooseRun(same, 'a').id, 'a')
  assert.throws(() => chooseRun(same, 'c'), /--to: no host has a run c in its journal/)
})

test.run()
