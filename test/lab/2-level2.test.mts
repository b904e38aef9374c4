// Level 2 on real machines: from level 1 and from nothing, alternation, a service that stops.
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from './suite.ts'
import * as assert from 'uvu/assert'
import {
  disconnect,
  fingerprint,
  holder,
  interrupted,
  inventoryByOpenSsh,
  nodes,
  on,
  other,
  playbook,
  type Run,
  resetWithPackages,
  startLab,
} from './cluster.ts'

test.before(startLab)
test.after(() => disconnect())

const alternates = (names: readonly string[]) => names.every((name, i) => i === 0 || name !== names[i - 1])

function assertBalanced(check: Run<'verify' | 'level2'>): void {
  assert.is(check.code, 0, check.text)
  const { answers, findings } = check.document.cluster!
  assert.equal(findings, [])
  assert.is(answers[0]!.answered.UDP!.length, 10)
  const { UDP, TCP } = answers[0]!.answered
  assert.ok(alternates(UDP!) && alternates(TCP!))
}

test('level 2 from level 1, interrupted in the middle and run again', async () => {
  assert.is((await playbook('level1')).code, 0)
  const stopped = await interrupted('level2', /^\w+ +changed /m)
  assert.is(stopped.code, 130)
  assert.match(stopped.text, 'interrupted; what is under way is finished by its host')
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  assert.ok(run.document.hosts!.every(({ status }) => status === 'changed'))
  assertBalanced(run)
})

test('level 2 from nothing but packages: check mode changes nothing and announces what the run then does', async () => {
  await resetWithPackages()
  // As of Docker: without a rule of the cluster every other answer would be lost.
  await Promise.all(nodes.map((node) => on(node, 'iptables -P FORWARD DROP')))
  const before = await Promise.all(nodes.map(fingerprint))
  const check = await playbook('level2', '--check')
  assert.is(check.code, 2)
  assert.equal(await Promise.all(nodes.map(fingerprint)), before)
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  const names = (hosts: typeof run.document.hosts) => hosts!.map(({ changes }) => changes.map(({ task }) => task))
  assert.equal(names(run.document.hosts), names(check.document.hosts))
  assertBalanced(run)
})

test('a packet filter that stops VRRP is told before anything changes, with what stops it', async () => {
  const table =
    'table inet theirs { chain input { type filter hook input priority 0; tcp dport 22 accept; udp dport 53 accept; reject with icmpx admin-prohibited; }; }'
  // A BACKUP that hears no MASTER would become one itself, and so not be as it was.
  const master = await holder()
  await on(master, `apt-get install -qy nftables >/dev/null && nft '${table}'`)
  const before = await fingerprint(master)
  const refused = await playbook('level2', '--check')
  const after = await fingerprint(master)
  await on(master, 'nft delete table inet theirs')
  assert.is(refused.code, 1)
  assert.ok(refused.text.includes(`VRRP from ${other(master)} does not get through: `), refused.text)
  assert.match(
    refused.text,
    /the nftables chain inet theirs input stops it \(.*reject.*nft insert rule inet theirs input ip protocol vrrp accept/,
  )
  assert.is(after, before)
})

/** Connections and executions that a node has seen since it began to keep its journal. */
async function counted(node: string): Promise<[connections: number, executions: number]> {
  const text = await on(
    node,
    `journalctl -q -o cat -u ssh | grep -c '^Accepted'; journalctl -q -o cat -t sudo | grep -c COMMAND`,
  )
  const [connections, executions] = text.trim().split('\n').map(Number)
  return [connections!, executions!]
}

for (const [name, more] of [
  ['ssh2', () => []],
  ['the program ssh', () => ['--inventory', inventoryByOpenSsh()]],
] as const)
  test(`level 2 again, by ${name}: nothing to change, no file touched; one connection and three executions a host, check included`, async () => {
    const before = await Promise.all(nodes.map(fingerprint))
    const countedBefore = await Promise.all(nodes.map(counted))
    const run = await playbook('level2', ...more())
    const countedAfter = await Promise.all(nodes.map(counted))
    assert.is(run.code, 0, run.text)
    assert.ok(run.document.hosts!.every(({ status, changes }) => status === 'ok' && changes.length === 0))
    assert.equal(await Promise.all(nodes.map(fingerprint)), before)
    countedAfter.forEach(([connections, executions], i) => {
      // The counts go through one connection that was open before, and the second is an execution itself.
      assert.is(connections - countedBefore[i]![0], 1)
      assert.ok(executions - countedBefore[i]![1] - 1 <= 3, `${executions - countedBefore[i]![1] - 1} executions`)
    })
  })

test('named stopped on a node: the other answers alone; started again, they alternate', async () => {
  const node = 'ns2'
  await on(node, 'systemctl stop named')
  await sleep(8000)
  const dig = `dig @10.2.1.5 +short +tries=1 +timeout=2 ${'health.load.balance. TXT '.repeat(6)}`
  assert.is((await on('client', dig)).trim(), Array(6).fill('"=nameserver-1="').join('\n'))
  const check = await playbook('verify')
  assert.is(check.code, 5)
  assert.ok(check.document.cluster!.findings.some((one) => one.code === 'service-down' && one.node === node))
  await on(node, 'systemctl start named')
  assertBalanced(await playbook('verify'))
})

test('a split brain is named as such', async () => {
  const standby = other(await holder())
  await on(standby, 'ip address add 10.2.1.5/32 dev eth0')
  const check = await playbook('verify')
  assert.is(check.code, 5)
  assert.match(check.text, 'split brain: ns1 and ns2 hold 10.2.1.5 at the same time')
  await on(standby, 'ip address delete 10.2.1.5/32 dev eth0')
})

test('an outage is named as such', async () => {
  await Promise.all(nodes.map((node) => on(node, 'systemctl stop keepalived')))
  const check = await playbook('verify')
  assert.is(check.code, 5)
  assert.match(check.text, 'outage: no node holds 10.2.1.5')
  assert.is((await playbook('level2')).code, 0)
})

test.run()
