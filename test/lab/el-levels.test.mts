// The levels on machines shaped like Enterprise Linux: dnf, NetworkManager, firewalld, and SELinux that enforces.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { disconnect, holderWithin, nodes, on, other, playbook, rebooted, reset, startLab, state } from './cluster.ts'
import { denials } from './denials.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

/** How the hosts were before any playbook, but for the packages: these stay. */
const before = new Map<string, string[]>()

/** What a host of this family has beside what others have: zones, tables, and what SELinux is told. */
const more = `firewall-cmd --list-all-zones; firewall-cmd --permanent --list-all-zones
nft -s list tables | grep -v 'ip filter'; nmcli -t -f NAME,FILENAME connection show | sort
getsebool keepalived_connect_any; ls /var/lib/selinux/targeted/active/modules/400`
// Of each change, firewalld keeps a copy, named has made a key of its own, and the policy is built anew.
const changing = /firewalld\/zones\/public\.xml|\/rndc\.key|\/targeted\/policy\//
const stateOf = async (node: string) =>
  [...(await state(node)), ...(await on(node, more)).split('\n')].filter((row) => !changing.test(row))

const packages = 'bind bind-utils keepalived ipvsadm nmap-ncat net-snmp nftables perl-interpreter perl-Socket'

test.before(async () => {
  await startLab()
  await reset()
  for (const node of nodes) await on(node, `dnf -q -y install ${packages}; setsebool -P keepalived_connect_any off`)
  await Promise.all(nodes.map(rebooted))
  for (const node of nodes) before.set(node, await stateOf(node))
  // What has no files in /etc comes by the run.
  await Promise.all(nodes.map((node) => on(node, 'dnf -q -y remove ipvsadm nmap-ncat')))
})
test.after(() => disconnect())

/** Nothing is left to change, nothing is wrong, and SELinux has forbidden nothing. */
async function assertWell(level: 1 | 2 | 3): Promise<void> {
  const run = await playbook(`level${level}` as const)
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  assert.ok(run.document.hosts!.every(({ executions }) => executions <= 3))
  assert.equal(run.document.cluster!.findings, [])
  assert.equal(await denials(nodes), [])
  for (const node of nodes) assert.is(await on(node, 'getenforce'), 'Enforcing\n')
}

test('level 1 from nothing: check mode announces what the run then does; packages come by dnf', async () => {
  const check = await playbook('level1', '--check')
  assert.is(check.code, 2, check.text)
  const run = await playbook('level1')
  assert.is(run.code, 0, run.text)
  const names = (hosts: typeof run.document.hosts) => hosts!.map(({ changes }) => changes.map(({ task }) => task))
  assert.equal(names(run.document.hosts), names(check.document.hosts))
  await assertWell(1)
})

test('levels 2 and 3 on the live cluster lose nothing, and clients keep their addresses at level 3', async () => {
  assertNothingLost((await watched('level2')).seen, { open: 1 })
  await assertWell(2)
  const { run, seen } = await watched('level3')
  assertNothingLost(seen)
  assert.equal(run.document.cluster!.seen, [
    { client: 'client', addresses: ['10.2.1.10'], unseen: [] },
    { client: 'remote', addresses: ['10.3.1.10'], unseen: [] },
  ])
  await assertWell(3)
})

const rule = 'rule family="ipv4" destination address="224.0.0.18/32" protocol value="vrrp" accept'
const damages: [name: string, script: string, tasks: string[]][] = [
  ['a live rule of a zone removed', `firewall-cmd --remove-rich-rule='${rule}'`, ['protocol value="vrrp"']],
  ['one for the next boot removed', `firewall-cmd --permanent --remove-rich-rule='${rule}'`, ['protocol value="vrrp"']],
  ['a table of ours removed', 'nft delete table ip keepalived-playbooks-untracked', ['connection tracking leaves']],
  ['a switch of SELinux turned back', 'setsebool -P keepalived_connect_any off', ['SELinux lets keepalived connect']],
  ['the module of SELinux removed', 'semodule -X 400 -r keepalived_playbooks', ['SELinux lets keepalived watch']],
  [
    'the connection of the second interface removed',
    'nmcli connection delete keepalived-eth1',
    ['keepalived-eth1.nmconnection', 'interface eth1'],
  ],
]
test('damage is found and mended, and nothing else is touched', async () => {
  for (const [, script] of damages) await on('ns2', script)
  const run = await playbook('level3')
  assert.is(run.code, 0, run.text)
  const changed = run.document.hosts!.flatMap(({ changes }) => changes.map(({ task }) => task))
  const wanted = damages.flatMap(([, , tasks]) => tasks)
  for (const task of wanted)
    assert.ok(
      changed.some((one) => one.includes(task)),
      `${task} in ${changed.join(', ')}`,
    )
  // What depends on it is set up again as well.
  for (const task of changed)
    assert.ok(wanted.some((one) => task.includes(one)) || /^(service|answers from|named answers)/.test(task), task)
  await assertWell(3)
})

test('a reload and a restart of firewalld leave the cluster at work', async () => {
  for (const node of nodes) {
    await on(node, 'firewall-cmd --reload; systemctl restart firewalld')
    await sleep(3000)
  }
  await assertWell(3)
})

test('NetworkManager starts again and sets up its connections anew: one node has the VIP, routes and rules are back', async () => {
  const holds = await holderWithin(10)
  for (const node of [other(holds), holds]) {
    await on(node, 'systemctl restart NetworkManager; sleep 3; nmcli connection up keepalived-eth1')
    await on(node, 'nmcli connection up eth0; true')
    await sleep(8000)
  }
  await holderWithin(15)
  await assertWell(3)
})

test('a rolling update at level 3 loses nothing', async () => {
  const { run, seen } = await watched('rolling-reboot', '--update')
  assert.is(run.document.order!.length, 2)
  assertNothingLost(seen)
  await assertWell(3)
})

test('back to nothing: every file, rule, zone, switch and module is as it was', async () => {
  assertNothingLost((await watched('level2')).seen)
  assert.is((await playbook('teardown')).code, 0)
  // Settings of modules that stay loaded go at the next boot.
  await Promise.all(nodes.map(rebooted))
  for (const node of nodes) {
    const was = before.get(node)!
    const now = await stateOf(node)
    const changed = (all: string[], others: string[]) => all.filter((row) => !others.includes(row))
    assert.equal([changed(was, now), changed(now, was)], [[], []])
  }
})

test.run()
