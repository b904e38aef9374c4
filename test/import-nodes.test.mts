// What several nodes' files say of one cluster where they are not alike, and programs that are run together.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imported, instance, inventoryTextOf, needsOf, pair } from './import-files.ts'

test('one instance on interfaces of other names is one election', () => {
  const first = instance('nopreempt', { priority: 150 })
  const second = instance('nopreempt').replace('eth0', 'ens3')
  const stays = imported({ 'a.conf': first, 'b.conf': second })
  assert.equal(needsOf(stays), [])
  assert.match(inventoryTextOf(stays), /b: .*interface: ens3/)
  assert.not.match(inventoryTextOf(stays), 'preempt:')
  const takes = imported({ 'a.conf': instance().replace('eth0', 'ens3'), 'b.conf': instance('', { priority: 150 }) })
  assert.equal(needsOf(takes), [])
  assert.match(inventoryTextOf(takes), /preempt: true[^]*hosts:\n {2}b: /)
})

test('two instances of one virtual_router_id on two interfaces stay two', () => {
  const both = (priority: number, device: string) =>
    instance('', { priority }) +
    instance('', { name: 'W', vip: '10.9.1.6/24', priority: 250 - priority }).replace('eth0', device)
  for (const device of ['eth1', 'ens1']) {
    const text = inventoryTextOf(imported({ 'a.conf': both(150, 'eth1'), 'b.conf': both(100, device) }))
    assert.match(text, 'preempt: true')
    assert.match(text, /W: \{.*prefer: b/)
  }
})

const check = (name: string, command: string, more = '') =>
  `vrrp_script ${name} {\n script "${command}"\n timeout 3\n fall 2\n user nobody\n ${more}\n}\n`
const tracks = (...names: string[]) => `track_script {\n${names.join('\n')}\n }`

test('checks of some nodes alone are theirs', () => {
  const a =
    check('web', '/bin/a', 'weight -20') + check('all', '/bin/c') + instance(tracks('web', 'all'), { priority: 110 })
  const b = check('db', '/bin/b', 'weight -20') + check('all', '/bin/c') + instance(tracks('db', 'all'))
  const result = imported({ 'a.conf': a, 'b.conf': b })
  assert.equal(needsOf(result), [])
  const text = inventoryTextOf(result)
  assert.match(text, 'web: { command: /bin/a, weight: -20, hosts: [ a ] }')
  assert.match(text, 'db: { command: /bin/b, weight: -20, hosts: [ b ] }')
  assert.match(text, 'all: { command: /bin/c }')
})

test('one check with other values on another node is two', () => {
  const file = (weight: number, priority: number) =>
    check('c', '/bin/a', `weight ${weight}`) + instance(tracks('c'), { priority })
  const result = imported({ 'a.conf': file(-20, 110), 'b.conf': file(-30, 100) })
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), /c: .*weight: -20, hosts: \[ a \][^]*c-2: .*weight: -30, hosts: \[ b \]/)
})

test('an instance has checks of its own where they are not those of the first on all nodes', () => {
  const further = (lines: string) => instance(lines, { name: 'W', vip: '10.2.1.6/24', id: 6 })
  const all = check('c', '/bin/a')
  const a = all + instance(tracks('c')) + further(tracks('c'))
  const b = all + instance(tracks('c')) + further('')
  const result = imported({ 'a.conf': a, 'b.conf': b })
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), /W: \{.*checks: \{ c-2: \{ command: \/bin\/a, hosts: \[ a \] \} \}/)
})

for (const [command, said] of [
  ['pidof haproxy-systemd-wrapper', 'process: haproxy-systemd'],
  ['killall -0 app@1', 'command: /usr/bin/killall -0 app@1'],
  ['curl -f http://localhost/a%20b', 'command: /usr/bin/curl -f http://localhost/a%20b'],
  ['nc -z localhost 99999', 'command: /usr/bin/nc -z localhost 99999'],
] as const)
  test(`what a check of a process, a port or a URL can not say is said another way: ${command}`, () => {
    const result = imported(pair(tracks('c'), check('c', command)))
    assert.equal(needsOf(result), [])
    assert.match(inventoryTextOf(result), said)
  })

test('unicast_src_ip without a peer is the source of multicast, and told', () => {
  const file = (own: string, lines = '') => instance(`unicast_src_ip ${own}\n ${lines}`)
  for (const lines of ['', 'unicast_peer { }']) {
    const result = imported({ 'a.conf': file('10.2.1.2', lines), 'b.conf': file('10.2.1.3', lines) })
    assert.equal(needsOf(result), [])
    assert.match(inventoryTextOf(result), 'mcast_src_ip: true')
    assert.match(inventoryTextOf(result), 'b: { address: 10.2.1.3 }')
    assert.ok(result.hazards.some(({ code }) => code === 'no-unicast-peer'))
  }
})

test('a number may begin with its point', () => {
  const result = imported(pair('advert_int .5\n version 3'))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'advert_int: 0.5')
})

test('a label of an IPv6 address is none', () => {
  const result = imported({ 'a.conf': instance('', { vip: '10.2.1.5/24\n fd00::5/64 label eth0:x' }) })
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), 'more_vips: [ { address: fd00::5, prefix: 64 } ]')
})

test('a state behind a program without quotes is a word for the program', () => {
  const result = imported(pair('notify_master /bin/a master\n notify_backup /bin/a backup'))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'notify: { master: /bin/a master, backup: /bin/a backup }')
})

test('programs of an instance and of its group are both run', () => {
  const files = pair('notify_master /bin/own', 'vrrp_sync_group G {\n group { V }\n notify_master /bin/group\n}\n')
  assert.match(inventoryTextOf(imported(files)), 'runs /bin/own; /bin/group')
  const others = (user: string) =>
    imported(
      pair('notify_master /bin/own nobody', `vrrp_sync_group G {\n group { V }\n notify_fault /bin/g ${user}\n}\n`),
    )
  assert.equal(needsOf(others('nobody nobody')), [])
  assert.equal(needsOf(others('root')), ['notify programs that several users run'])
  assert.match(others('root').unsaid[0]!.text, /users of notify nobody, root$/)
})

test('programs that one node runs in place of those of the others are its own', () => {
  const result = imported({
    'a.conf': instance('notify_master "/bin/a b"'),
    'b.conf': instance('notify_master "/bin/a a"'),
  })
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'notify: { master: /bin/a b }')
  assert.match(inventoryTextOf(result), /b: \{ .*notify: \{ master: \/bin\/a a \}/)
  const none = imported({ 'a.conf': instance('notify_master "/bin/a b"'), 'b.conf': instance() })
  assert.equal(needsOf(none), [])
  assert.match(inventoryTextOf(none), /b: \{ .*notify: \{\}/)
  const shell = imported({
    'a.conf': instance('notify_master "/bin/a > /x"'),
    'b.conf': instance('notify_master "/bin/b > /x"'),
  })
  assert.equal(needsOf(shell), [])
  assert.match(inventoryTextOf(shell), /SCRIPT-FOR-B-NOTIFY-MASTER.*runs \/bin\/b/)
})

test('a script that is called as that of the playbooks is one', () =>
  assert.match(
    inventoryTextOf(imported(pair('notify /opt/keepalived-notify.sh'))),
    'master: /opt/keepalived-notify.sh INSTANCE V MASTER',
  ))

test('a check ends where the next keyword of its line begins', () => {
  const check = 'vrrp_script c { script "/bin/a -b"; interval 3; fall 2 }\n'
  assert.match(inventoryTextOf(imported(pair('track_script { c }', check))), 'c: { command: /bin/a -b, user: root }')
})

test.run()
