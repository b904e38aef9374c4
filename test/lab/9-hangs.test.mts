// keepalived that hangs: where somebody has taken the virtual IP off its interface, and where it is told to stop.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, nodes, on, other, playbook, resetWithPackages, startLab } from './cluster.ts'
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

test('keepalived does not end when it is told to, and kills its own process: no address stays behind', async () => {
  const node = await holderWithin(30)
  await on(node, 'pkill -STOP -P "$(systemctl show -p MainPID --value keepalived)"; systemctl stop keepalived')
  assert.is(await on(node, 'ip -o address show to 10.2.1.5/32'), '')
  await holderWithin(30, other(node))
  await on(node, 'systemctl start keepalived')
})

test.run()
