// Clients that stay with their real server (`persistence`): a node that is drained lets go of them all the same.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { asked, disconnect, inventoryWith, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

const inventory = ['--inventory', inventoryWith('balancing: { persistence: 300 }')]

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level2', ...inventory)).code, 0)
})
test.after(() => disconnect())

test('a client stays with one node', async () => {
  const heard = await asked('client', () => sleep(5000))
  assert.is(Object.keys(heard.tallies.UDP!.answers).length, 1)
})

test('a rolling reboot loses nothing', async () => {
  assertNothingLost((await watched('rolling-reboot', ...inventory)).seen)
  for (const node of nodes) assert.is(await on(node, 'sysctl -n net.ipv4.vs.expire_quiescent_template'), '1\n')
})

test.run()
