// The cluster's rules in the words of iptables, and how their unit follows whoever loads rule sets.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { isChange, type Task } from '../engine/runner/task.ts'
import { loadInventory } from '../inventory/load.ts'
import { allowAnswers, allowSync, allowVrrp, firewall, snat } from '../tasks/cluster/firewall.ts'
import { connectionTracking, untracked } from '../tasks/cluster/untracked.ts'
import { targetOf } from '../tasks/target.ts'
import { iptables } from '../tasks/os/firewall/iptables.ts'
import type { Rule } from '../tasks/os/firewall/firewall.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname)
const target = targetOf(inventory, inventory.hosts[0]!, parseFacts('ids=debian\ninit=systemd\n'))

test('what the levels want to pass, in the words of iptables', () => {
  const tasks = [
    ...firewall(target, 3, allowVrrp, allowSync, allowAnswers, snat, untracked),
    ...firewall(target, 2, snat),
  ]
  const wanted = tasks
    .filter(({ name }) => name.startsWith('iptables rule '))
    .map((task) => {
      const answer = task.plan({ text: '', code: 0 }, { changes: () => false })
      return isChange(answer) ? answer.after.replace('-m comment --comment keepalived-playbooks-', '# ') : ''
    })
  assert.equal(wanted, [
    '-A INPUT -p 112 # vrrp-in -i eth0 -d 224.0.0.18/32 -j ACCEPT',
    '-A OUTPUT -p 112 # vrrp-out -o eth0 -d 224.0.0.18/32 -j ACCEPT',
    '-A INPUT -p udp # sync-in -i eth0 -d 224.0.0.81/32 --dport 8848 -j ACCEPT',
    '-A OUTPUT -p udp # sync-out -o eth0 -d 224.0.0.81/32 --dport 8848 -j ACCEPT',
    '-A FORWARD -p udp # second-answers-udp-ns2 -i eth0 -o eth0 -s 10.2.1.7/32 --sport 53 -j ACCEPT',
    '-A FORWARD -p tcp # second-answers-tcp-ns2 -i eth0 -o eth0 -s 10.2.1.7/32 --sport 53 -j ACCEPT',
    '-A POSTROUTING # snat -m ipvs --vaddr 10.2.1.5 --vport 53 -j SNAT --to-source 10.2.1.5',
  ])
})

const untrackedRules = ['udp', 'tcp'].flatMap((protocol) => [
  `-A PREROUTING -p ${protocol} -m comment --comment keepalived-playbooks-untracked-questions-${protocol} -i eth0 -d 10.2.1.5/32 --dport 53 -j CT --notrack`,
  `-A PREROUTING -p ${protocol} -m comment --comment keepalived-playbooks-untracked-balanced-${protocol} -i eth1 -d 10.2.1.6/32 --dport 53 -j CT --notrack`,
  `-A OUTPUT -p ${protocol} -m comment --comment keepalived-playbooks-untracked-answers-${protocol} -s 10.2.1.6/32 --sport 53 ! -d 10.2.1.5/32 -m addrtype ! --dst-type LOCAL -j CT --notrack`,
  `-A PREROUTING -p ${protocol} -m comment --comment keepalived-playbooks-untracked-answers-of-ns2-${protocol} -i eth0 -s 10.2.1.7/32 --sport 53 ! -d 10.2.1.5/32 -m addrtype ! --dst-type LOCAL -j CT --notrack`,
])
const raw = (...rules: string[]) => ['*raw', '-A PREROUTING -p tcp -j CT --notrack', ...rules, 'COMMIT', ''].join('\n')
const exact = untrackedRules.map((rule) => `exact ${/--comment (\S+)/.exec(rule)![1]}\n`).join('')

test('connection tracking leaves alone what level 3 balances', () => {
  const { plan } = connectionTracking(target, 3)
  const planned = (text: string) => plan({ text, code: 0 }, { changes: () => false })
  assert.equal(planned(raw(...untrackedRules) + exact), { unchanged: true })
  for (const text of [raw(), raw(...untrackedRules), raw(...untrackedRules, untrackedRules[0]!) + exact]) {
    const answer = planned(text)
    assert.ok(isChange(answer))
    assert.equal(answer.after.split('\n'), untrackedRules)
  }
})

test('connection tracking knows what level 2 balances', () => {
  const { plan } = connectionTracking(target, 2)
  const planned = (text: string) => plan({ text, code: 0 }, { changes: () => false })
  assert.equal(planned(raw()), { unchanged: true })
  const answer = planned(raw(...untrackedRules))
  assert.ok(isChange(answer))
  assert.equal([answer.before.split('\n'), answer.after], [untrackedRules, ''])
})

const wire = { device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }
const rule: Rule = { name: 'in', accept: 'in', interface: 'eth0', protocol: '112' }

test('the unit runs again whenever a rule set is loaded: by a start, a restart or a reload of its service', () => {
  const unit = iptables
    .tasks([rule], [wire])
    .find(({ resources }) => resources?.some((path) => path.endsWith('.service'))) as Task
  const answer = unit.plan({ text: '', code: 1 }, { changes: () => false })
  assert.ok(isChange(answer))
  for (const key of ['After', 'PartOf', 'ReloadPropagatedFrom', 'WantedBy'])
    assert.match(answer.after, new RegExp(`^${key}=.*nftables\\.service`, 'm'))
  assert.match(answer.after, /^ExecReload=\/bin\/bash \/etc\/keepalived\/iptables\.sh$/m)
})

test.run()
