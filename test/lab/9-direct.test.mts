// Direct routing, with hosts that are director and real server at once.
import * as assert from 'uvu/assert'
import { bring, rolled } from './balanced.ts'
import { asked, disconnect, inventoryWith, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

const both = inventoryWith('balancing: { method: dr }', 'direct')

for (const level of [1, 2, 1, 2] as const)
  test(`both at once: to level ${level}, under questions once there is a cluster`, async () => {
    if (level === 1 && (await on('ns1', 'systemctl is-active keepalived || true')) !== 'active\n')
      return bring(level, both, nodes)
    assertNothingLost(await asked('remote', () => bring(level, both, nodes), both))
  })

test('both at once: again there is nothing to change, and the VIP is on lo and answers no ARP', async () => {
  const again = await playbook('level2', '--inventory', both)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  const { holder } = again.document.cluster!
  const other = nodes.find((name) => name !== holder)!
  assert.match(await on(other, 'ip -o -4 address show to 10.2.1.5'), /^\d+: lo +inet 10\.2\.1\.5\/32/)
  const mac = await on(holder!, 'cat /sys/class/net/eth0/address')
  const said = await on('client', 'ip neighbour flush to 10.2.1.5; ping -c 3 -q 10.2.1.5; ip neighbour show 10.2.1.5')
  assert.match(said, new RegExp(`lladdr ${mac.trim()}`))
})

test('both at once: an address that is gone from lo is told, and comes back', async () => {
  await on('ns1', 'ip address delete 10.2.1.5/32 dev lo')
  const { code, document } = await playbook('verify', '--inventory', both)
  assert.is(code, 5)
  assert.ok(document.cluster!.findings.some((one) => one.code === 'not-on-loopback' && one.node === 'ns1'))
  await bring(2, both, nodes)
})

test('both at once: a rolling reboot loses nothing', async () => assertNothingLost(await rolled(both)))

test('the method of a cluster at work does not change', async () => {
  const { code, text } = await playbook('level2', '--check')
  assert.is(code, 1)
  assert.match(
    text,
    /cluster\.balancing\.method: is nat, and keepalived here works with lvs_method DR; .*level 1 first/,
  )
  await playbook('teardown', '--inventory', both)
  assert.is(
    await on('ns1', 'ip -o address show to 10.2.1.5; ls /etc/systemd/system/virtual-ip* 2>/dev/null || true'),
    '',
  )
})

test('both at once by IP in IP: level 2, and again without a change', async () => {
  const tunnelled = inventoryWith('balancing: { method: tun }', 'tunnelled')
  // A filter that knows connections may not take halves of them for broken ones.
  const strict = 'PREROUTING -p tcp -m conntrack --ctstate INVALID -j DROP'
  for (const node of nodes) await on(node, `iptables -t mangle -I ${strict}`)
  await bring(2, tunnelled, nodes)
  const again = await playbook('level2', '--inventory', tunnelled)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  for (const node of nodes) await on(node, `iptables -t mangle -D ${strict}`)
  assert.is((await playbook('teardown', '--inventory', tunnelled)).code, 0)
})

test.run()
