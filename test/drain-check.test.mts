// How keepalived of each version lets go of a real server that is drained: by a file, or by a program that reads it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, tasksOf } from '../engine/runner/task.ts'
import { followsFiles } from '../tasks/cluster/drain-check.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'
import { targetOf } from '../tasks/target.ts'
import { render } from '../tasks/template.ts'
import { inventoryOf } from './variants.ts'

const facts = (ids: string, release: string, version = '') =>
  parseFacts(`os=X\nids=${ids}\nrelease=${release}\nkeepalived=${version}\ninit=systemd\n`)

for (const [ids, release, version, follows] of [
  ['debian', '12', '', true],
  ['debian', '11', '', false],
  ['debian', '', '', true],
  ['ubuntu debian', '20.04', '', false],
  ['ubuntu debian', '22.04', '', true],
  ['ol fedora', '8.9', '', false],
  ['ol fedora', '9.3', '', true],
  ['centos rhel fedora', '8', '', false],
  ['debian', '12', '2.2.7', true],
  ['rocky rhel centos fedora', '8.10', '', false],
  ['rocky rhel centos fedora', '8.10', '2.1.5', false],
  ['rocky rhel centos fedora', '8.10', '2.3.1', true],
  ['rocky rhel centos fedora', '9.4', '', true],
  ['debian', '11', '2.1.5', false],
  ['fedora', '8', '', true],
  ['debian', '13', '3.0', true],
] as const)
  test(`keepalived ${version || 'that is to come'} on ${ids} ${release} follows ${follows ? 'files' : 'a program'}`, () =>
    assert.is(followsFiles(facts(ids, release, version)), follows))

const inventory = inventoryOf(
  'cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts: { a: { address: 10.2.1.2, weight: 3 }, b: { address: 10.2.1.3 } }\n',
)
const on = (version: string) =>
  targetOf(inventory, inventory.hosts[0]!, facts('rocky rhel centos fedora', '8.10', version))

test('where keepalived follows no files, a program of the folder of its family fails for it, and is there', () => {
  const old = configuration(on('2.1.5'), 2)
  assert.match(
    old,
    /inhibit_on_failure\n[^]*misc_path "\/usr\/libexec\/keepalived\/keepalived-drain\.sh \/etc\/keepalived\/drain\/a"/,
  )
  assert.not.match(old, 'drain_a')
  const names = (version: string) => tasksOf(flatten(keepalived(on(version), 2))).map(({ name }) => name)
  const script = tasksOf(flatten(keepalived(on('2.1.5'), 2))).find(({ name }) => name.endsWith('drain.sh'))!
  const answer = script.plan({ text: '', code: 0 }, { changes: () => false })
  assert.match(String('remark' in answer && answer.remark), /FILE_CHECK, which is left out/)
  assert.ok(names('2.1.5').includes('file /usr/libexec/keepalived/keepalived-drain.sh'))
  assert.not.ok(names('2.2.8').some((name) => name.includes('drain.sh')))
  assert.match(configuration(on('2.2.8'), 2), /FILE_CHECK \{\s+track_file drain_a\s+weight -3/)
  assert.not.ok(tasksOf(flatten(keepalived(on('2.1.5'), 1))).some(({ name }) => name.includes('drain.sh')))
})

test('the program fails where the file says 1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drain-'))
  try {
    writeFileSync(join(folder, 'script'), render('keepalived-drain.sh', {}))
    const codeFor = (text: string) => {
      writeFileSync(join(folder, 'flag'), text)
      return spawnSync('sh', [join(folder, 'script'), join(folder, 'flag')]).status
    }
    assert.equal([codeFor('0\n'), codeFor('0'), codeFor('1\n'), codeFor('1')], [0, 0, 1, 1])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
