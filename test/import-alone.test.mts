// What one file alone says of the node that no file tells of, and set-ups of which keepalived itself heeds less than they say.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imported, instance, inventoryTextOf, needsOf, pair } from './import-files.ts'

const hostsOf = (result: ReturnType<typeof imported>) =>
  [
    ...inventoryTextOf(result)
      .split('hosts:\n')[1]!
      .matchAll(/^ {2}(\w+):/gm),
  ].map(([, name]) => name)
const assumed = /preempt: true # the first of the hosts .* assumed/
const check = (lines = '') => `vrrp_script c {\n script /a\n timeout 1\n fall 2\n user nobody\n${lines}\n}\n`

test('one file of a node that begins as BACKUP: the other goes first, and that is told as assumed', () => {
  const backup = imported({ 'a.conf': instance() })
  assert.equal([hostsOf(backup), needsOf(backup), backup.refused], [['node2', 'node1'], [], []])
  assert.match(inventoryTextOf(backup), assumed)
  const master = imported({ 'a.conf': instance('', { state: 'MASTER' }) })
  assert.equal(hostsOf(master), ['node1', 'node2'])
  assert.not.match(inventoryTextOf(master), assumed)
  assert.not.match(inventoryTextOf(imported({ 'a.conf': instance('nopreempt') })), 'preempt')
  const both = imported({ 'a.conf': instance('', { priority: 90 }), 'b.conf': instance() })
  assert.not.match(inventoryTextOf(both), assumed)
})

test('of three nodes, one goes before the only one that is known, or the third behind the two that are', () => {
  const peers = 'unicast_peer {\n 10.2.1.2\n 10.2.1.3\n 10.2.1.4\n }'
  const file = (own: number, priority: number) => instance(`unicast_src_ip 10.2.1.${own}\n ${peers}`, { priority })
  const orderOf = (texts: Record<string, string>) => {
    const result = imported(texts)
    assert.equal([needsOf(result), result.refused], [[], []])
    return [...inventoryTextOf(result).matchAll(/address: 10\.2\.1\.(\d)/g)].map(([, last]) => Number(last))
  }
  assert.equal(orderOf({ 'a.conf': file(2, 90), 'b.conf': file(3, 100) }), [3, 2, 4])
  assert.equal(orderOf({ 'a.conf': file(2, 90) }), [3, 2, 4])
})

test('state MASTER without a priority is above every other; a priority that is none is not', () => {
  const file = (state: string, priority: string) =>
    instance('', { state }).replace('priority 100', priority === '' ? '' : `priority ${priority}`)
  const first = imported({ 'a/k.conf': file('MASTER', ''), 'b/k.conf': file('BACKUP', '200') })
  assert.equal(hostsOf(first), ['a', 'b'])
  assert.ok(first.hazards.some(({ code, what }) => code === 'priority-255' && what.startsWith('state MASTER without')))
  assert.equal(hostsOf(imported({ 'a/k.conf': file('MASTER', '300'), 'b/k.conf': file('BACKUP', '200') })), ['b', 'a'])
})

test('programs of notify that several users run are told', () => {
  assert.equal(needsOf(imported(pair('notify_master "/a" root\n notify_backup "/b" nobody'))), [
    'notify programs that several users run',
  ])
  const one = imported(pair('notify_master "/a"\n notify_backup "/b" root'))
  assert.equal(needsOf(one), [])
})

test('a check with a weight in a sync group, which keepalived leaves out, is left out', () => {
  const two = (group: string, lines: string) =>
    `vrrp_sync_group G {\n group {\n V\n W\n }\n${group}\n}\n${check(lines)}` +
    instance('track_script {\n c\n }') +
    instance('track_script {\n c\n }', { name: 'W', vip: '10.2.1.6/24', id: 6 })
  const textOf = (group: string, lines: string) => {
    const result = imported({ 'a.conf': two(group, lines), 'b.conf': two(group, lines) })
    assert.equal(needsOf(result), [])
    return inventoryTextOf(result)
  }
  assert.not.match(textOf('', ' weight -30'), 'checks:')
  assert.match(textOf('', ''), /c: \{ command: \/a[^w]*\}/)
  assert.match(textOf(' sync_group_tracking_weight', ' weight -30'), /c: \{ command: \/a.*weight: -30 \}/)
})

test('VRRP that only runs programs gets an address, which is to be put in', () => {
  const none = (own: string, peer: string) =>
    instance(`unicast_src_ip ${own}\n unicast_peer {\n ${peer}\n }\n notify_master /m`).replace(
      /virtual_ipaddress \{[^}]*\}/,
      '',
    )
  const result = imported({ 'a.conf': none('10.2.1.2', '10.2.1.3'), 'b.conf': none('10.2.1.3', '10.2.1.2') })
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), /vip: ADDRESS-THAT-MOVES # .*\n {2}network: 10\.2\.1\.0\/24/)
  assert.ok(result.added.some((why) => why.includes('which no file says (vip)')))
  const alone = imported({ 'a.conf': instance().replace(/virtual_ipaddress \{[^}]*\}/, '') })
  assert.equal([needsOf(alone), alone.refused], [[], []])
  assert.match(inventoryTextOf(alone), 'NETWORK-OF-THE-NODES')
})

test('a virtual IP of IPv6 alone, which no inventory begins with, is told with what to put in its place', () => {
  const result = imported({ 'a.conf': instance('', { vip: 'fd00::5/64' }) })
  const [gap] = result.draft.gaps
  assert.is(gap!.mark, 'fd00::5')
  assert.match(gap!.why, /no virtual IP of IPv4.*put a free address .* in its place, and more_vips: \[fd00::5\]/)
  assert.match(inventoryTextOf(result), /vip: fd00::5 # no virtual IP of IPv4/)
})

test('a listening port that is looked for at one address alone stays a command', () => {
  const listens = `vrrp_script c {\n script "ss -ltn 'src 192.0.2.77' | grep ':80 '"\n timeout 1\n fall 2\n}\n`
  assert.match(inventoryTextOf(imported(pair('track_script {\n c\n }', listens))), 'SCRIPT-FOR-C')
})

test('instances on two interfaces by unicast: each has the addresses of its nodes there, as far as files tell', () => {
  const side = (own: string, peer: string, more: object) =>
    instance(`unicast_src_ip ${own}\n unicast_peer {\n ${peer}\n }`, more)
  const file = (own: number, peer: number) =>
    side(`10.2.1.${own}`, `10.2.1.${peer}`, {}) +
    side(`10.9.1.${own}`, `10.9.1.${peer}`, { name: 'W', vip: '10.9.1.5/24', id: 6 }).replace('eth0', 'eth1')
  const both = imported({ 'a.conf': file(2, 3), 'b.conf': file(3, 2) })
  assert.equal([needsOf(both), both.refused], [[], []])
  assert.match(inventoryTextOf(both), 'address: 10.2.1.2, addresses: { W: 10.9.1.2 }')
  const alone = imported({ 'a.conf': file(2, 3) })
  assert.equal([needsOf(alone), alone.refused], [[], []])
  assert.match(inventoryTextOf(alone), 'address: 10.2.1.3, addresses: { W: 10.9.1.3 }')
  const silent = file(2, 3).replace('unicast_src_ip 10.9.1.2', '')
  const told = imported({ 'a.conf': silent })
  assert.equal([needsOf(told), told.refused], [[], []])
  assert.match(inventoryTextOf(told), 'addresses: { W: ADDRESS-OF-NODE1-ON-ETH1 }')
})

test('a delay of a node that is never above another says nothing', () => {
  const late = instance('preempt_delay 10', { state: 'MASTER', priority: 150 })
  const result = imported({ 'a.conf': late, 'b.conf': instance() })
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'preempt_delay: 10')
})

test('an instance that keepalived leaves out is told once', () => {
  const result = imported({ 'a.conf': instance('', { id: 300 }) })
  assert.equal(
    result.unsaid.map(({ need, text }) => [need, text.replace(/^\S+ /, '')]),
    [['an instance that the inventory can not have', 'vrrp_instance V, with all that it says']],
  )
})

test('a director whose address is not known may be one of the real servers', () => {
  const server = `virtual_server 10.2.1.5 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n quorum 1\n${[11, 12]
    .map((n) => `real_server 10.2.1.${n} 80 {\n TCP_CHECK {\n }\n }\n`)
    .join('')}}\n`
  const text = inventoryTextOf(imported({ 'a.conf': instance('', { state: 'MASTER' }) + server }))
  assert.match(text, /where it is that of real1 or real2, take that one out, and role: director here/)
})

test.run()
