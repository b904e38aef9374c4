// Several addresses on real machines: active/active by two instances, IPv6 beside IPv4, virtual servers on each address.
import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { ProberSummary } from '../../engine/clients/prober.ts'
import { start } from '../../lab/lab.ts'
import {
  asked,
  disconnect,
  holder,
  holderWithin,
  inventoryWith,
  kill,
  nodes,
  on,
  other,
  playbook,
  resetWithPackages,
  startLab,
  until,
} from './cluster.ts'
import { test } from './suite.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

const inventory = inventoryWith(`prefer: ns1
  more_vips: [10.2.1.8, "2001:db8::5"]
  instances: { other: { vip: 10.2.1.9, prefer: ns2 } }`)
const vips = { ns1: ['10.2.1.5', '10.2.1.8', '2001:db8::5'], ns2: ['10.2.1.9'] }

const run = (level: 1 | 2, ...more: string[]) => playbook(`level${level}`, '--inventory', inventory, ...more)
const verify = () => playbook('verify', '--inventory', inventory)

/** Each node has the addresses that prefer it, and no other. */
async function assertShared(): Promise<void> {
  const check = await verify()
  assert.is(check.code, 0, check.text)
  assert.equal(check.document.cluster!.holders, { VI_1: 'ns1', other: 'ns2' })
  for (const node of nodes) {
    const there = await on(node, 'ip -o address show')
    for (const [owner, addresses] of Object.entries(vips))
      for (const address of addresses)
        assert.is(there.includes(` ${address}/`), owner === node, `${address} on ${node}`)
  }
}

for (const level of [1, 2] as const) {
  test(`level ${level}: both nodes have addresses of their own, and again there is nothing to change`, async () => {
    const first = await run(level)
    assert.is(first.code, 0, first.text)
    await until(assertShared)
    const again = await run(level)
    assert.equal(
      again.document.hosts!.flatMap(({ changes }) => changes),
      [],
    )
  })

  test(`level ${level}: a node that dies leaves its addresses to the other, within VRRP's time, and takes them back`, async () => {
    await kill('ns2')
    const began = performance.now()
    await until(() =>
      on('client', 'dig @10.2.1.9 +short +tries=1 +timeout=1 health.load.balance. TXT | grep nameserver'),
    )
    console.log(`10.2.1.9 answers again after ${((performance.now() - began) / 1000).toFixed(1)} s`)
    assert.match(await on('ns1', 'ip -o address show'), ' 10.2.1.9/')
    await start('ns2')
    await sleep(8000)
    await until(assertShared)
  })
}

/** There are four moves in a roll of two instances, and each may cost an answer on a machine that is busy. */
function assertHardlyLost({ tallies }: Pick<ProberSummary, 'tallies'>): void {
  const all = Object.values(tallies)
  const [lost, sent] = [
    all.reduce((sum, one) => sum + one.lost - one.slow, 0),
    all.reduce((sum, one) => sum + one.sent, 0),
  ]
  console.log(`${lost} of ${sent} answers were lost`)
  assert.ok(sent > 2000 && lost <= 2, `${lost} of ${sent}`)
}

test('level 2: a rolling reboot hands over what each node has, and hardly loses anything', async () => {
  const seen = await asked(
    'remote',
    async () => {
      const rolled = await playbook('rolling-reboot', '--inventory', inventory)
      assert.is(rolled.code, 0, rolled.text)
      assertHardlyLost(rolled.document.prober!)
    },
    inventory,
  )
  assertHardlyLost(seen)
  await disconnect(nodes)
  await until(assertShared)
})

test('status names each instance, and teardown leaves no address behind', async () => {
  const { text } = await playbook('status', '--inventory', inventory)
  assert.match(text, /VRRP VI_1 MASTER, holds 10\.2\.1\.5, VRRP other BACKUP, without 10\.2\.1\.9/)
  assert.match(text, /healthy: ns1 holds 10\.2\.1\.5, ns2 holds 10\.2\.1\.9/)
  const gone = await playbook('teardown', '--inventory', inventory)
  assert.is(gone.code, 0, gone.text)
  for (const node of nodes)
    assert.is(await on(node, "ip -o address show | grep -E '10\\.2\\.1\\.[589]/|2001:db8' || true"), '')
})

test('what is in one group moves together, by standby too', async () => {
  const together = inventoryWith('sync: true\n  instances: { inside: { vip: 10.2.1.9 } }', 'together')
  const run = await playbook('level1', '--inventory', together)
  assert.is(run.code, 0, run.text)
  const { holders } = run.document.cluster!
  assert.is(holders.inside, holders.VI_1)
  const first = holders.VI_1!
  await on(first, 'echo 1 >/etc/keepalived/standby')
  await until(async () => {
    const { document } = await playbook('verify', '--inventory', together)
    assert.equal(document.cluster!.holders, { VI_1: other(first), inside: other(first) })
  })
  await on(first, 'echo 0 >/etc/keepalived/standby')
})

test('level 2: an address of another network, on another interface than the nodes', async () => {
  await resetWithPackages()
  const elsewhere = inventoryWith('vip_interface: eth1', 'elsewhere')
  writeFileSync(elsewhere, readFileSync(elsewhere, 'utf8').replace('10.2.1.5', '10.9.0.5'))
  // Only eth1 answers ARP for what it has, so that questions come in by it.
  for (const node of nodes)
    await on(node, 'ip link set eth1 up; sysctl -qw net.ipv4.conf.eth{0,1}.arp_ignore=1 net.ipv4.conf.eth1.rp_filter=2')
  await on('client', 'ip route replace 10.9.0.5 dev eth0')
  const first = await playbook('level2', '--inventory', elsewhere)
  assert.is(first.code, 0, first.text)
  for (const { answered } of first.document.cluster!.answers)
    assert.equal([...new Set(Object.values(answered).flat())].toSorted(), [...nodes])
  const again = await playbook('level2', '--inventory', elsewhere)
  assert.equal([again.code, again.document.hosts!.flatMap(({ changes }) => changes)], [0, []])
  const there = await Promise.all(nodes.map((node) => on(node, 'ip -o address show dev eth1 to 10.9.0.5/32')))
  assert.is(there.filter((text) => text !== '').length, 1)
  const gone = await playbook('teardown', '--inventory', elsewhere)
  assert.is(gone.code, 0, gone.text)
  for (const node of nodes) assert.is(await on(node, 'ip -o address show | grep -F 10.9.0.5/ || true'), '')
})

/** Asks the virtual IP, and looks at the MAC of its neighbour. */
async function assertVirtualMac(): Promise<void> {
  const ask = 'dig @10.2.1.5 +short +tries=3 +timeout=1 health.load.balance. TXT | grep nameserver'
  assert.match(await on('client', `${ask}; ip neighbour show 10.2.1.5`), 'lladdr 00:00:5e:00:01:05')
}

test('a virtual MAC, and AH: the rule for it alone lets adverts in, and neighbours see one MAC wherever the address is', async () => {
  await resetWithPackages()
  const theirs = 'iptables -A INPUT -p ah -j DROP; iptables -A INPUT -p vrrp -j DROP'
  for (const node of nodes) await on(node, `touch /run/well; ${theirs}`)
  const checks = 'checks: { well: { command: /usr/bin/test -e /run/well } }'
  const own = inventoryWith(`vmac: true\n  auth_type: AH\n  ${checks}`, 'vmac')
  const first = await playbook('level1', '--inventory', own)
  assert.is(first.code, 0, first.text)
  const again = await playbook('level1', '--inventory', own)
  assert.equal([again.code, again.document.hosts!.flatMap(({ changes }) => changes)], [0, []])
  await assertVirtualMac()
  const from = await holder()
  assert.match(await on(from, 'ip -o address show dev vrrp.5'), ' 10.2.1.5/32 ')
  assert.match(await on(other(from), 'iptables -nvxL INPUT | grep vrrp-in'), /^ *[1-9]/)
  await on(from, 'rm /run/well')
  await holderWithin(15, other(from))
  // The client still has its entry: the switch alone has to learn. Nothing may take the virtual MAC from it.
  await assertVirtualMac()
  // Killed, it leaves the address on the interface of the virtual MAC, and comes back without it.
  await on(from, 'touch /run/well')
  await on(other(from), 'pkill -KILL keepalived')
  await holderWithin(20, from)
  await assertVirtualMac()
  const gone = await playbook('teardown', '--inventory', own)
  assert.is(gone.code, 0, gone.text)
  for (const node of nodes) assert.is(await on(node, 'ip -o link show type macvlan'), '')
})

test.run()
