// What files mean becomes an inventory: several instances, what they share, and in which they differ.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { dnsCheck, imported, instance, inventoryTextOf, keysOf, needsOf, tracksDns, two } from './import-files.ts'

/** Files of two nodes with two instances. */
function instances(lines: string, priorities = [100, 100, 100, 100], beside = '') {
  const [a, b, c, d] = priorities
  const file = (first?: number, second?: number) =>
    dnsCheck +
    instance(tracksDns, { priority: first }) +
    instance(lines, { name: 'W', vip: '10.2.1.6', id: 6, priority: second }) +
    beside
  return { 'a.conf': file(a, b), 'b.conf': file(c, d) }
}

test('instances: what one has and the other has not', () => {
  const fewer = imported(instances(''), two)
  assert.equal([needsOf(fewer), keysOf(fewer)], [[], ['instances: { W: { vip: 10.2.1.6, checks: {} } }']])
  const told = imported(instances(`${tracksDns}\n garp_master_delay 1`), two)
  assert.equal([needsOf(told), keysOf(told)], [[], ['instances: { W: { vip: 10.2.1.6, garp: { delay: 1 } } }']])
  const seldom = imported(instances(`${tracksDns}\n advert_int 2`), two)
  assert.equal([needsOf(seldom), keysOf(seldom)], [[], ['instances: { W: { vip: 10.2.1.6, advert_int: 2 } }']])
  const own = imported(instances(`${tracksDns}\n down_timer_adverts 4`), two)
  assert.equal(needsOf(own), ['an instance with values of its own'])
})

test('instances with checks and interfaces of their own; what is the same has one name', () => {
  const check = (name: string, what: string) =>
    `vrrp_script ${name} {\n script "/usr/bin/pgrep -x ${what}"\n timeout 3\n fall 2\n rise 1\n}\n`
  const own = 'track_script { a\n b }\n track_interface { eth0\n eth2 }'
  const text =
    check('a', 'one') +
    check('b', 'two') +
    instance('track_script { a }\n track_interface { eth1 }') +
    instance(own, { name: 'W', vip: '10.2.1.6', id: 6 }) +
    instance('', { name: 'X', vip: '10.2.1.7', id: 7 })
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal([needsOf(result), result.refused], [[], []])
  assert.match(inventoryTextOf(result), 'a: { process: one }')
  assert.match(
    inventoryTextOf(result),
    'W: { vip: 10.2.1.6, checks: { a: { process: one }, b: { process: two } }, track_interfaces: [ eth2 ] }, ' +
      'X: { vip: 10.2.1.7, checks: {}, track_interfaces: [] }',
  )
})

test('instances that are on another node each', () => {
  const wanted = ['preempt: true', 'instances: { W: { vip: 10.2.1.6, prefer: ns2 } }']
  const files = instances(tracksDns, [150, 90, 90, 150])
  const both = imported(files, two)
  assert.equal([keysOf(both), needsOf(both)], [wanted, []])
  // Of two nodes, one file tells.
  const alone = imported({ 'a.conf': files['a.conf'] }, two)
  assert.equal([keysOf(alone), needsOf(alone)], [wanted, []])
  const other = imported({ 'b.conf': files['b.conf'] }, two.toReversed())
  assert.equal([keysOf(other), needsOf(other)], [wanted, []])
  const stays = imported(instances(`${tracksDns}\n nopreempt`, [150, 90, 90, 150]), two)
  assert.equal([keysOf(stays), needsOf(stays)], [['prefer: ns1', 'instances: { W: { vip: 10.2.1.6 } }'], []])
})

test('instances with programs of their own', () => {
  const text = (more: string) =>
    dnsCheck +
    instance(`notify /n\n ${tracksDns}`) +
    instance(`${more}\n ${tracksDns}`, { name: 'W', vip: '10.2.1.6', id: 6 })
  const result = imported({ 'a.conf': text('notify /n'), 'b.conf': text('notify /n') }, two)
  assert.match(
    inventoryTextOf(result),
    /instances: \{ W: \{ vip: 10.2.1.6, notify: \{ master: \/n INSTANCE W MASTER, backup: /,
  )
  assert.equal(needsOf(result), [])
  const none = imported({ 'a.conf': text(''), 'b.conf': text('') }, two)
  assert.match(inventoryTextOf(none), 'instances: { W: { vip: 10.2.1.6, notify: {} } }')
  assert.equal(needsOf(none), [])
  const script = imported({ 'a.conf': text('notify_stop "/a | /b"'), 'b.conf': text('notify_stop "/a | /b"') }, two)
  assert.match(inventoryTextOf(script), 'notify: { stop: SCRIPT-FOR-W-NOTIFY-STOP } }')
  assert.equal([needsOf(script), script.refused], [[], []])
})

test('instances with lines of their own', () => {
  const text = (first: string, second: string) =>
    instance(first) + instance(second, { name: 'W', vip: '10.2.1.6', id: 6 })
  const routes = 'virtual_routes {\n 10.9.0.0/16 via 10.2.1.1 dev eth0\n }'
  const keysAndNeeds = (file: string) => {
    const result = imported({ 'a.conf': file, 'b.conf': file }, two)
    return [keysOf(result), needsOf(result)]
  }
  const lines = '[ "virtual_routes {", 10.9.0.0/16 via 10.2.1.1 dev eth0, "}" ]'
  const common = `keepalived: { instance: ${lines} }`
  const alone = [`instances: { W: { vip: 10.2.1.6, keepalived: [] } }`, common]
  assert.equal(keysAndNeeds(text(routes, '')), [alone, []])
  assert.equal(keysAndNeeds(text('', routes)), [[`instances: { W: { vip: 10.2.1.6, keepalived: ${lines} } }`], []])
  assert.equal(keysAndNeeds(text(routes, routes)), [['instances: { W: { vip: 10.2.1.6 } }', common], []])
})

test('a block without routes says nothing', () => {
  const text =
    'static_routes {\n}\n' +
    instance('virtual_routes {\n 10.9.0.0/16 via 10.2.1.1\n }') +
    instance('virtual_routes {\n }\n virtual_rules {\n }', { name: 'W', vip: '10.2.1.6', id: 6 })
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'W: { vip: 10.2.1.6, keepalived: [] }')
  assert.not.match(inventoryTextOf(result), 'static_routes')
})

test('programs of a group are run for each of its instances, which is told', () => {
  const group = (lines: string) => `vrrp_sync_group G {\n group {\n V\n W\n }\n ${lines}\n}\n`
  const told = (lines: string) =>
    imported(instances(tracksDns, undefined, group(lines)), two).added.some((why) =>
      why.startsWith('programs of a sync'),
    )
  assert.equal([told('notify_master /bin/up'), told('notify /bin/up'), told('')], [true, true, false])
})

test('instances in a group: all, or some', () => {
  const all = imported(instances(tracksDns, [150, 150, 90, 90], 'vrrp_sync_group G { group { V\n W } }'), two)
  assert.equal(keysOf(all), ['preempt: true', 'instances: { W: { vip: 10.2.1.6 } }', 'sync: true'])
  assert.equal(needsOf(all), [])
  const third = instance(tracksDns, { name: 'X', vip: '10.2.1.7', id: 7 })
  const some = imported(instances(tracksDns, undefined, `${third}vrrp_sync_group G { group { V\n W } }`), two)
  assert.equal(needsOf(some), ['a sync group of some instances'])
})

test('priorities count by what checks make of them', () => {
  const files = (lower: number, weight: number) => {
    const check = `vrrp_script own {\n script "/bin/a"\n user nobody\n timeout 3\n fall 2\n rise 1\n weight ${weight}\n}\n`
    const of = (one: number, other: number) =>
      check +
      instance('track_script { own }', { priority: one }) +
      instance('track_script { own }', { name: 'W', vip: '10.2.1.6', id: 6, priority: other })
    return imported({ 'a.conf': of(150, lower), 'b.conf': of(lower, 150) }, two)
  }
  // The preferred node is above the other by one, and a failed check puts it below in both.
  assert.equal(needsOf(files(140, -20)), [])
  assert.equal(needsOf(files(100, -20)), ['an order of the nodes for each instance'])
})

test.run()
