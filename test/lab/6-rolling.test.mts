// Rolling reboots on real machines, under questions.
import * as assert from 'uvu/assert'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  asked,
  disconnect,
  holder,
  meanwhile,
  nodes,
  on,
  other,
  playbook,
  type Run,
  resetWithPackages,
  startLab,
} from './cluster.ts'
import { test } from './suite.ts'
import { talkOverTcp } from './talking.ts'
import { assertNothingLost, watched } from './watched.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
})
test.after(() => disconnect())

/** Flags that are still up, and notes of a rolling reboot. */
const whatIsLeft = `
grep -s 1 /etc/keepalived/standby /etc/keepalived/drain/* || true
ls -d /var/lib/keepalived-playbooks/rolling 2>/dev/null || true`

const bootIds = () => Promise.all(nodes.map((node) => on(node, 'cat /proc/sys/kernel/random/boot_id')))

// Level 2: el-mixed, 9-several.
for (const level of [1, 3] as const) {
  test(`rolling reboot at level ${level}: each node has rebooted, the holder last, and clients were answered`, async () => {
    assert.is((await playbook(`level${level}`)).code, 0)
    const [first, before] = [await holder(), await bootIds()]
    const { run, seen } = await watched('rolling-reboot')
    const after = await bootIds()
    assert.ok(nodes.every((_, i) => before[i] !== after[i]))
    const rebooted = run.document.steps!.filter(({ step }) => step === 'reboot').map(({ node }) => node)
    assert.equal(rebooted, [other(first), first])
    for (const account of [run.document.prober!, seen]) {
      // By TCP a question is asked every half second: a gap is seen that much too long.
      const { UDP, TCP } = account.tallies
      if (level === 1) assert.ok(UDP!.gap <= 1 && TCP!.gap <= 1.5, `${UDP!.gap} and ${TCP!.gap} s`)
      else assertNothingLost(account)
    }
    // Nothing is left behind, and nothing to change.
    for (const node of nodes) assert.is(await on(node, whatIsLeft), '')
    assert.is((await playbook(`level${level}`, '--check')).code, 0)
  })
}

/** A firewall that knows connections, as administrators write it. */
const stateful = `
iptables -N theirs
iptables -A theirs -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -A theirs -i lo -j ACCEPT
iptables -A theirs -m conntrack --ctstate INVALID -j DROP
iptables -A theirs -p icmp -j ACCEPT
iptables -A theirs -p tcp -m multiport --dports 22,53 -j ACCEPT
iptables -A theirs -p udp --dport 53 -j ACCEPT
iptables -A theirs -j DROP
iptables -A INPUT -j theirs
iptables -A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -P FORWARD DROP`
const notStateful = `
iptables -P FORWARD ACCEPT
iptables -D FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
iptables -D INPUT -j theirs
iptables -F theirs
iptables -X theirs`

/** Open TCP connections survive a planned move of the VIP. */
async function assertNoneBreaks(): Promise<void> {
  const was = await holder()
  const talking = talkOverTcp()
  await sleep(8000)
  await on(was, 'echo 1 >/etc/keepalived/standby')
  const lines = await talking
  await on(was, 'echo 0 >/etc/keepalived/standby')
  assert.is(await holder(), other(was))
  assert.equal(
    lines.filter((line) => !line.endsWith(' lives')),
    [],
  )
}

test('open TCP connections survive a planned move of the VIP at level 3', assertNoneBreaks)

test('and they do so beside a firewall that knows connections', async () => {
  for (const node of nodes) assert.is(await on(node, 'cat /proc/sys/net/netfilter/nf_conntrack_count'), '0\n')
  await Promise.all(nodes.map((node) => on(node, stateful)))
  try {
    assert.is((await playbook('level3', '--check')).code, 0)
    await assertNoneBreaks()
    await assertNoneBreaks()
  } finally {
    await Promise.all(nodes.map((node) => on(node, notStateful)))
  }
})

test('rolling without a reboot, beside a second operator: nothing is lost, and the second is told who is at work', async () => {
  let second: Promise<Run<'rolling-reboot'>> | undefined
  const seen = await asked('remote', async () => {
    const first = await meanwhile(
      / drain /,
      () => {
        second = playbook('rolling-reboot')
      },
      ...(['rolling-reboot', '--without-reboot', '--before', 'touch /run/was-here'] as const),
    )
    assert.is(first.code, 0, first.text)
    assertNothingLost(first.document.prober!)
  })
  assertNothingLost(seen)
  for (const node of nodes) await on(node, 'rm /run/was-here')
  assert.is((await second!).code, 1)
  assert.match(
    (await second!).text + (await second!).document.error,
    /another run is at work on ns\d: .*Rolling reboot/,
  )
})

test.run()
