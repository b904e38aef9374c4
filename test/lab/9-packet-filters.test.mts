// nftables, firewalld and ufw beside the cluster, each told from what runs on the host: the same packets pass, and moves lose nothing.
import * as assert from 'uvu/assert'
import {
  disconnect,
  inventoryWith,
  nodes,
  on,
  playbook,
  rebooted,
  resetWithPackages,
  startLab,
  state,
  until,
} from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

const before = new Map<string, string[]>()

/** A rule set as people have it: nothing comes in or through that it does not name. */
const ruleSet = `#!/usr/sbin/nft -f
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport { 22, 53 } accept
    udp dport 53 accept
    ip protocol icmp accept
  }
  chain forward { type filter hook forward priority filter; policy drop; }
  chain output { type filter hook output priority filter; policy accept; }
}
`

test.before(async () => {
  await startLab()
  await resetWithPackages()
  await on(
    'ns1',
    `apt-get install -qy nftables >/dev/null; cat >/etc/nftables.conf <<'END'\n${ruleSet}END\nsystemctl enable --now nftables`,
  )
  await on('ns2', 'apt-get install -qy firewalld nftables >/dev/null; systemctl enable --now firewalld')
  await Promise.all(nodes.map(rebooted))
  for (const node of nodes) before.set(node, await state(node))
})
test.after(() => disconnect())

async function assertWell(level: 2 | 3): Promise<void> {
  const run = await playbook(`level${level}` as const)
  assert.is(run.code, 0, run.text)
  assert.equal(
    run.document.hosts!.flatMap(({ changes }) => changes),
    [],
  )
  assert.equal(run.document.cluster!.findings, [])
}

test('level 2: one node has nftables, the other firewalld; rules go where each has its own', async () => {
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  await assertWell(2)
  const rules = await on('ns1', 'nft list chain inet filter input')
  assert.match(
    rules,
    /policy drop;\n\t\tiifname "eth0" ip daddr 224\.0\.0\.18 .* comment "keepalived-playbooks-vrrp-in-/,
  )
  assert.match(await on('ns2', 'firewall-cmd --list-rich-rules'), 'protocol value="vrrp" accept')
  for (const node of nodes) {
    assert.match(await on(node, 'nft list table ip keepalived-playbooks'), 'snat to 10.2.1.5')
    assert.not.match(await on(node, 'iptables-save'), 'keepalived-playbooks')
  }
})

test('to level 3 and back on the live cluster, with either of them, nothing is lost', async () => {
  assertNothingLost((await watched('level3')).seen)
  await assertWell(3)
  assertNothingLost((await watched('level2')).seen)
  await assertWell(2)
})

test('their services start and load again: the rules of the cluster are back', async () => {
  await on('ns1', 'systemctl restart nftables; systemctl reload nftables')
  await on('ns2', 'firewall-cmd --reload; systemctl restart firewalld')
  await assertWell(2)
})

test('an instance of IPv6: either of them lets its adverts pass, so that one node alone holds its address', async () => {
  const six = 'instances: { six: { vip: "fd00:6::9", virtual_router_id: 9, prefer: ns2 } }'
  const run = await playbook('level2', '--inventory', inventoryWith(six))
  assert.is(run.code, 0, run.text)
  const holds = async (node: string) => (await on(node, 'ip -o address show to fd00:6::9')) !== ''
  await until(async () => assert.equal([await holds('ns1'), await holds('ns2')], [false, true]))
  const rules = () =>
    Promise.all([on('ns1', 'nft list chain inet filter input'), on('ns2', 'firewall-cmd --list-rich-rules')])
  for (const text of await rules()) assert.match(text, 'ff02::12')
  assert.is((await playbook('level2')).code, 0)
  await assertWell(2)
  for (const text of await rules()) assert.not.match(text, 'ff02::12')
})

test('two at once are refused, with the way out; the inventory may say which one it is', async () => {
  await on('ns1', 'apt-get install -qy ufw >/dev/null; ufw allow 22/tcp; ufw allow 53; ufw --force enable')
  const refused = await playbook('level2', '--check')
  assert.is(refused.code, 1)
  assert.match(
    refused.text,
    /cluster\.firewall: nftables and ufw both filter packets on this host.*systemctl disable --now ufw/,
  )
})

test('from nftables to ufw: the rules of the cluster move to iptables, and those in nftables go', async () => {
  await on('ns1', 'systemctl disable --now nftables; nft delete table inet filter 2>/dev/null || true; ufw reload')
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  await assertWell(2)
  assert.match(
    await on('ns1', 'iptables -S INPUT'),
    /^-P INPUT DROP\n-A INPUT .*-p (vrrp|112) .*keepalived-playbooks-vrrp-in/,
  )
  assert.not.match(await on('ns1', 'nft list tables'), 'keepalived-playbooks')
  await on('ns1', 'ufw reload')
  await assertWell(2)
})

test('teardown: every file, zone and rule is as it was', async () => {
  assert.is((await playbook('teardown')).code, 0)
  await on('ns1', 'ufw --force disable; apt-get purge -qy ufw >/dev/null; systemctl enable nftables')
  await Promise.all(nodes.map(rebooted))
  // Of each change, firewalld keeps a copy, and with ufw came packages that it needs.
  const theirs = /firewalld\/zones\/public\.xml|ufw|python3|inputrc|mime\.types|ld\.so\.cache/
  for (const node of nodes) {
    const [was, now] = [before.get(node)!, await state(node)].map((rows) => rows.filter((row) => !theirs.test(row)))
    const changed = (all: string[], others: string[]) => all.filter((row) => !others.includes(row))
    assert.equal([changed(was!, now!), changed(now!, was!)], [[], []])
  }
})

test.run()
