// Direct routing, and hosts that are a director or a real server alone: what each of them gets, and what is wrong with it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, tasksOf } from '../engine/runner/task.ts'
import { nodeStateScript, parseNodeState } from '../engine/cluster/node-state.ts'
import { heirOf } from '../engine/operations/rolling/move.ts'
import { judgeNodes, works } from '../engine/verify/judge.ts'
import { tasks } from '../playbooks/level2.mts'
import { addresses } from '../tasks/cluster/as-described/addresses.ts'
import { method } from '../tasks/cluster/as-described/method.ts'
import { tunnel, ways } from '../tasks/cluster/as-described/ways.ts'
import { parseFound } from '../tasks/cluster/as-described/found.ts'
import { allowAnswers, allowSync, allowTunnels, allowVrrp, snat } from '../tasks/cluster/firewall.ts'
import { packetsOf } from '../tasks/cluster/packets.ts'
import { untracked } from '../tasks/cluster/untracked.ts'
import { targetOf } from '../tasks/target.ts'
import { load } from './inventory/samples.mts'

const text = (balancing: string, hosts: string) => `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  balancing: ${balancing}
  service: { type: http }
hosts: ${hosts}
`
/** Two directors, and two real servers of their own. */
const apartBy = (method: string, second: string) =>
  load(
    text(
      `{ method: ${method} }`,
      `
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director }
  web1: { address: 10.2.1.21, role: real_server }
  web2: { address: ${second}, role: real_server }`,
    ),
  )
const apart = apartBy('dr', '10.2.1.22')
const both = load(text('{ method: dr }', '{ a: { address: 10.2.1.2 }, b: { address: 10.2.1.3 } }'))
const facts = parseFacts('ids=debian\ninit=systemd\n')
const targetIn = (inventory: typeof apart, name: string) =>
  targetOf(
    inventory,
    inventory.hosts.find((host) => host.name === name)!,
    facts,
  )
const namesOf = (inventory: typeof apart, name: string) =>
  tasksOf(flatten(tasks(targetIn(inventory, name)))).map((task) => task.name)

test('a director alone has no service, and a real server alone no keepalived', () => {
  const [director, real] = [namesOf(apart, 'lb1'), namesOf(apart, 'web1')]
  const about = (names: string[], word: RegExp) => names.filter((name) => word.test(name)).length
  assert.equal([about(director, /nginx/), about(real, /nginx/) > 0], [0, true])
  assert.equal(
    [about(director, /\/keepalived\/keepalived\.conf/) > 0, about(real, /\/keepalived\/keepalived\.conf|snmpd|ip_vs/)],
    [true, 0],
  )
  assert.equal([about(director, /virtual-ip-on-lo/), about(real, /virtual-ip-on-lo/)], [0, 2])
})

test('who has the VIP on lo answers no ARP for it; who also directs sends nobody on while it stands by', () => {
  const settings = (inventory: typeof apart, name: string) =>
    namesOf(inventory, name).flatMap((task) => /^sysctl net\.ipv4\.(\S+) = 1$/.exec(task)?.[1] ?? [])
  const directing = ['vs.expire_nodest_conn', 'vs.sloppy_tcp']
  assert.equal(settings(apart, 'lb1'), directing)
  assert.equal(settings(apart, 'web1'), ['conf.eth0.arp_ignore'])
  assert.equal(settings(both, 'a'), [...directing, 'vs.backup_only', 'conf.eth0.arp_ignore'])
})

test('no answer comes back through a director, and connection tracking leaves alone what it sees half of', () => {
  const rulesOf = (inventory: typeof apart, name: string) => {
    const target = targetIn(inventory, name)
    return [allowVrrp, allowSync, allowAnswers, snat, untracked].flatMap((rules) =>
      rules(target, 2).map((one) => one.name),
    )
  }
  const director = ['vrrp-in', 'vrrp-out', 'sync-in', 'sync-out', 'untracked-questions-tcp', 'untracked-answers-tcp']
  assert.equal(rulesOf(apart, 'lb1'), director)
  assert.equal(rulesOf(both, 'a'), director)
  assert.equal(rulesOf(apart, 'web1'), [])
})

test('the packets that are tried are those of the role', () => {
  const of = (inventory: typeof apart, name: string) =>
    packetsOf(targetIn(inventory, name), 2).map(({ what, to }) => `${what} -> ${to}`)
  assert.equal(of(apart, 'lb1'), [
    'VRRP to the other nodes -> 224.0.0.18',
    'VRRP from lb2 -> 224.0.0.18',
    'connection sync to the other nodes -> 224.0.0.81',
    'connection sync from lb2 -> 224.0.0.81',
    'checks of web1 by TCP -> 10.2.1.21',
    "clients' questions by TCP to web1 -> 10.2.1.5",
    'checks of web2 by TCP -> 10.2.1.22',
    "clients' questions by TCP to web2 -> 10.2.1.5",
    'a question by TCP to 10.2.1.5, without connection tracking, -> 10.2.1.5',
  ])
  assert.equal(of(apart, 'web1'), [
    'TCP port 80 for the checks of lb1 -> 10.2.1.21',
    'TCP port 80 for the checks of lb2 -> 10.2.1.21',
    'a question by TCP to 10.2.1.5 -> 10.2.1.5',
  ])
})

const tunnelled = apartBy('tun', '192.168.7.9')

test('by TUN real servers unpack what directors send, and rules let both in', () => {
  const setUp = namesOf(tunnelled, 'web2').filter((name) => /ipip|rp_filter|tunl0/.test(name))
  assert.equal(setUp, [
    'file /etc/modules-load.d/ipip.conf',
    'kernel module ipip is loaded',
    'sysctl net.ipv4.conf.tunl0.rp_filter = 2',
    'tunl0 is up with 192.168.7.9',
  ])
  const rules = (name: string) => allowTunnels(targetIn(tunnelled, name), 2).map(({ name: rule }) => rule)
  assert.equal(rules('lb1'), ['tunnel-to-web1', 'tunnel-to-web2'])
  assert.equal(rules('web2'), ['tunnel-from-lb1', 'tunnel-from-lb2', 'tunnelled-tcp'])
  assert.equal(allowTunnels(targetIn(apart, 'web1'), 2), [])
  const packets = (name: string) =>
    packetsOf(targetIn(tunnelled, name), 2).flatMap(({ protocol, what }) => (protocol === '4' ? what : []))
  assert.equal(packets('lb1'), ["clients' questions to web1 in IP in IP", "clients' questions to web2 in IP in IP"])
  assert.equal(packets('web2'), ["clients' questions from lb1 in IP in IP", "clients' questions from lb2 in IP in IP"])
})

test('by direct routing a director has an interface in the network of each real server; by TUN its packets are from its address', () => {
  const links = [{ ifname: 'wg0', flags: ['NOARP'], addr_info: [] }]
  const found = (way?: object) =>
    parseFound(
      `== links and routes\n${JSON.stringify(links)}\n[]\n== ways\n192.168.7.9 ${way ? JSON.stringify([way]) : ''}\n`,
    )
  const of = (inventory: typeof apart, name: string, way?: object) =>
    ways(targetIn(inventory, name), 2, found(way)).map((line) => line.replace(/^.*?: /, ''))
  const direct = apartBy('dr', '192.168.7.9')
  const elsewhere = [
    'no interface of this host is in the network of 192.168.7.9, and method: dr passes no router; method: tun does',
  ]
  const byRouter = { dev: 'eth0', gateway: '10.2.1.1', prefsrc: '10.2.1.2' }
  assert.equal(of(direct, 'lb1', byRouter), elsewhere)
  assert.equal(of(direct, 'lb1', { dev: 'eth0', via: { family: 'inet6', host: 'fe80::1' } }), elsewhere)
  assert.equal(of(direct, 'lb1', { dev: 'wg0' }), elsewhere)
  assert.equal(of(direct, 'lb1'), ['this host has no route to 192.168.7.9'])
  assert.equal([of(direct, 'lb1', { dev: 'eth1' }), of(direct, 'web1', byRouter)], [[], []])
  assert.equal(of(tunnelled, 'lb1', byRouter), [])
  assert.equal(of(tunnelled, 'lb1', { dev: 'eth1', prefsrc: '192.168.7.2' }), [
    'packets of this host to 192.168.7.9 leave from 192.168.7.2, and not from 10.2.1.2 (hosts.lb1.address): give it a route with src 10.2.1.2',
  ])
})

test('a tunnel that somebody else works with is left alone', () => {
  const of = (label: string) => {
    const address = { local: '10.244.0.1', prefixlen: 32, scope: 'global', label }
    const links = [{ ifname: 'tunl0', flags: ['UP'], addr_info: [address] }]
    return tunnel(targetIn(tunnelled, 'web2'), 2, parseFound(`== links and routes\n${JSON.stringify(links)}\n[]\n`))
  }
  assert.equal(of('tunl0:vip'), [])
  assert.match(
    of('tunl0')[0]!,
    /tunl0 of this host is in use already: it has 10\.244\.0\.1; take that away, or choose nat or dr$/,
  )
})

test('a host that is both leaves alone what comes out of the tunnel', () => {
  const inventory = load(text('{ method: tun }', '{ a: { address: 10.2.1.2 }, b: { address: 10.2.1.3 } }'))
  const names = untracked(targetIn(inventory, 'a'), 2).map(({ name, interface: device }) => `${name} ${device ?? ''}`)
  assert.equal(names, ['untracked-questions-tcp eth0', 'untracked-unpacked-tcp tunl0', 'untracked-answers-tcp '])
})

const said = (name: string, ...lines: string[]) => {
  const host = apart.hosts.find((one) => one.name === name)!
  return parseNodeState(host, apart.cluster, [...lines, 'boot=x', ''].join('\n'))
}
const pool = ['pool=TCP  10.2.1.5:80 rr', ...['21', '22'].map((end) => `pool=  -> 10.2.1.${end}:80 Route 1 0 0`)]
test('a real server that does not unpack what directors send is told', () => {
  const seen = (up: string) =>
    parseNodeState(tunnelled.hosts[2]!, tunnelled.cluster, `lo=10.2.1.5\nservice=nginx active\ntunnel=${up}\nboot=x\n`)
  const codes = (up: string) =>
    judgeNodes(tunnelled, [seen(up)], 2).flatMap(({ code, node }) => (node === 'web1' ? code : []))
  assert.equal([codes('1'), codes('0')], [[], ['tunnel-down']])
})

const states = [
  said('lb1', 'level=2', 'keepalived=active', 'held=VI_1 10.2.1.5', 'state=VI_1 MASTER', ...pool),
  said('lb2', 'level=2', 'keepalived=active', 'state=VI_1 BACKUP', ...pool),
  said('web1', 'lo=10.2.1.5', 'service=nginx active'),
  said('web2', 'lo=10.2.1.5', 'service=nginx active'),
]

test('a cluster of directors and real servers is healthy, each by what it has to do', () => {
  assert.equal(judgeNodes(apart, states, 2), [])
  assert.ok(states.every(works))
  const web = nodeStateScript(apart.cluster, apart.hosts[2]!).text
  assert.not.match(web, /is-active keepalived/)
  assert.match(nodeStateScript(apart.cluster, apart.hosts[0]!).text, /is-active keepalived/)
})

test('a real server without the VIP on lo, and a pool by another method, are found', () => {
  const broken = [
    said(
      'lb1',
      'level=2',
      'keepalived=active',
      'held=VI_1 10.2.1.5',
      'state=VI_1 MASTER',
      ...pool.map((row) => row.replace('Route', 'Masq')),
    ),
    states[1]!,
    said('web1', 'service=nginx active'),
    states[3]!,
  ]
  assert.equal(
    judgeNodes(apart, broken, 2).map(({ text }) => text),
    [
      'lb1: its TCP pool passes on to web1 by Masq, not Route',
      'lb1: its TCP pool passes on to web2 by Masq, not Route',
      'web1: does not have 10.2.1.5 on lo: who is sent to it gets no answer',
    ],
  )
})

test('who takes the VIP over: a director with the highest priority, then with the highest address', () => {
  const [instance] = apart.cluster.instances
  assert.is(heirOf(apart, instance!, 'lb1', states), 'lb2')
  assert.is(heirOf(apart, instance!, 'lb2', states), 'lb1')
  const standby = states.map((state) => (state.host === 'lb2' ? { ...state, standby: true } : state))
  assert.is(heirOf(apart, instance!, 'lb1', standby), undefined)
})

test('the method of a cluster at work stays as it is', () => {
  const found = (name: string) => parseFound(`== links and routes\n[]\n[]\n== method\n${name}\n`)
  const why = (inventory: typeof apart, name: string) =>
    method(targetIn(inventory, inventory.hosts[0]!.name), 2, found(name))
  assert.equal(why(both, 'DR'), [])
  assert.equal(why(both, ''), [])
  assert.match(
    why(both, 'NAT')[0]!,
    /cluster\.balancing\.method: is dr, .* lvs_method NAT.*: bring the cluster to level 1 first/,
  )
  assert.match(why(apart, 'NAT')[0]!, /run teardown\.mts first/)
})

/** A real server that directors reach through routers. */
const beyond = apartBy('nat', '192.168.7.22')

test('by NAT, a real server may be in another network: its answers come in by any interface', () => {
  const rules = allowAnswers(targetIn(beyond, 'lb1'), 2).map((rule) => ({ interface: undefined, ...rule }))
  assert.equal(
    rules.map((rule) => 'from' in rule && [rule.from, rule.interface]),
    [
      ['10.2.1.21/32', 'eth0'],
      ['192.168.7.22/32', undefined],
    ],
  )
})

test('a real server in another network has its own there, and no other host has', () => {
  const link = (address: string) => ({
    ifname: 'eth0',
    flags: [],
    addr_info: [{ local: address, prefixlen: 26, scope: 'global' }],
  })
  const why = (name: string, address: string) =>
    addresses(targetIn(beyond, name), parseFound(`== links and routes\n${JSON.stringify([link(address)])}\n[]\n`))
  assert.equal(why('web2', '192.168.7.22'), [])
  assert.match(why('web2', '192.168.7.23')[0]!, /192\.168\.7\.22 is on no interface of this host/)
  assert.match(why('web1', '10.2.1.21')[0]!, /give the real network/)
})

test.run()
