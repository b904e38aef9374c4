// What iptables.sh does with rules that somebody has saved, with commands that only tell what they were asked for, and
// how its unit follows whoever loads rule sets.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import type { Target } from '../tasks/target.ts'
import * as assert from 'uvu/assert'
import { loadInventory } from '../inventory/load.ts'
import { isChange, type Task } from '../engine/runner/task.ts'
import { allowAnswers, allowSync, allowVrrp, iptables, type Rule, snat } from '../tasks/cluster/iptables.ts'
import { render } from '../tasks/template.ts'

const folder = mkdtempSync(join(tmpdir(), 'iptables-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** @returns what iptables-restore was given, and what iptables was asked for */
function run(saved: string, keepalived: 'active' | 'inactive'): string {
  const log = join(folder, 'log')
  const commands = {
    systemctl: `[ ${keepalived} = active ]`,
    'iptables-save': `echo '${saved}'`,
    'iptables-restore': `cat >>${log}`,
    iptables: `echo "iptables $*" >>${log}; [[ $* != *" -C "* ]]`,
  }
  for (const [name, text] of Object.entries(commands))
    writeFileSync(join(folder, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 })
  const rules = [{ table: 'filter', chain: 'INPUT', words: ['-j', 'ACCEPT'] }]
  writeFileSync(log, '')
  const script = render('iptables.sh', { prefix: 'keepalived-playbooks-', rules })
  execFileSync('bash', ['--norc', '-c', script], { env: { PATH: `${folder}:${process.env.PATH}` } })
  return readFileSync(log, 'utf8')
}

const saved = `*filter
:INPUT DROP [0:0]
-A INPUT -p vrrp -m comment --comment keepalived-playbooks-vrrp-in -j ACCEPT
-A INPUT -p tcp -m comment --comment "not keepalived-playbooks-x" -j ACCEPT
COMMIT
*nat
-A POSTROUTING -m comment --comment keepalived-playbooks-snat -j SNAT --to-source 10.2.1.5
COMMIT`
const ensured = `iptables -w -t filter -C INPUT -j ACCEPT
iptables -w -t filter -I INPUT 1 -j ACCEPT
`

test('at boot, saved rules of ours go before the wanted ones come', () => {
  assert.is(
    run(saved, 'inactive'),
    `*filter
-D INPUT -p vrrp -m comment --comment keepalived-playbooks-vrrp-in -j ACCEPT
COMMIT
*nat
-D POSTROUTING -m comment --comment keepalived-playbooks-snat -j SNAT --to-source 10.2.1.5
COMMIT
${ensured}`,
  )
})

test('at boot without saved rules of ours, nothing is taken away', () => {
  assert.is(run('*filter\n-A INPUT -j DROP\nCOMMIT', 'inactive'), ensured)
})

test('while keepalived runs, rules of another level stay', () => assert.is(run(saved, 'active'), ensured))

const rule: Rule = { name: 'in', table: 'filter', chain: 'INPUT', protocols: ['112'], words: ['-j', 'ACCEPT'] }

test('the rules of the levels, as iptables is told', () => {
  const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
  const target = { ...inventory, host: inventory.hosts[0]! } as unknown as Target
  const told = iptables(target, allowVrrp, allowSync, allowAnswers, snat)
    .filter(({ name }) => name.startsWith('iptables rule'))
    .map((task) => task.plan({ text: '', code: 0 }, { changes: () => false }))
    .map((answer) => isChange(answer) && answer.after.replace(/-m comment --comment keepalived-playbooks-/, '#'))
  assert.equal(told, [
    '-A INPUT -p 112 #vrrp-in -i eth0 -d 224.0.0.18/32 -j ACCEPT',
    '-A OUTPUT -p 112 #vrrp-out -o eth0 -d 224.0.0.18/32 -j ACCEPT',
    '-A INPUT -p udp #sync-in -i eth0 -d 224.0.0.81/32 --dport 8848 -j ACCEPT',
    '-A OUTPUT -p udp #sync-out -o eth0 -d 224.0.0.81/32 --dport 8848 -j ACCEPT',
    '-A FORWARD -p udp #answers-udp -i eth0 -s 10.2.1.0/24 --sport 53 -j ACCEPT',
    '-A FORWARD -p tcp #answers-tcp -i eth0 -s 10.2.1.0/24 --sport 53 -j ACCEPT',
    '-A POSTROUTING #snat -m ipvs --vaddr 10.2.1.5 --vport 53 -j SNAT --to-source 10.2.1.5',
  ])
})

test('the unit runs again whenever a rule set is loaded: by a start, a restart or a reload of its service', () => {
  const unit = iptables({} as Target, () => [rule]).find(({ resources }) =>
    resources?.some((path) => path.endsWith('.service')),
  ) as Task
  const answer = unit.plan({ text: '', code: 1 }, { changes: () => false })
  assert.ok(isChange(answer))
  for (const key of ['After', 'PartOf', 'ReloadPropagatedFrom', 'WantedBy'])
    assert.match(answer.after, new RegExp(`^${key}=.*nftables\\.service`, 'm'))
  assert.match(answer.after, /^ExecReload=\/etc\/keepalived\/iptables\.sh$/m)
})

/** @returns what `nft -j list ruleset` prints of a table with one base chain, and rules by what they match */
function ruleset(family: string, table: string, name: string, policy: string, ...matches: object[]): string {
  const of = { family, table }
  const rules = matches.map((match) => ({
    rule: { ...of, chain: name, handle: 112, expr: [{ match }, { accept: null }] },
  }))
  const chain = { family, table, name, handle: 1, type: 'filter', hook: name.toLowerCase(), prio: 0, policy }
  return JSON.stringify({ nftables: [{ metainfo: {} }, { table: { ...of, name: table } }, { chain }, ...rules] })
}
const is = (left: object, right: unknown) => ({ op: '==', left, right })
const protocol = { payload: { protocol: 'ip', field: 'protocol' } }
const daddr = { payload: { protocol: 'ip', field: 'daddr' } }
const saddr = { payload: { protocol: 'ip', field: 'saddr' } }
const port = { payload: { protocol: 'tcp', field: 'dport' } }
const others: [name: string, text: string, refused: boolean][] = [
  ['no nft, or no table', '', false],
  ['accepts by default', ruleset('inet', 'filter', 'input', 'accept'), false],
  ['drops by default', ruleset('inet', 'filter', 'input', 'drop'), true],
  ['drops what leaves', ruleset('inet', 'filter', 'output', 'drop'), true],
  ['drops what is forwarded', ruleset('inet', 'filter', 'forward', 'drop'), false],
  ['drops IPv6', ruleset('ip6', 'filter', 'INPUT', 'drop'), false],
  ['iptables with a policy', ruleset('ip', 'filter', 'INPUT', 'drop'), false],
  ['another IPv4 table', ruleset('ip', 'mine', 'input', 'drop'), true],
  ['a table that only has the name of one of iptables', ruleset('ip', 'filter', 'input', 'drop'), true],
  ['VRRP by name', ruleset('inet', 'filter', 'input', 'drop', is(protocol, 'vrrp')), false],
  ['VRRP in a set', ruleset('inet', 'filter', 'input', 'drop', is(protocol, { set: ['esp', 'vrrp'] })), false],
  ['VRRP by number', ruleset('inet', 'filter', 'input', 'drop', is({ meta: { key: 'l4proto' } }, 112)), false],
  ['a port of that number', ruleset('inet', 'filter', 'input', 'drop', is(port, 112)), true],
  ['VRRP by its address', ruleset('inet', 'filter', 'input', 'drop', is(daddr, '224.0.0.18')), false],
  [
    'all multicast',
    ruleset('inet', 'filter', 'input', 'drop', is(daddr, { prefix: { addr: '224.0.0.0', len: 4 } })),
    false,
  ],
  ['the interface', ruleset('inet', 'filter', 'input', 'drop', is({ meta: { key: 'iifname' } }, 'eth0')), false],
  ['the loopback interface', ruleset('inet', 'filter', 'input', 'drop', is({ meta: { key: 'iifname' } }, 'lo')), true],
  [
    'the neighbours',
    ruleset('inet', 'filter', 'input', 'drop', is(saddr, { prefix: { addr: '10.2.1.0', len: 24 } })),
    false,
  ],
  ['other rules', ruleset('inet', 'filter', 'input', 'drop', is(port, 22), is(protocol, 'icmp')), true],
]
for (const [name, text, refused] of others) {
  test(`nftables: ${name}`, () => {
    const plan = () => iptables({} as Target, () => [rule])[0]!.plan({ text, code: 0 }, { changes: () => false })
    if (refused)
      assert.throws(
        plan,
        /VRRP is dropped by the nftables chain .*: nft insert rule \S+ \S+ \S+ ip protocol vrrp accept$/,
      )
    else assert.not.ok(isChange(plan()))
  })
}

test.run()
