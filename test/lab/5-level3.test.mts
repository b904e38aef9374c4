// Level 3 on real machines, of two network managers: from nothing, through failures, by level 1 and back, and down to none.
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import { cut, heal, start } from '../../lab/lab.ts'
import {
  booted,
  disconnect,
  fingerprint,
  holder,
  holderWithin,
  kill,
  nodes,
  on,
  other,
  playbook,
  reboot,
  rebooted,
  resetWithPackages,
  startLab,
  state,
  until,
} from './cluster.ts'
import { testWays } from './ways.ts'

/** How the hosts were before any playbook, but for the packages: these stay. */
const before = new Map<string, string[]>()
const theirs = '! a file that was there before\n'

/** ns2 gets its network from ifupdown, and what the lab needs for itself from systemd-networkd, as ns1 has all. */
const toIfupdown = `
apt-get -q -y install --no-install-recommends ifupdown
cat >/etc/network/interfaces <<END
auto lo
iface lo inet loopback

auto eth0
iface eth0 inet static
    address 10.2.1.3/24
    gateway 10.2.1.1
END
rm /etc/systemd/network/10-ns2-eth0.network
networkctl reload
ip address flush dev eth0
ifup eth0`

/** What brings the second interface up. */
const bringUp = { ns1: 'networkctl reconfigure eth1', ns2: 'ifup --force eth1' }

test.before(async () => {
  await startLab()
  await resetWithPackages()
  await on('ns2', toIfupdown)
  // How it was is how it boots: some of what systemd-networkd has set stays until then, and some units run at the first
  // boot alone.
  await Promise.all(nodes.map(rebooted))
  for (const node of nodes) {
    await on(node, `echo '${theirs.trim()}' >/etc/keepalived/keepalived.conf`)
    before.set(node, await state(node))
    // Until its first reboot it forwards as a host with Docker does.
    await on(node, 'iptables -P FORWARD DROP')
  }
})
test.after(() => disconnect())

/** Everybody answers in turn, everybody has seen both clients, nothing is left to change, no rule is there twice. */
async function assertWell(): Promise<void> {
  const run = await playbook('level3')
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  const { answers, findings, seen } = run.document.cluster!
  assert.equal(findings, [])
  assert.equal(seen, [
    { client: 'client', addresses: ['10.2.1.10'], unseen: [] },
    { client: 'remote', addresses: ['10.3.1.10'], unseen: [] },
  ])
  for (const { answered } of answers)
    for (const names of [answered.UDP, answered.TCP]) assert.equal([...new Set(names)].sort(), [...nodes])
  for (const node of nodes) {
    const rules = (await on(node, 'ip -4 rule show')).trim().split('\n')
    assert.is(new Set(rules).size, rules.length, rules.join('\n'))
    assert.is(rules.length, 5)
  }
}

test('level 3 from nothing but packages: check mode announces exactly what the run then changes, and changes nothing', async () => {
  const was = await Promise.all(nodes.map(fingerprint))
  const check = await playbook('level3', '--check')
  assert.is(check.code, 2)
  assert.equal(await Promise.all(nodes.map(fingerprint)), was)
  const run = await playbook('level3')
  assert.is(run.code, 0, run.text)
  const names = (hosts: typeof run.document.hosts) => hosts!.map(({ changes }) => changes.map(({ task }) => task))
  assert.equal(names(run.document.hosts), names(check.document.hosts))
  // Facts, probes, two phases, the confirmation between them, and the proof.
  assert.ok(run.document.hosts!.every(({ executions }) => executions <= 6))
})

test('query logging is on for the check alone', async () => {
  for (const node of nodes) assert.match(await on(node, 'rndc status'), 'query logging is OFF')
})

test('keepalived stopped and killed, and the network cut, at the holder: each time one holder within seconds', async () => {
  const stopped = await holder()
  await on(stopped, 'systemctl stop keepalived')
  await holderWithin(6, other(stopped))
  await on(stopped, 'systemctl start keepalived')
  await sleep(8000)
  await on(await holder(), 'pkill -KILL keepalived')
  await sleep(8000)
  const cutOff = await holder()
  await cut(cutOff)
  await sleep(8000)
  await heal(cutOff)
  await holderWithin(5, other(cutOff))
  await assertWell()
})

test('the second interface comes a minute after keepalived; a hundred starts of routes.sh meanwhile', async () => {
  const directs = await holder()
  const late = nodes.find((node) => node !== directs)!
  await on(late, 'ip link set eth1 down; ip address flush dev eth1; systemctl --no-block restart keepalived')
  await Promise.all([sleep(60_000), on(directs, 'for _ in {1..100}; do /etc/keepalived/routes.sh start; done')])
  await on(late, `ip link set eth1 up; ${bringUp[late]}`)
  await sleep(15_000)
  await on(late, 'systemctl is-active keepalived')
  // And then systemd-networkd reloads, reconfigures what changed, and starts again.
  await Promise.all(nodes.map((node) => on(node, 'networkctl reload; systemctl restart systemd-networkd')))
  await sleep(5000)
  await assertWell()
})

test('who sets an interface up anew takes routes and rules away: they come back by themselves', async () => {
  for (const device of ['eth0', 'eth1']) await on('ns1', `networkctl reconfigure ${device}`)
  await sleep(5000)
  await on('ns1', 'ip -4 rule delete from 10.2.1.6; ip -4 route flush table 21; true')
  await sleep(8000)
  await assertWell()
})

test('both rebooted at once, and at one eth1 comes up long before eth0', async () => {
  const late = 'ns1'
  await cut(late, 'eth0')
  await Promise.all([rebooted(other(late)), reboot(late)])
  await on(late, 'until ip -o -4 address show dev eth1 | grep inet; do sleep 1; done')
  assert.is(await on(late, 'ip -o -4 address show dev eth0'), '')
  await heal(late, 'eth0')
  await booted(late)
  await sleep(8000)
  await assertWell()
})

test('the machine of the holder is killed and comes back', async () => {
  const was = await holder()
  await kill(was)
  // The VIP moves within seconds; the checks need some more to find that nobody answers on the second address.
  await until(() => on('remote', 'dig @10.2.1.5 +short +tries=1 +timeout=2 health.load.balance. TXT | grep nameserver'))
  await start(was)
  await sleep(8000)
  await assertWell()
})

// 9-ways has the others.
testWays(3, [2, 1, 3])

test('a missing second interface is an error that says so before anything changes', async () => {
  const was = await fingerprint('ns1')
  const run = await playbook('level3', '--inventory', 'test/lab/no-such-interface.yaml')
  assert.is(run.code, 1)
  assert.match(
    run.text,
    /no-such-interface\.yaml:\d+:\d+ hosts\.ns1\.second\.interface: 10\.2\.1\.6 is on eth1 of this host, not on eth7/,
  )
  assert.is(await fingerprint('ns1'), was)
})

/**
 * What stays until the next boot: the module ip_vs with its settings, and what systemd-networkd set for eth1. And what
 * stays with the package: keepalived 2.3 tells iproute2 its name as soon as it runs.
 */
const stays =
  /^[-+] (net\.ipv4\.(vs\.|conf\.eth1\.promote_secondaries)|([0-9a-f]+ {2})?\.\/iproute2( |\/rt_addrprotos\.d))/

test('teardown: the hosts are as they were before the first playbook', async () => {
  const check = await playbook('teardown', '--check')
  assert.is(check.code, 2)
  const run = await playbook('teardown')
  assert.is(run.code, 0, run.text)
  for (const node of nodes) {
    const [was, is] = [before.get(node)!, await state(node)]
    const gone = was.filter((line) => !is.includes(line)).map((line) => `- ${line}`)
    const added = is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`)
    assert.equal(
      [...gone, ...added].filter((line) => !stays.test(line)),
      [],
      node,
    )
    assert.is(await on(node, 'cat /etc/keepalived/keepalived.conf'), theirs)
  }
  assert.is((await playbook('teardown', '--check')).code, 0)
})

test.run()
