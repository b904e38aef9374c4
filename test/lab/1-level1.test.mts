// Level 1 on real machines: from nothing, again, and the article's failover.
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import type { Documents } from '../../documents/all.ts'
import { start } from '../../lab/lab.ts'
import {
  disconnect,
  fingerprint,
  holder,
  holderWithin,
  kill,
  nodes,
  on,
  other,
  playbook,
  reset,
  startLab,
  until,
} from './cluster.ts'

const tasksOf = (hosts: Documents['run']['hosts']) =>
  hosts!.map(({ host, changes }) => [host, changes.map(({ task }) => task)])

test.before(async () => {
  await startLab()
  await reset()
})

test.after(() => disconnect())

test('level 1 from nothing: check mode announces exactly what the run then changes, and changes nothing', async () => {
  const before = await Promise.all(nodes.map(fingerprint))
  const check = await playbook('level1', '--check')
  assert.is(check.code, 2)
  assert.equal(await Promise.all(nodes.map(fingerprint)), before)
  const run = await playbook('level1')
  assert.is(run.code, 0, run.text)
  assert.equal(tasksOf(run.document.hosts), tasksOf(check.document.hosts))
  assert.ok(run.document.hosts!.every(({ changes }) => changes.length > 10))
})

test('level 1 again: nothing to change, no file touched, at most three executions a host', async () => {
  const before = await Promise.all(nodes.map(fingerprint))
  const run = await playbook('level1')
  assert.is(run.code, 0, run.text)
  for (const { status, changes, executions } of run.document.hosts!) {
    assert.is(status, 'ok')
    assert.equal(changes, [])
    assert.is(executions, 2)
  }
  assert.equal(await Promise.all(nodes.map(fingerprint)), before)
})

test('the holder of the VIP answers alone, and keepalived restarted on it moves the VIP', async () => {
  const before = await holder()
  await on(before, 'systemctl restart keepalived')
  await holderWithin(8, other(before))
  const check = await playbook('verify')
  assert.is(check.code, 0, check.text)
  assert.is(check.document.cluster!.holder, other(before))
  assert.ok(check.document.cluster!.answers[0]!.answered.UDP!.every((name) => name === other(before)))
  // A machine may be asked before keepalived has ended its delay at the start.
  await until(async () =>
    assert.match(await on(before, 'cat /run/keepalived.INSTANCE.VI_1.state'), /MASTER[\s\S]*STOP[\s\S]*BACKUP/),
  )
  assert.match(await on(other(before), 'tail -n 1 /run/keepalived.INSTANCE.VI_1.state'), 'INSTANCE VI_1 MASTER 100')
})

test('keepalived killed on the holder: its state does not stay MASTER', async () => {
  const before = await holder()
  await on(before, 'pkill -KILL keepalived')
  await holderWithin(8, other(before))
  await until(async () =>
    assert.match(await on(before, 'tail -n 2 /run/keepalived.INSTANCE.VI_1.state'), /STOP[\s\S]*BACKUP/),
  )
})

test('named stopped on the holder: the other node takes over', async () => {
  const before = await holder()
  await on(before, 'systemctl stop named')
  await holderWithin(12, other(before))
  await on(before, 'systemctl start named')
})

test('the machine of the holder is killed: the other node answers; back again, it leaves the VIP there', async () => {
  const before = await holder()
  await kill(before)
  await until(() => on('client', 'dig @10.2.1.5 +short +tries=1 +timeout=2 health.load.balance. TXT | grep nameserver'))
  const down = await playbook('verify')
  assert.is(down.code, 4)
  assert.match(down.text, before)
  await start(before)
  await sleep(8000)
  const check = await playbook('verify')
  assert.is(check.code, 0, check.text)
  assert.is(check.document.cluster!.holder, other(before))
})

test.run()
