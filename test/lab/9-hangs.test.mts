// keepalived hangs now and then when somebody takes the virtual IP off its interface: it is started again.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level3')).code, 0)
})
test.after(() => disconnect())

/** @returns how often a hang has been found */
const found = async () => {
  const said = await Promise.all(nodes.map((node) => on(node, 'journalctl -q -u keepalived-watch -o cat --no-pager')))
  return said.join('').split('has done nothing').length - 1
}

test('the virtual IP is deleted until keepalived hangs: within 30 seconds one node has it again, and all is well', async () => {
  // Both nodes take the address at the same moment in about every third attempt.
  for (let left = 30; left > 0 && (await found()) === 0; left--) {
    const holder = await holderWithin(40)
    await on(holder, 'ip address delete 10.2.1.5/32 dev eth0')
    await sleep(6000)
  }
  assert.ok((await found()) > 0, 'it never hung')
  await holderWithin(30)
  const verify = await playbook('verify')
  assert.is(verify.code, 0, verify.text)
})

test.run()
