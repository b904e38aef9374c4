// What files mean becomes an inventory: hosts, their names, addresses and priorities, and what no file tells.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  dnsCheck,
  imported,
  instance,
  inventoryTextOf,
  keysOf,
  needsOf,
  pair,
  tracksDns,
  two,
  written,
} from './import-files.ts'
import { inventoryOf } from './variants.ts'

test('priorities: the order of hosts alone, unless checks move them', () => {
  const files = (lines: string) => ({
    'low.conf': dnsCheck + instance(`${lines}\n ${tracksDns}`, { priority: 50 }),
    'high.conf': dnsCheck + instance(`${lines}\n ${tracksDns}`, { state: 'MASTER', priority: 150 }),
  })
  const plain = imported(files('preempt_delay 9'), two)
  assert.equal(keysOf(plain), ['preempt: true', 'preempt_delay: 9'])
  assert.match(inventoryTextOf(plain), /ns2: \{ address: 10.2.1.3 \}\n {2}ns1: \{ address: 10.2.1.2 \}\n$/)
  const weighted = imported(files('track_interface { eth1 weight -60 }'), two)
  assert.match(inventoryTextOf(weighted), /ns2: \{ address: 10.2.1.3, priority: 150 \}\n {2}ns1: .*priority: 50 \}\n$/)
  assert.equal(
    [keysOf(weighted), needsOf(weighted)],
    [['preempt: true', 'track_interfaces: [ { name: eth1, weight: -60 } ]'], []],
  )
  assert.equal(keysOf(imported(files('nopreempt'), two)), [])
})

test('a virtual IP that adverts leave out is one all the same', () => {
  const text = instance().replace('virtual_ipaddress', 'virtual_ipaddress_excluded').replace('24\n', '24\n 10.2.1.6\n')
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), 'vip: 10.2.1.5\n  more_vips: [ { address: 10.2.1.6, excluded: true } ]\n')
  assert.ok(result.added.some((why) => why.startsWith('adverts name the virtual IP, which the files leave out')))
})

test('a process with the most that keepalived takes for a weight', () => {
  const before = 'vrrp_track_process p {\n process /usr/sbin/apache2\n param_match partial\n weight -254\n}\n'
  const result = imported(pair('track_process { p }', before), two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), 'p: { process: apache2, weight: -253 }')
  const matched = before.replace('apache2', 'apache2 -k')
  assert.is(needsOf(imported(pair('track_process { p }', matched), two)).length, 1)
})

test('a format of docker is none of a template', () => {
  const check = (format: string) =>
    `vrrp_script c {\n script "/usr/bin/docker inspect -f '${format}' web"\n user root\n}\n`
  const read = (format: string) => imported(pair('track_script { c }', check(format)), two)
  assert.match(inventoryTextOf(read('{{.State.Running}}')), 'c: { command: SCRIPT-FOR-C, ')
  assert.throws(() => read('{{ state }}'), /\{\{ is of a template/)
})

test('nodes of one priority below the first get an order, which is told', () => {
  const three = [...two, { name: 'ns3', address: '10.2.1.4' }]
  const files = (priorities: number[], lines = '') =>
    imported(
      Object.fromEntries(priorities.map((priority, place) => [`${place}.conf`, instance(lines, { priority })])),
      three,
    )
  const isTold = ({ added }: ReturnType<typeof imported>) =>
    added.some((why) => why.startsWith('of nodes of one priority'))
  const below = files([150, 100, 100])
  assert.equal([needsOf(below), keysOf(below), isTold(below)], [[], ['preempt: true'], true])
  assert.not.ok(isTold(files([150, 110, 100])))
  // The virtual IP stays with either of the two.
  assert.equal(needsOf(files([150, 150, 100])), ['an order of the nodes for each instance'])
})

test('a delay of one node, where weights make it count', () => {
  const tracks = 'track_interface { eth1 weight -60 }'
  const result = imported(
    {
      'a.conf': instance(`preempt_delay 9\n ${tracks}`, { priority: 150 }),
      'b.conf': instance(tracks),
    },
    two,
  )
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), /preempt: true\n {2}preempt_delay: 9\n/)
  assert.match(inventoryTextOf(result), 'ns2: { address: 10.2.1.3, priority: 100, preempt_delay: 0 }')
})

test('lines that nodes do not share are those of each', () => {
  const routes = (network: string) => `static_routes {\n ${network} via 10.2.1.1\n}\n`
  const result = imported(
    {
      'a.conf': routes('10.8.0.0/16') + instance('dont_track_primary'),
      'b.conf': `${routes('10.9.0.0/16')}global_defs { max_auto_priority 5 }${instance()}`,
    },
    two,
  )
  assert.equal([needsOf(result), result.refused], [[], []])
  const file = (network: string) => `file: [ "static_routes {", "    ${network} via 10.2.1.1", "}" ]`
  assert.match(inventoryTextOf(result), `  keepalived: { instance: [ dont_track_primary ], ${file('10.8.0.0/16')} }\n`)
  assert.match(
    inventoryTextOf(result),
    `ns2: { address: 10.2.1.3, keepalived: { global: [ max_auto_priority 5 ], instance: [], ${file('10.9.0.0/16')} } }`,
  )
})

test('names and addresses: from the files where these tell', () => {
  const unicast = (own: string, peer: string) =>
    `${dnsCheck}global_defs { router_id ${own.replaceAll('.', '-')}x }` +
    instance(`unicast_src_ip ${own}\n unicast_peer { ${peer} }\n ${tracksDns}`)
  const one = imported({ 'keepalived.conf': unicast('10.2.1.7', '10.2.1.8') })
  assert.match(
    inventoryTextOf(one),
    /unicast: true\n {2}checks:\n {4}dns: \{ port: 53 \}\n {2}service: \{ type: none \}\n {2}snmp: \{ enabled: false \}\nhosts:\n {2}node2: \{ address: 10.2.1.8 \}\n {2}node1: \{ address: 10.2.1.7 \}\n$/,
  )
  const silent = (peer: string) => dnsCheck + instance(`unicast_peer { ${peer} }\n ${tracksDns}`)
  const both = imported({ 'lb1/keepalived.conf': silent('10.2.1.8'), 'lb2/keepalived.conf': silent('10.2.1.7') })
  assert.match(inventoryTextOf(both), /lb1: \{ address: 10.2.1.7 \}\n {2}lb2: \{ address: 10.2.1.8 \}\n$/)
  assert.equal([...needsOf(one), ...needsOf(both)], [])
  // Two files of three nodes.
  const three = imported({
    'lb1/keepalived.conf': silent('10.2.1.8\n 10.2.1.9'),
    'lb2/keepalived.conf': silent('10.2.1.7\n 10.2.1.9'),
  })
  assert.match(
    inventoryTextOf(three),
    /lb1: \{ address: 10.2.1.7 \}\n {2}lb2: \{ address: 10.2.1.8 \}\n {2}node3: \{ address: 10.2.1.9 \}\n$/,
  )
  const byId = imported({
    'a.conf': 'global_defs { router_id web_1 }' + instance(),
    'b.conf': 'global_defs { router_id web_2 }' + instance(),
  })
  assert.equal(Object.keys(byId.draft.hosts), ['web-1', 'web-2'])
})

const networks: [vip: string, network: string][] = [
  ['10.2.1.5/16', '10.2.0.0/16'],
  ['10.2.1.5/30', '10.2.1.0/24 # assumed, as 10.2.1.5/30 is no network of hosts'],
  ['10.2.2.5/24', '10.2.1.0/24 # assumed by the addresses of the nodes'],
  ['10.2.1.5', '10.2.1.0/24 # assumed, as 10.2.1.5 has no prefix length'],
]
for (const [vip, network] of networks)
  test(`the network of ${vip}`, () => {
    const file = dnsCheck + instance(tracksDns, { vip })
    assert.ok(inventoryTextOf(imported({ 'a.conf': file, 'b.conf': file }, two)).includes(`network: ${network}\n`))
  })

test('lines for hosts: one file for all', () => {
  const file = `@ns1 $OWN=10.2.1.2\n@ns1 $PEER=10.2.1.3\n@ns2 $OWN=10.2.1.3\n@ns2 $PEER=10.2.1.2\n${dnsCheck}`
  const text = file + instance(`unicast_src_ip $OWN\n unicast_peer {\n $PEER\n }\n ${tracksDns}`)
  for (const result of [imported({ 'keepalived.conf': text }), imported({ 'a.conf': text, 'b.conf': text })])
    assert.match(
      inventoryTextOf(result),
      /hosts:\n {2}ns1: \{ address: 10.2.1.2 \}\n {2}ns2: \{ address: 10.2.1.3 \}\n$/,
    )
})

test('what no file tells: marked places, which the schema refuses', () => {
  const result = imported({ 'keepalived.conf': instance('', { vip: '10.2.1.1' }) })
  const text = inventoryTextOf(result)
  assert.match(text, 'network: 10.2.1.0/24 # assumed, as 10.2.1.1 has no prefix length')
  assert.match(text, 'gateway: ADDRESS-OF-THE-ROUTER # the router of the network')
  assert.match(text, 'service: { type: none }')
  assert.match(text, 'node1: { address: ADDRESS-OF-NODE1 } # the address of node1')
  const [file] = written({ 'inventory.yaml': text })
  assert.throws(() => inventoryOf(text), /gateway: must be an IPv4 address, got "ADDRESS-OF-THE-ROUTER"/)
  assert.ok(file)
  assert.equal(needsOf(result), [])
})

test('real servers that are no nodes are hosts of their own, by the method that passes clients on to them', () => {
  const real = (address: string, weight: number) => `real_server ${address} 80 { weight ${weight}\n TCP_CHECK { } }\n`
  const server = `virtual_server 10.2.1.5 80 { protocol TCP\n lb_algo wrr\n lb_kind DR\n ${real('10.2.1.9', 2)}${real('10.2.1.2', 1)} }\n`
  const result = imported(pair('', server), two)
  assert.equal(needsOf(result), [])
  const text = inventoryTextOf(result)
  assert.match(text, 'balancing: { scheduler: wrr, method: dr }')
  // One of the nodes is a real server as well.
  assert.match(text, 'ns1: { address: 10.2.1.2 }')
  assert.match(text, 'ns2: { address: 10.2.1.3, role: director }')
  assert.match(text, 'real1: { address: 10.2.1.9, role: real_server, weight: 2 }')
})

test.run()
