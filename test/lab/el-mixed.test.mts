// A cluster of one Debian machine, with iptables, and one shaped like Enterprise Linux, with firewalld and SELinux that enforces; it
// serves DNS and the web.
import * as assert from 'uvu/assert'
import { disconnect, holder, inventoryWith, on, other, playbook, reset, startLab } from './cluster.ts'
import { denials } from './denials.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

test.before(async () => {
  await startLab()
  await reset()
})
test.after(() => disconnect())

const inventory = ['--inventory', inventoryWith('services: { dns: { type: dns }, web: { type: http } }')]

for (const level of [1, 3, 2] as const)
  test(`level ${level}${level === 1 ? ' from nothing' : ' on the live cluster loses nothing'}, and again there is nothing to change`, async () => {
    if (level === 1) {
      const run = await playbook('level1', ...inventory)
      assert.is(run.code, 0, run.text)
    } else {
      assertNothingLost((await watched(`level${level}` as const, ...inventory)).seen)
    }
    assert.equal(await denials(['ns2']), [])
    assert.is(await on('ns2', 'getenforce'), 'Enforcing\n')
    const again = await playbook(`level${level}` as const, ...inventory)
    assert.is(again.code, 0, again.text)
    assert.equal(
      again.document.hosts!.flatMap(({ changes }) => changes),
      [],
    )
  })

test('a rolling reboot at level 2 loses nothing', async () => {
  assertNothingLost((await watched('rolling-reboot', ...inventory)).seen)
})

test('the holder of either family dies, and the other one has the virtual IP', async () => {
  const first = await holder()
  for (const [at, command] of [
    [first, 'stop'],
    [first, 'start'],
    [other(first), 'stop'],
    [other(first), 'start'],
  ] as const)
    await on(at, `sleep 8; systemctl ${command} keepalived; sleep 4`)
  assert.is(await holder(), first)
  const verify = await playbook('verify', ...inventory)
  assert.is(verify.code, 0, verify.text)
})

test.run()
