// Clusters with several virtual IPs, and with several VRRP instances: what is rendered, judged, taken over and rebooted.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { soleHolders } from '../engine/cluster/instances.ts'
import { textsOf } from '../engine/cluster/finding.ts'
import { type NodeState, parseNodeState } from '../engine/cluster/node-state.ts'
import { parseStatus } from '../engine/cluster/status.ts'
import { inTurn } from '../engine/operations/rolling/order.ts'
import { judgeStates } from '../engine/verify/check.ts'
import { judgeNodes } from '../engine/verify/judge.ts'
import type { Facts } from '../engine/runner/facts.ts'
import { virtualServersOf } from '../services/virtual-server.ts'
import { handMade } from '../tasks/cluster/adoption/keepalived-conf.ts'
import { addresses } from '../tasks/cluster/as-described/addresses.ts'
import { parseFound } from '../tasks/cluster/as-described/found.ts'
import { virtualIp } from '../tasks/cluster/as-described/virtual-ip.ts'
import { allowVrrp, snat } from '../tasks/cluster/firewall.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'
import { targetOf } from '../tasks/target.ts'
import { load } from './inventory/samples.mts'

const inventory = load(`
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  prefer: ns1
  more_vips: ["2001:db8::5", { address: 10.9.0.5, prefix: 24, interface: eth1 }]
  instances:
    other: { vip: 10.2.1.8, prefer: ns2 }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`)
const { cluster, hosts } = inventory
const [ns1, ns2] = hosts as [(typeof hosts)[number], (typeof hosts)[number]]
const target = targetOf(inventory, ns1, {} as Facts)

/** A node of level 1. @param lines what it prints of VRRP */
const state = (host: (typeof hosts)[number], ...lines: string[]): NodeState =>
  parseNodeState(host, cluster, ['keepalived=active', 'service=named active', 'level=1', ...lines, ''].join('\n'))
const first = ['held=VI_1 10.2.1.5', 'held=VI_1 2001:db8::5', 'held=VI_1 10.9.0.5', 'state=VI_1 MASTER']
const well = [
  state(ns1, ...first, 'state=other BACKUP'),
  state(ns2, 'state=VI_1 BACKUP', 'held=other 10.2.1.8', 'state=other MASTER'),
] as const

test('each instance has a holder of its own', () => {
  assert.equal(textsOf(judgeNodes(inventory, well, 1)), [])
  assert.equal(soleHolders(cluster, well), { VI_1: 'ns1', other: 'ns2' })
  assert.is(judgeStates(inventory, well, 1).holder, 'ns1')
})

const wrong: [name: string, states: NodeState[], ...said: string[]][] = [
  [
    'one instance without a holder',
    [well[0], state(ns2, 'state=VI_1 BACKUP', 'state=other BACKUP')],
    'outage: no node holds 10.2.1.8',
  ],
  [
    'one instance at two nodes',
    [state(ns1, ...first, 'held=other 10.2.1.8', 'state=other MASTER'), well[1]],
    'split brain: ns1 and ns2 hold 10.2.1.8 at the same time',
  ],
  [
    'a MASTER that lacks some of its addresses',
    [state(ns1, 'held=VI_1 10.2.1.5', 'state=VI_1 MASTER', 'state=other BACKUP'), well[1]],
    'ns1: is MASTER without 2001:db8::5 and 10.9.0.5',
  ],
  [
    'an address left behind',
    [well[0], state(ns2, 'held=VI_1 10.9.0.5', 'state=VI_1 BACKUP', 'held=other 10.2.1.8', 'state=other MASTER')],
    'split brain: ns1 and ns2 hold 10.9.0.5 at the same time',
    'ns2: holds 10.9.0.5, and is BACKUP',
  ],
  [
    'an instance in FAULT',
    [state(ns1, ...first, 'state=other FAULT'), well[1]],
    "ns1: its VRRP is in FAULT: it can't take 10.2.1.8 over",
  ],
  [
    'an instance that has told nothing',
    [state(ns1, ...first), well[1]],
    'ns1: keepalived runs, and has told no VRRP state of other',
  ],
]
for (const [name, states, ...said] of wrong)
  test(`wrong: ${name}`, () => assert.equal(textsOf(judgeNodes(inventory, states, 1)), said))

/** What status says of the latest change on ns1. */
const transitionOf = (...said: string[]) =>
  parseStatus(ns1, cluster, said.map((line, i) => `log=${i + 10}.123456 ns1 Keepalived_vrrp[7]: ${line}`).join('\n'))
    .transition

test('the latest change is one of an instance, and so is its cause', () => {
  assert.equal(
    transitionOf(
      'Netlink reports eth1 down',
      '(other) Entering FAULT STATE',
      '(VI_1) Backup received priority 0 advertisement',
      '(other) received lower priority (100) advert',
      '(VI_1) Entering MASTER STATE',
    ),
    { instance: 'VI_1', state: 'MASTER', at: 14, cause: 'Backup received priority 0 advertisement' },
  )
  assert.equal(transitionOf('(other) received lower priority (100) advert', '(VI_1) Entering MASTER STATE'), {
    ...{ instance: 'VI_1', state: 'MASTER', at: 11, cause: undefined },
  })
  assert.equal(transitionOf('(VI_1) Entering BACKUP STATE', '(WEB) Entering MASTER STATE'), {
    ...{ instance: 'VI_1', state: 'BACKUP', at: 10, cause: undefined },
  })
})

test('findings of two instances are two findings', () => {
  const none = hosts.map((host) => state(host, 'state=VI_1 BACKUP', 'state=other BACKUP'))
  assert.equal(
    judgeNodes(inventory, none, 1).map(({ code, about }) => [code, about]),
    [
      ['outage', 'VI_1'],
      ['outage', 'other'],
    ],
  )
})

test('a node that holds anything is among the last of a rolling reboot', () => {
  const one = [state(ns1, ...first, 'held=other 10.2.1.8', 'state=other MASTER'), state(ns2, 'state=VI_1 BACKUP')]
  assert.equal(
    inTurn(hosts, one, cluster.instances).map(({ host, why }) => [host.name, why]),
    [
      ['ns2', 'it stands by'],
      ['ns1', 'it holds 10.2.1.5 and 10.2.1.8, so it is among the last'],
    ],
  )
})

test('addresses of IPv4 in the network of the cluster are virtual servers, each with its own source translation', () => {
  assert.equal(
    virtualServersOf(cluster).map(({ name, instance }) => [name, instance.name]),
    [
      ['UDP 10.2.1.5', 'VI_1'],
      ['TCP 10.2.1.5', 'VI_1'],
      ['UDP 10.2.1.8', 'other'],
      ['TCP 10.2.1.8', 'other'],
    ],
  )
  assert.equal(
    snat(target, 2).map((rule) => 'source' in rule && [rule.name, rule.virtualServer.address, rule.source]),
    [
      ['snat-10.2.1.5', '10.2.1.5', '10.2.1.5'],
      ['snat-10.2.1.8', '10.2.1.8', '10.2.1.8'],
    ],
  )
})

test('VRRP passes on every interface that has an instance', () => {
  const { instances } = cluster
  const elsewhere = { ...cluster, instances: [instances[0]!, { ...instances[1]!, interface: 'eth1' }] }
  assert.equal(
    allowVrrp({ ...target, cluster: elsewhere }).map((rule) => 'accept' in rule && [rule.name, rule.interface]),
    [
      ['vrrp-in', 'eth0'],
      ['vrrp-out', 'eth0'],
      ['vrrp-in-eth1', 'eth1'],
      ['vrrp-out-eth1', 'eth1'],
    ],
  )
})

const firewalls = load(`
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  unicast: true
  instances: { a: { vip: 10.9.1.1, interface: eth1 }, b: { vip: 10.9.1.4, interface: eth1 } }
hosts:
  ns1: { address: 10.2.1.2, addresses: { a: 10.9.1.2, b: 10.9.1.2 } }
  ns2: { address: 10.2.1.3, addresses: { a: 10.9.1.3, b: 10.9.1.3 } }
`)
const firewall = targetOf(firewalls, firewalls.hosts[0]!, {} as Facts)

test('by unicast, VRRP passes between the addresses of each interface', () => {
  const rules = allowVrrp(firewall).map((rule) => 'accept' in rule && [rule.name, rule.interface, rule.from, rule.to])
  assert.equal(rules, [
    ['vrrp-in-ns2', 'eth0', '10.2.1.3/32', '10.2.1.2/32'],
    ['vrrp-out-ns2', 'eth0', '10.2.1.2/32', '10.2.1.3/32'],
    ['vrrp-in-ns2-eth1', 'eth1', '10.9.1.3/32', '10.9.1.2/32'],
    ['vrrp-out-ns2-eth1', 'eth1', '10.9.1.2/32', '10.9.1.3/32'],
  ])
})

test('an address for adverts of another interface has to be there', () => {
  const said = (device: string) => {
    const links = [
      ['eth0', '10.2.1.2'],
      [device, '10.9.1.2'],
    ].map(([ifname, local]) => ({ ifname, flags: ['UP'], addr_info: [{ local, prefixlen: 24, scope: 'global' }] }))
    const text = ['== links and routes', JSON.stringify(links), '[]', ''].join('\n')
    return addresses(firewall, parseFound(text)).map((line) => line.replace(/^\S+:\d+:\d+ /, ''))
  }
  assert.equal(said('eth1'), [])
  assert.equal(said('eth2'), ['hosts.ns1.addresses.a: 10.9.1.2 is not on eth1 of this host'])
})

/** @returns what is said of a host whose eth0 and eth1 have addresses. @param lines of its keepalived.conf */
function saidOf(there: Record<string, [string, number][]>, lines: string[]): string[] {
  const links = Object.entries(there).map(([ifname, addresses]) => ({
    ifname,
    flags: ['UP'],
    addr_info: addresses.map(([local, prefixlen]) => ({ local, prefixlen, scope: 'global' })),
  }))
  const conf = lines.map((line, i) => `/etc/keepalived/keepalived.conf:${i + 1}:        ${line}`)
  const text = ['== links and routes', JSON.stringify(links), '[]', '== lines', ...conf, ''].join('\n')
  return virtualIp(target, 1, parseFound(text)).map((line) => line.replace(/^\S+:\d+:\d+ /, ''))
}

test('keepalived alone may have set each of the addresses, with its prefix and on its interface', () => {
  const addresses: Record<string, [string, number][]> = {
    eth0: [
      ['10.2.1.5', 32],
      ['2001:db8::5', 128],
      ['10.2.1.8', 32],
    ],
    eth1: [['10.9.0.5', 24]],
  }
  const lines = ['10.2.1.5', '2001:db8::5', '10.9.0.5/24 dev eth1', '10.2.1.8']
  assert.equal(saidOf(addresses, lines), [])
  const byHand = (address: string, device: string) =>
    `${address} is on ${device}, and keepalived.conf does not set it there: take it away, keepalived alone sets the virtual IP`
  assert.equal(saidOf(addresses, lines.slice(0, 1)), [
    `cluster.more_vips[0]: ${byHand('2001:db8::5/128', 'eth0')}`,
    `cluster.more_vips[1]: ${byHand('10.9.0.5/24', 'eth1')}`,
    `cluster.instances.other.vip: ${byHand('10.2.1.8/32', 'eth0')}`,
  ])
})

const instance = (name: string, id: number, ...addresses: string[]) => `
vrrp_instance ${name} {
  interface eth0
  virtual_router_id ${id}
  virtual_ipaddress {
    ${addresses.join('\n    ')}
  }
}`

test('a keepalived.conf made by hand with both instances is taken over; names that change cost a moment', () => {
  const conf =
    instance('VI_1', 5, '10.2.1.5', '10.9.0.5/24 dev eth1') +
    instance('MAIL', 8, '10.2.1.8/24') +
    instance('third', 9, '10.2.1.9')
  const found = handMade(conf, configuration({ ...inventory, host: target.host }, 1), target)!
  assert.equal(found.others, ['17: instance third, 10.2.1.9/32'])
  assert.equal(found.gaps, ['the instance MAIL becomes other', '"10.2.1.8/24" becomes 10.2.1.8/32'])
  assert.equal(found.addresses, ['10.2.1.9/32'])
  assert.equal(
    handMade(instance('x', 7, '10.2.1.8'), configuration({ ...inventory, host: target.host }, 1), target)!.others,
    ['4: virtual_router_id 7 of x, and the inventory says 8'],
  )
})

test.run()
