// A cluster in operation, on real machines: changes under questions, what stops rolling reboots, status.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import {
  disconnect,
  holder,
  holderWithin,
  killedAt,
  inventoryWith,
  on,
  other,
  playbook,
  resetWithPackages,
  startLab,
  until,
} from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level3')).code, 0)
})
test.after(() => disconnect())

test('a configuration change on a live cluster loses nothing', async () => {
  const { seen } = await watched('level3', '--no-verify', '--inventory', inventoryWith('health_check: { retries: 4 }'))
  assertNothingLost(seen)
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test('a node that preempts takes the VIP back when it is undrained, and nothing is lost', async () => {
  const preempting = ['--inventory', inventoryWith('preempt: true')]
  assert.is((await playbook('level3', '--no-verify', ...preempting)).code, 0)
  await holderWithin(30, 'ns1')
  const { run, seen } = await watched('rolling-reboot', '--without-reboot', ...preempting)
  assert.match(run.text, /ns1 {2}undrain +it holds 10\.2\.1\.5 again/)
  assert.is(await holder(), 'ns1')
  for (const account of [run.document.prober!, seen]) assertNothingLost(account)
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test('the controller killed in the middle: refused without --resume, and ended with it', async () => {
  await killedAt(/wait for connections/, 'rolling-reboot', '--without-reboot')
  // The hosts notice within seconds that nobody is there any more.
  await sleep(10_000)
  const again = await playbook('rolling-reboot', '--without-reboot')
  assert.is(again.code, 1)
  assert.match(again.document.error!, /was begun by .* and not ended; go on with it: --resume/)
  assert.is((await playbook('rolling-reboot', '--resume', '--without-reboot')).code, 3)
  const resumed = await playbook('rolling-reboot', '--resume')
  assert.is(resumed.code, 0, resumed.text)
  assert.ok(!resumed.document.steps!.some(({ step }) => step === 'reboot'))
  assert.is((await playbook('rolling-reboot', '--resume')).document.error, 'there is no rolling reboot to go on with')
})

test('a node that is not back in time, and then without its service: it stays drained until --resume sees it well', async () => {
  const node = other(await holder())
  const unreachable = await playbook(
    'rolling-reboot',
    '--limit',
    node,
    '--boot-timeout',
    '2',
    '--before',
    'systemctl disable named',
  )
  assert.is(unreachable.code, 4)
  assert.match(unreachable.document.error!, `${node} did not come back within 2 s`)
  assert.match(unreachable.document.error!, `holds 10.2.1.5 and serves`)
  await disconnect([node])
  await until(() => on(node, 'systemctl is-system-running --wait || true'))
  const unwell = await playbook('rolling-reboot', '--resume', '--limit', node)
  assert.is(unwell.code, 1)
  assert.match(unwell.document.error!, `not healthy after the work on ${node}: ${node}: named is inactive`)
  const status = await playbook('status')
  assert.is(status.code, 5)
  assert.match(status.text, `${node} is drained`)
  await on(node, 'systemctl enable -q --now named')
  const resumed = await playbook('rolling-reboot', '--resume', '--limit', node)
  assert.is(resumed.code, 0, resumed.text)
  assert.ok(!resumed.document.steps!.some(({ step }) => step === 'reboot'))
})

test('a VIP that does not move: the node is undrained, and none is rebooted', async () => {
  const was = await holder()
  const vrrp = (signal: string) =>
    on(other(was), `kill -${signal} $(cat /run/keepalived/vrrp.pid 2>/dev/null || cat /run/vrrp.pid)`)
  await vrrp('STOP')
  const run = await playbook('rolling-reboot', '--limit', was, '--drain-timeout', '8')
  await vrrp('CONT')
  assert.is(run.code, 1)
  assert.match(run.document.error!, `10.2.1.5 did not move away from ${was} within 8 s`)
  assert.match(run.document.error!, `${was} was undrained, and no node was rebooted`)
  await sleep(5000)
  const check = await playbook('verify')
  assert.is(check.code, 0, check.text)
})

test('status: healthy, and what is pending and wrong', async () => {
  const executions = () => on('ns1', 'journalctl -q -o cat -t sudo | grep -c COMMAND')
  const before = Number(await executions())
  const well = await playbook('status')
  assert.is(well.code, 0, well.text)
  // The second count is an execution itself.
  assert.ok(Number(await executions()) - before - 1 <= 3)
  assert.match(well.text, /healthy: ns\d holds 10\.2\.1\.5/)
  await on('ns1', 'rm /etc/modules-load.d/ip_vs.conf; systemctl stop named')
  const unwell = await playbook('status')
  await on('ns1', 'systemctl start named')
  assert.is(unwell.code, 5)
  assert.match(unwell.text, 'not healthy: ns1: named is inactive')
  assert.match(unwell.text, 'file /etc/modules-load.d/ip_vs.conf')
  assert.is((await playbook('level3', '--no-verify')).code, 0)
})

test('--start-at and --tags leave changes out and name them, and the next run makes them', async () => {
  const [first, second] = ['/etc/modules-load.d/ip_vs.conf', '/etc/keepalived/keepalived-notify.sh']
  await on('ns1', `rm ${first}; echo '# by hand' >>${second}`)
  const run = await playbook('level3', '--no-verify', '--start-at', `file ${second}`)
  assert.is(run.code, 0, run.text)
  assert.match(run.text, `ns1  left out      file ${first}`)
  const [made, later] = [run, await playbook('level3', '--no-verify')].map(({ document }) =>
    document.hosts![0]!.changes.map(({ task }) => task),
  )
  assert.equal([made, later], [[`file ${second}`], [`file ${first}`]])

  await on('ns1', `rm ${first}; echo '# by hand' >>${second}`)
  const tagged = await playbook('level3', '--no-verify', '--tags', 'ipvs')
  assert.is(tagged.code, 0, tagged.text)
  assert.match(tagged.text, `ns1  left out      file ${second}`)
  assert.is((await playbook('level3', '--check', '--tags', 'ipvs')).code, 0)
  const [kind, rest] = [tagged, await playbook('level3', '--no-verify', '--skip-tags', 'ipvs')].map(({ document }) =>
    document.hosts![0]!.changes.map(({ task }) => task),
  )
  assert.equal([kind, rest], [[`file ${first}`], [`file ${second}`]])

  const wrong = await playbook('level3', '--start-at', 'file /etc/nowhere')
  assert.is(wrong.code, 3)
  assert.match(wrong.text, 'no host has such a task')
})

test.run()
