// Real servers of their own: by direct routing, by IP in IP and by NAT, one of them in another network.
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { reset, start } from '../../lab/lab.ts'
import { bring, rolled } from './balanced.ts'
import { disconnect, inventoryWith, kill, on, playbook, resetWithPackages, startLab } from './cluster.ts'
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

const apart = join(tmpdir(), `apart-${process.pid}.yaml`)

test('level 2 from nothing, and again without a change', async () => {
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

test('a rolling reboot of all four loses nothing', async () => {
  assertNothingLost(await rolled(apart))
})

test('the drills know them', async () => {
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

test('by IP in IP, one of another network: level 2, and a rolling reboot', async () => {
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
  assertNothingLost(await rolled(apart, '--limit', 'ns3'))
  await on('ns4', 'iptables -P INPUT ACCEPT; iptables -F INPUT')
  await playbook('teardown', '--inventory', apart)
  assert.is(
    await on('ns4', 'ip -o link show dev tunl0 up 2>/dev/null; ls /etc/modules-load.d/ipip.conf 2>/dev/null || true'),
    '',
  )
  writeFileSync(apart, direct)
})

test('by NAT, one of another network, on another port than clients ask: level 2, and a rolling reboot', async () => {
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
  assertNothingLost(await rolled(apart, '--limit', 'ns3'))
  await on('client', 'ip address delete 10.4.1.1/24 dev eth0')
})

test.run()
