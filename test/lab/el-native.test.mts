// Routes and rules of level 3 in NetworkManager's own profile, on machines shaped like Enterprise Linux: `routing: native`.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, inventoryWith, nodes, on, other, playbook, reset, startLab } from './cluster.ts'
import { denials } from './denials.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

const native = ['--inventory', inventoryWith('routing: native')]

test.before(async () => {
  await startLab()
  await reset()
})
test.after(() => disconnect())

/** Nothing is left to change, nothing is wrong, and nothing of the script is there. */
async function assertWell(): Promise<void> {
  const run = await playbook('level3', ...native)
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  assert.equal(run.document.cluster!.findings, [])
  assert.equal(await denials(nodes), [])
  const ofScript =
    'ls /etc/keepalived/routes.sh /etc/systemd/system/keepalived-routes.service 2>/dev/null; ip route show table 20 2>/dev/null; true'
  for (const node of nodes) assert.is(await on(node, ofScript), '')
}

test('level 3 from nothing, with the routes in the profile of the second interface', async () => {
  const run = await playbook('level3', ...native)
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.cluster!.seen!.map(({ addresses }) => addresses),
    [['10.2.1.10'], ['10.3.1.10']],
  )
  await assertWell()
})

test('NetworkManager sets up its interfaces anew, on the holder too: routes and rules are there', async () => {
  const holds = await holderWithin(10)
  for (const node of [other(holds), holds]) {
    await on(node, 'nmcli device reapply eth1; nmcli connection up keepalived-eth1; systemctl restart NetworkManager')
    await sleep(8000)
    await assertWell()
  }
})

test('a route and a rule that somebody has taken away come back by a run', async () => {
  const node = await holderWithin(10)
  await on(node, 'ip route flush table 21; ip rule delete priority 1021')
  const run = await playbook('level3', ...native)
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.hosts!.flatMap(({ changes }) => changes.map(({ task }) => task)),
    ['answers from the second address go back through the virtual IP'],
  )
  await assertWell()
})

test('a rolling reboot loses nothing', async () => {
  assertNothingLost((await watched('rolling-reboot', ...native)).seen)
  await assertWell()
})

test('to the script and back on the live cluster: nothing is lost', async () => {
  assertNothingLost((await watched('level3')).seen)
  const again = await playbook('level3')
  assert.is(again.code, 0, again.text)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  for (const node of nodes) assert.not.match(await on(node, 'ip route show table 21; ip rule'), 'proto static')
  assertNothingLost((await watched('level3', ...native)).seen)
  await assertWell()
})

test('level 2 loses nothing, and nothing of the routes is left', async () => {
  assertNothingLost((await watched('level2', ...native)).seen)
  for (const node of nodes)
    assert.is(await on(node, 'ip rule | grep -c 10.2.1; ip route show table 21 2>/dev/null; true'), '0\n')
})

test.run()
