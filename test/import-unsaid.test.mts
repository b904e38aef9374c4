// What files mean becomes an inventory: what could not be said, and what is said another way.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dnsCheck, imported, instance, inventoryTextOf, keysOf, needsOf, pair, tracksDns, two } from './import-files.ts'
import { inventoryOf } from './variants.ts'

/** Lines of an instance, what stands beside it, and what could not be said. */
const unsaid: [name: string, lines: string, beside: string, needs: string[]][] = [
  ['a MAC of your own', 'use_vmac vrrp.5 02:00:00:00:00:05', '', ['a virtual MAC of your own, or ipvlan']],
  [
    'track_process with arguments',
    'track_process { x }',
    'vrrp_track_process x { process y "--all" }',
    ['track_file, track_bfd, and track_process with more than a name'],
  ],
]
for (const [name, lines, beside, wanted] of unsaid)
  test(`unsaid: ${name}`, () => {
    const result = imported(pair(`${lines}\n  ${tracksDns}`, `${dnsCheck}${beside}\n`), two)
    assert.equal(needsOf(result).toSorted(), wanted.toSorted())
    assert.match(result.unsaid[0]!.text, /\.conf:\d+:\d+ /)
  })

test('what only a shell understands: marked places for scripts', () => {
  const check =
    'vrrp_script chk_own {\n script "/bin/a | grep é"\n timeout 3\n fall 2\n rise 1\n user nobody\n weight -5\n}\n'
  const lines = 'notify_master "/bin/a > /tmp/b"\n notify_fault /bin/c\n track_script { own-x\n chk_own\n dns }'
  const result = imported(pair(lines, dnsCheck + check), two)
  assert.equal(keysOf(result), [
    'checks:',
    'own: { command: SCRIPT-FOR-OWN, weight: -5 } # the path of a script on every node that runs /bin/a | grep ?',
    'notify: { master: SCRIPT-FOR-NOTIFY-MASTER, fault: /bin/c } # the path of a script on every node that runs /bin/a > /tmp/b',
  ])
  assert.equal([result.unsaid, result.refused], [[], []])
  assert.throws(() => inventoryOf(inventoryTextOf(result)), /command: must be an absolute path.*got "SCRIPT-FOR-OWN"/)
  // Another program is another.
  const other = {
    'a.conf': pair(lines, dnsCheck + check)['a.conf']!,
    'b.conf': pair(lines, dnsCheck + check.replace('grep', 'wc'))['b.conf']!,
  }
  assert.equal(needsOf(imported(other, two)), [])
  assert.match(
    inventoryTextOf(imported(other, two)),
    /own-2: \{ command: SCRIPT-FOR-OWN-2, .*hosts: \[ ns2 \].*\/bin\/a \| wc/,
  )
})

test('a password of IPv6 is none', () => {
  const six = instance(`authentication { auth_type PASS\n auth_pass abcd }\n${tracksDns}`, {
    name: 'S',
    vip: 'fd00::5',
  })
  const result = imported(pair(tracksDns, dnsCheck + six), two)
  assert.equal([needsOf(result), result.added.some((why) => why.includes('VRRP_PASS'))], [[], false])
})

test('authentication AH', () => {
  const result = imported(pair(`authentication { auth_type AH\n auth_pass abcd }\n${tracksDns}`, dnsCheck), two)
  assert.equal(needsOf(result), [])
  assert.is(keysOf(result)[1], 'auth_type: AH')
})

test('a virtual MAC: the name of its interface, and where adverts go, may be others', () => {
  const told = (lines: string) => {
    const result = imported(pair(`${lines}\n ${tracksDns}`, dnsCheck), two)
    assert.equal([needsOf(result), keysOf(result)], [[], ['vmac: true']])
    return result.added.some((why) => why.startsWith('the interface of a virtual MAC'))
  }
  assert.not(told('use_vmac\n vmac_xmit_base'))
  assert.not(told('use_vmac vrrp.5\n vmac_xmit_base'))
  assert.ok(told('use_vmac'))
  assert.ok(told('use_vmac outside\n vmac_xmit_base'))
})

test('adverts elsewhere than the virtual IP', () => {
  const lines = `unicast_src_ip 10.9.0.2/24\n unicast_peer { 10.9.0.3/24 }`
  const peers = imported({ 'a.conf': instance(lines, { vip: '10.2.1.5 dev eth1' }) })
  assert.equal([needsOf(peers), peers.refused], [[], []])
  assert.match(inventoryTextOf(peers), 'network: 10.9.0.0/24 # assumed by the addresses of the nodes')
  assert.match(inventoryTextOf(peers), 'vip_interface: eth1')
  // In another network, on the same interface.
  const same = imported({ 'a.conf': instance(lines.replaceAll('10.9.0', '172.16.9')) })
  assert.equal([needsOf(same), same.refused], [[], []])
  assert.match(inventoryTextOf(same), 'vip_interface: eth0')
  const unknown = imported({ 'a.conf': instance('', { vip: '10.2.1.5 dev eth1' }) })
  assert.equal([needsOf(unknown), unknown.refused], [[], []])
  assert.match(inventoryTextOf(unknown), 'network: NETWORK-OF-THE-NODES # the network in which the nodes send adverts')
  assert.throws(() => inventoryOf(inventoryTextOf(unknown)), /network: must be an IPv4 network/)
  const further = imported(
    pair(tracksDns, dnsCheck + instance(tracksDns, { name: 'W', vip: '10.2.1.6 dev eth1', id: 6 })),
    two,
  )
  assert.equal(needsOf(further), [])
  assert.match(inventoryTextOf(further), 'W: { vip: 10.2.1.6, vip_interface: eth1 }')
})

test('two programs for one change: one script that runs both', () => {
  const result = imported(pair(`notify /bin/n\n notify_master /bin/m\n ${tracksDns}`, dnsCheck), two)
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'that runs /bin/m; /bin/n INSTANCE V MASTER')
})

test('interfaces that all instances track', () => {
  const of = (device: string, rest: object) => instance(`interface ${device}\n track_interface { eth0\n eth1 }`, rest)
  const text = of('eth0', {}) + of('eth1', { name: 'W', vip: '10.9.1.6', id: 6 })
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal(keysOf(result), [
    'instances: { W: { vip: 10.9.1.6, interface: eth1 } }',
    'track_interfaces: [ eth0, eth1 ]',
  ])
  assert.equal(needsOf(result), [])
})

test('services: several of them, and one over a program', () => {
  const server = (port: number, check: string, protocol = 'TCP', scheduler = 'rr') =>
    `virtual_server 10.2.1.5 ${port} {\n delay_loop 1\n lb_algo ${scheduler}\n protocol ${protocol}\n` +
    two
      .map(({ address }) => ` real_server ${address} ${port} {\n ${check.replaceAll('ADDRESS', address)}\n }\n`)
      .join('') +
    '}\n'
  const several = imported(
    pair(
      '',
      server(80, 'HTTP_GET { url { path /up } }') +
        server(25, 'TCP_CHECK { connect_port 25 }') +
        server(514, 'UDP_CHECK { }', 'UDP') +
        server(5432, 'MISC_CHECK { misc_path "/bin/check -q ADDRESS 5432" }'),
    ),
    two,
  )
  assert.equal(several.draft.level, 2)
  assert.equal(several.draft.cluster.services, {
    http80: { type: 'http', port: undefined, real_port: undefined, managed: false, host: '10.2.1.5', path: '/up' },
    tcp25: { type: 'tcp', port: 25 },
    udp514: { type: 'udp', port: 514 },
    tcp5432: { type: 'tcp', port: 5432, check: '/bin/check -q' },
  })
  assert.equal([needsOf(several), several.refused], [[], []])
  const one = imported(pair('', server(25, 'TCP_CHECK { }')), two)
  assert.equal([keysOf(one), needsOf(one)], [['service: { type: tcp, port: 25 }'], []])
  const other = imported(
    pair('', server(25, 'TCP_CHECK { }') + server(26, 'TCP_CHECK { }', 'TCP', 'rr\n quorum 2')),
    two,
  )
  assert.equal(needsOf(other), ['values of one virtual server alone'])
  const some = imported(pair('virtual_ipaddress { 10.2.1.6 }', server(25, 'TCP_CHECK { }')), two)
  assert.equal(
    [keysOf(some), needsOf(some)],
    [['more_vips: [ 10.2.1.6 ]', 'service: { type: tcp, port: 25, vips: [ 10.2.1.5 ] }'], []],
  )
})

test('a password that the schema does not take: put another into the environment', () => {
  const { added, unsaid } = imported(
    pair(`authentication { auth_type PASS\n auth_pass abc }\n${tracksDns}`, dnsCheck),
    two,
  )
  assert.equal([unsaid, added.some((why) => why.includes('VRRP_PASS'))], [[], true])
  // Eight characters count.
  const long = imported(pair(`authentication { auth_type PASS\n auth_pass abcdefghij }\n${tracksDns}`, dnsCheck), two)
  assert.not.ok(long.added.some((why) => why.includes('VRRP_PASS')))
})

test('words that keepalived does not know are in no inventory, as keepalived leaves them out', () => {
  const result = imported(
    pair(`netify_backup /a\n ${tracksDns}`, `${dnsCheck}OS: x\nglobal_defs { notificationd y }\n`),
    two,
  )
  assert.equal([keysOf(result), result.unsaid], [[], []])
})

test('unicast of both families: a node has two addresses, also one whose file is not there', () => {
  const one = (vip: string, own: string, peer: string, more = {}) =>
    instance(`unicast_src_ip ${own}\n unicast_peer { ${peer} }\n ${tracksDns}`, { vip, ...more })
  const six = one('2001:db8::5/64', '2001:db8::2', '2001:db8::3', { name: 'SIX', id: 6 })
  const result = imported({ 'a.conf': dnsCheck + one('10.2.1.5/24', '10.2.1.2', '10.2.1.3') + six })
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), 'node1: { address: 10.2.1.2, address6: 2001:db8::2 }')
  assert.match(inventoryTextOf(result), 'node2: { address: 10.2.1.3, address6: 2001:db8::3 }')
})

test('what the schema refuses is left out, and the rest is proved', () => {
  const server =
    'virtual_server 10.2.1.5 53 { protocol UDP\n lb_algo fo\n real_server 10.2.1.2 53 { DNS_CHECK { type txt\n name health.load.balance. } } }\n'
  const lines = 'track_interface { longer-than-fifteen }\n unicast_src_ip fe80::2\n unicast_peer { fe80::3 }'
  const result = imported({ 'a.conf': server + instance(lines) })
  assert.equal(result.refused.map((line) => line.split(':')[0]!).toSorted(), [
    'cluster.balancing.scheduler',
    'cluster.track_interfaces[0]',
    'hosts.node1.address',
    'hosts.node2.address',
  ])
  assert.match(inventoryTextOf(result), /node1: \{ address: ADDRESS-OF-NODE1, role: director \}/)
  assert.ok(result.unsaid.some(({ text }) => text.endsWith('lvs_sched fo; the inventory makes it rr')))
})

test('a virtual server that the inventory can not have at all is not taken for its own model', () => {
  const reals = [1060, 2060].map((port) => `real_server 10.2.1.9 ${port} { weight 1 }\n`)
  const server = `virtual_server 10.2.1.5 5060 { protocol UDP\n lb_algo sh\n ${reals.join('')} }\n`
  const found = needsOf(imported(pair('', server), two))
  assert.ok(found.includes('real servers on several ports'))
})

test.run()
