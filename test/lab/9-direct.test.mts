// Direct routing: with hosts that are director and real server at once, and with real servers of their own.
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { reset, start } from '../../lab/lab.ts'
import { asked, disconnect, inventoryWith, kill, nodes, on, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost } from './watched.ts'

const spare = ['ns3', 'ns4'] as const

test.before(async () => {
  await startLab()
  await Promise.all(spare.map((name) => start(name)))
  await reset(spare)
  await resetWithPackages()
})
test.after(async () => {
  for (const name of spare) await kill(name)
  await disconnect()
})

const both = inventoryWith('balancing: { method: dr }', 'direct')
const roll = (inventory: string, ...more: string[]) =>
  asked(
    'remote',
    async () => {
      const rolled = await playbook('rolling-reboot', '--inventory', inventory, ...more)
      assert.is(rolled.code, 0, rolled.text)
      assertNothingLost(rolled.document.prober!)
      // Connections of before the reboots are dead.
      await disconnect()
    },
    inventory,
  )

/** Brings a cluster to a level, and looks at who has answered and whom the nodes have seen. */
async function bring(
  level: 1 | 2,
  inventory: string,
  real: readonly string[],
  expected = [['10.2.1.10'], ['10.3.1.10']],
): Promise<void> {
  const { code, text, document } = await playbook(`level${level}`, '--inventory', inventory)
  assert.is(code, 0, text)
  const { answers, findings, seen } = document.cluster!
  assert.equal(findings, [])
  for (const { answered } of answers)
    for (const who of Object.values(answered)) assert.equal(new Set(who).size, level === 1 ? 1 : real.length)
  if (level === 1) return
  assert.equal(new Set(answers.flatMap(({ answered }) => Object.values(answered).flat())), new Set(real))
  assert.equal(
    seen.map(({ addresses }) => addresses),
    expected,
  )
}

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

test('both at once: a rolling reboot loses nothing', async () => assertNothingLost(await roll(both)))

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

const apart = join(tmpdir(), `apart-${process.pid}.yaml`)

test('real servers of their own: level 2 from nothing, and again without a change', async () => {
  const text = inventoryWith('balancing: { method: dr }\n  service: { type: http }', 'apart-of')
  writeFileSync(
    apart,
    readFileSync(text, 'utf8')
      .replaceAll(/second: \{.*?\}/g, 'role: director')
      .replace(
        'clients:',
        `  ns3: { address: 10.2.1.4, role: real_server, ssh: { host: ns3 } }
  ns4: { address: 10.2.1.40, role: real_server, ssh: { host: ns4 } }
clients:`,
      ),
  )
  await bring(2, apart, spare)
  const again = await playbook('level2', '--inventory', apart)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  assert.is(await on('ns3', 'command -v keepalived ipvsadm || true'), '')
  const status = await playbook('status', '--inventory', apart)
  assert.is(status.code, 0, status.text)
})

test('real servers of their own: a rolling reboot of all four loses nothing', async () => {
  assertNothingLost(await roll(apart))
})

test('real servers of their own: the drills know them', async () => {
  const { code, text } = await playbook('drill', '--inventory', apart, '--check')
  assert.is(code, 2, text)
  assert.match(text, /stop nginx on ns[34]/)
})

/** Takes ns4 into a network behind the router, until its next boot. */
async function behindRouter(): Promise<void> {
  await on('client', 'ip address replace 10.4.1.1/24 dev eth0')
  const back = ['10.2.1.2', '10.2.1.3', '10.2.1.5'].map((to) => `ip route replace ${to} via 10.4.1.1`)
  await on('ns4', ['ip address replace 10.4.1.9/24 dev eth1', 'ip link set eth1 up', ...back].join(' && '))
}

test('real servers of their own by IP in IP, one of another network: level 2, and a rolling reboot', async () => {
  await playbook('teardown', '--inventory', apart)
  await behindRouter()
  const direct = readFileSync(apart, 'utf8')
  const text = direct.replace('method: dr', 'method: tun').replace('10.2.1.40, role', '10.4.1.9, interface: eth1, role')
  writeFileSync(apart, text)
  // Nothing of clients comes in by the interface itself, and no rule of its administrator knows IP in IP.
  const rules = ['-p tcp --dport 22', '-i lo', '-s 10.2.1.0/28 -d 10.4.1.9 -p tcp --dport 80'].map(
    (rule) => `-A INPUT ${rule} -j ACCEPT`,
  )
  await on('ns4', [...rules, '-P INPUT DROP'].map((rule) => `iptables ${rule}`).join(' && '))
  await bring(2, apart, spare)
  const again = await playbook('level2', '--inventory', apart)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  await on('ns4', 'ip link set tunl0 down')
  const { document } = await playbook('verify', '--inventory', apart)
  assert.ok(document.cluster!.findings.some((one) => one.code === 'tunnel-down' && one.node === 'ns4'))
  await bring(2, apart, spare)
  assertNothingLost(await roll(apart, '--limit', 'ns3'))
  await on('ns4', 'iptables -P INPUT ACCEPT; iptables -F INPUT')
  await playbook('teardown', '--inventory', apart)
  assert.is(
    await on('ns4', 'ip -o link show dev tunl0 up 2>/dev/null; ls /etc/modules-load.d/ipip.conf 2>/dev/null || true'),
    '',
  )
  writeFileSync(apart, direct)
})

test('real servers of their own by NAT, one of another network, on another port than clients ask: level 2, and a rolling reboot', async () => {
  await behindRouter()
  const text = readFileSync(apart, 'utf8')
    .replace('balancing: { method: dr }', '')
    .replace('type: http', 'type: http, real_port: 8080')
    .replace('10.2.1.40, role', '10.4.1.9, interface: eth1, role')
  writeFileSync(apart, text)
  await bring(2, apart, spare, [])
  assert.match(await on('ns3', 'ss -Hltn'), /:8080 /)
  const again = await playbook('level2', '--inventory', apart)
  assert.equal(
    again.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  assertNothingLost(await roll(apart, '--limit', 'ns3'))
  await on('client', 'ip address delete 10.4.1.1/24 dev eth0')
})

test.run()
