// What status, rolling reboots and drills make of what they see, by the table.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { textsOf } from '../engine/cluster/finding.ts'
import { refuseMixture } from '../engine/cluster/limit.ts'
import type { Step, Tally } from '../engine/clients/losses.ts'
import { type NodeStatus, parseStatus } from '../engine/cluster/status.ts'
import { duration, judgeStatus, statusLines } from '../engine/commands/status.ts'
import { cut } from '../engine/operations/drills/cut.ts'
import { kill } from '../engine/operations/drills/kill.ts'
import { restart } from '../engine/operations/drills/restart.ts'
import { service } from '../engine/operations/drills/service.ts'
import { judgeAnswerers, judgeDrills, limitsOf, refuseUnknown } from '../engine/operations/drills/run.ts'
import { ClusterControl } from '../engine/operations/control.ts'
import type { Session } from '../engine/cluster/session.ts'
import { loadInventory } from '../inventory/load.ts'
import { realClock } from '../engine/base/clock.ts'
import { plain } from '../engine/base/colours.ts'
import { HostError } from '../engine/base/errors.ts'
import { type Options, type OwnOptions, parseOptions } from '../engine/cli/options.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { readRollingOptions, rollingOptions } from '../engine/operations/rolling/options.ts'
import { checkedFilled } from './documents.ts'
import { inventoryOf } from './variants.ts'
import { inTurn } from '../engine/operations/rolling/order.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const { cluster, hosts } = inventory

/** What the status script prints on a node of level 3 that is well. */
const printed = (holds: boolean, ...more: string[]) =>
  [
    ...(holds ? ['held=VI_1 10.2.1.5'] : []),
    'keepalived=active',
    'service=named active',
    'level=3',
    `state=VI_1 ${holds ? 'MASTER' : 'BACKUP'}`,
    ...['TCP', 'UDP'].flatMap((protocol) => [
      `pool=${protocol}  10.2.1.5:53 rr`,
      'pool=  -> 10.2.1.6:53                  Masq    1      1          2',
      'pool=  -> 10.2.1.7:53                  Masq    1      0          4',
    ]),
    'version=2.2.7',
    'uptime=7384.12',
    'reboot=',
    'now=1700000600',
    ...more,
    '',
  ].join('\n')
const node = (index: number, holds: boolean, ...more: string[]): NodeStatus =>
  parseStatus(hosts[index]!, cluster, printed(holds, ...more))
const log = (at: number, said: string) => `log=${at}.123456 ns1 Keepalived_vrrp[7]: ${said}`

const limits: [
  name: string,
  level: 1 | 2 | 3,
  limited: number | 'away',
  rest: number | 'away' | 'not asked',
  why?: RegExp,
][] = [
  ['plain, the other plain', 2, 0, 0],
  ['from level 1, the other still there', 2, 1, 1],
  ['already there, the other not asked', 3, 3, 'not asked'],
  ['to level 3, the other at level 2', 3, 2, 2, /^ns2 is at level 2: .*: leave --limit out$/],
  ['to level 3, the other plain', 3, 0, 0, /^ns2 is at no level: /],
  ['to level 3, the other there', 3, 0, 3],
  ['to level 3, the other away', 3, 2, 'away', /^ns2: away$/],
  ['from level 3, the other there', 1, 3, 3, /^ns2 is at level 3: /],
  ['from level 3, the other has left it', 2, 3, 2],
  ['from level 3, the other away', 2, 3, 'away', /^ns2: away$/],
  ['a new node of level 2, the other at level 3', 2, 0, 3, /^ns2 is at level 3: /],
  ['a new node of level 2, the other away', 2, 0, 'away'],
  ['away itself', 3, 'away', 2],
]
for (const [name, level, ...levels] of limits) {
  test(`--limit: ${name}`, async () => {
    const why = levels[2]
    const reach = (host: string): Transport => ({
      connect: () => Promise.resolve(),
      run: () => {
        const found = levels[hosts.findIndex((one) => one.name === host)]
        if (typeof found === 'number')
          return Promise.resolve({ stdout: Buffer.from(found ? `${found}\n` : ''), stderr: '', code: found ? 0 : 2 })
        return Promise.reject(found === 'away' ? new HostError(`${host}: away`) : new Error(`${host} was asked`))
      },
      close: () => Promise.resolve(),
    })
    const said = await refuseMixture(
      { inventory, limited: [hosts[0]!], reach, clients: [], clock: realClock },
      level,
      9,
    ).catch((error: Error) => error.message)
    if (why) assert.match(said!, why)
    else assert.is(said, undefined)
  })
}

test('--limit: nobody is asked where it leaves out nobody', async () => {
  const reach = () => assert.unreachable() as never
  await refuseMixture({ inventory, limited: hosts, reach, clients: [], clock: realClock }, 3, 9)
})

test('status: a node that is well is read', () => {
  const { version, uptime, reboot, transition, removals, state } = node(0, true)
  assert.equal([version, uptime, reboot, transition, removals], ['2.2.7', 7384, undefined, undefined, {}])
  assert.equal([state!.instances, state!.pool.length], [{ VI_1: { state: 'MASTER', holds: ['10.2.1.5'] } }, 4])
})

test('drills: answers of others than the nodes are no losses, and are told', () => {
  const told = (answers: Record<string, number>) => {
    const tally: Tally = { sent: 9, lost: 0, slow: 0, gap: 0, span: 0, answers }
    return textsOf(judgeAnswerers(inventory, { UDP: tally }))
  }
  assert.equal(told({ '=nameserver-1=': 4, '=nameserver-2=': 5 }), [])
  assert.equal(told({ '=nameserver-1=': 8, '=old-router=': 1 }), ['UDP: answers from unknown servers: =old-router='])
  assert.equal(told({ '': 9 }), [])
})

type Row = [name: string, lines: string[], expected: unknown]
const transitions: Row[] = [
  [
    'a cause just before',
    [log(90, '(VI_1) Backup received priority 0 advertisement'), log(91, '(VI_1) Entering MASTER STATE')],
    { state: 'MASTER', at: 91, cause: 'Backup received priority 0 advertisement' },
  ],
  [
    'a script of ours',
    [log(90, 'VRRP_Script(service) failed (exited with status 1)'), log(90, '(VI_1) Entering FAULT STATE')],
    { state: 'FAULT', at: 90, cause: 'VRRP_Script(service) failed (exited with status 1)' },
  ],
  [
    'only what is long past',
    [log(10, '(VI_1) received lower priority (1) advert'), log(91, '(VI_1) Entering MASTER STATE')],
    { state: 'MASTER', at: 91, cause: undefined },
  ],
  ...[
    'NOTICE: setting config option max_auto_priority should result in better keepalived performance',
    'Startup complete',
    '(VI_1) sent 0 priority',
    'VRRP_Script(service) considered successful on reload',
  ].map((said): Row => [
    `no cause: ${said}`,
    [log(90, said), log(91, '(VI_1) Entering BACKUP STATE')],
    { state: 'BACKUP', at: 91, cause: undefined },
  ]),
  [
    'a link that is down at the start',
    [log(90, 'Netlink reports eth0 down'), log(90, '(VI_1) entering FAULT state')],
    { state: 'FAULT', at: 90, cause: 'Netlink reports eth0 down' },
  ],
  [
    'the latest counts',
    [log(90, '(VI_1) Entering MASTER STATE'), log(95, '(VI_1) Entering BACKUP STATE')],
    { state: 'BACKUP', at: 95, cause: undefined },
  ],
]
for (const [name, lines, expected] of transitions) {
  test(`status, latest transition: ${name}`, () => assert.equal(node(0, true, ...lines).transition, expected))
}

const removed = 'Removing service [10.2.1.7]:udp:53 from VS [10.2.1.5]:udp:53'
const faults: [name: string, nodes: NodeStatus[], problems: string[]][] = [
  ['healthy', [node(0, true), node(1, false)], []],
  ['split brain', [node(0, true), node(1, true)], ['split brain: ns1 and ns2 hold 10.2.1.5 at the same time']],
  ['away', [node(0, true), { host: 'ns2', unreachable: 'ns2: no way', removals: {}, pending: [] }], ['ns2: no way']],
  ['everybody away', [{ host: 'ns1', unreachable: 'ns1: no way', removals: {}, pending: [] }], ['ns1: no way']],
  [
    'drained by hand',
    [node(0, true), node(1, false, 'standby=1')],
    ['ns2 is not to hold the virtual IP (its /etc/keepalived/standby says 1)'],
  ],
  [
    'nobody answers',
    [node(0, true, 'silent=dns 10.2.1.2 named: REFUSED'), node(1, false, 'silent=dns 10.2.1.7 named: REFUSED')],
    ['ns1: named: REFUSED', 'ns2: named: REFUSED'],
  ],
  [
    'flapping',
    [node(0, true, ...[1, 2, 3].map((i) => log(1700000000 + i, removed))), node(1, false)],
    ['ns1: the UDP real server ns2 is flapping: removed 3 times in 10 min'],
  ],
  ['removed twice', [node(0, true, ...[1, 2].map((i) => log(1700000000 + i, removed))), node(1, false)], []],
  ['removed long ago', [node(0, true, ...[1, 2, 3].map((i) => log(1699990000 + i, removed))), node(1, false)], []],
]
for (const [name, nodes, problems] of faults) {
  test(`status: ${name}`, () => assert.equal(textsOf(judgeStatus(inventory, nodes)), problems))
}

test('status: the document is as its schema says', () => {
  const away: NodeStatus = { host: 'ns2', unreachable: 'ns2: no way', removals: {}, pending: [] }
  const nodes = [node(0, true, log(1700000001, removed), log(1700000002, '(VI_1) Entering MASTER STATE')), away]
  const findings = judgeStatus(inventory, nodes)
  const common = { document: 'status', playbook: 'Status', exitCode: 5 } as const
  const document = checkedFilled('status', { ...common, nodes, findings, healthy: false })
  assert.equal(document.nodes![0]!.removals, { '10.2.1.7 UDP': 1 })
})

test('status: what people read', () => {
  const second = {
    ...node(1, false, log(1700000000, '(VI_1) Entering BACKUP STATE')),
    reboot: 'linux-image asked for it',
  }
  const lines = statusLines(inventory, [node(0, true), { ...second, pending: ['file /etc/x'] }], [], plain)
  assert.equal(lines, [
    'ns1      level 3, VRRP MASTER, holds 10.2.1.5, keepalived 2.2.7 active, named active, up 2 h 3 min',
    '         UDP pool: ns1 weight 1, 3 connections; ns2 weight 1, 4 connections',
    '         TCP pool: ns1 weight 1, 3 connections; ns2 weight 1, 4 connections',
    'ns2      level 3, VRRP BACKUP, without 10.2.1.5, keepalived 2.2.7 active, named active, up 2 h 3 min',
    '         UDP pool: ns1 weight 1, 3 connections; ns2 weight 1, 4 connections',
    '         TCP pool: ns1 weight 1, 3 connections; ns2 weight 1, 4 connections',
    '         BACKUP since 2023-11-14T22:13:20Z: no cause was logged',
    '         reboot required: linux-image asked for it',
    '         1 change pending: file /etc/x',
    'cluster  healthy: ns1 holds 10.2.1.5, named answers on every node',
  ])
})

test('status: VRRP and the address can differ', () => {
  const liar = parseStatus(hosts[1]!, cluster, printed(false).replace('VI_1 BACKUP', 'VI_1 MASTER'))
  assert.match(
    statusLines(inventory, [liar], [{ code: 'outage', text: 'x' }], plain)[0]!,
    'VRRP MASTER, without 10.2.1.5 (they differ)',
  )
})

test('durations as people say them', () => {
  assert.equal([59, 3600, 100_000].map(duration), ['0 min', '1 h 0 min', '1 d 3 h'])
})

test('rolling: nodes that stand by come first, the holder last', () => {
  const states = [node(0, true).state!, node(1, false).state!]
  assert.equal(
    inTurn(hosts, states, cluster.instances).map(({ host, why }) => `${host.name}: ${why}`),
    ['ns2: it stands by', 'ns1: it holds 10.2.1.5, so it is the last'],
  )
})

const standby: [name: string, lines: string[], serves: boolean][] = [
  ['well', [], true],
  ['silent', ['silent=dns 10.2.1.3 named: REFUSED'], false],
  ['in FAULT', ['state=VI_1 FAULT'], false],
]
for (const [name, lines, serves] of standby) {
  test(`level 1: a standby that is ${name} ${serves ? 'would serve' : 'would not'}`, () => {
    const control = new ClusterControl({ inventory } as Session, 1, 9, [])
    const other = parseStatus(hosts[1]!, cluster, [...lines, printed(false)].join('\n')).state!
    const states = [node(0, true).state!, other]
    assert.equal(control.serving(states), serves ? ['ns1', 'ns2'] : ['ns1'])
  })
}

type Own = OwnOptions<(typeof rollingOptions)[number]>
const request = (...args: string[]) =>
  readRollingOptions((parseOptions(args, 'x', rollingOptions) as Options<Own>).own, 3)

test('rolling: options and their defaults', () => {
  assert.equal(request(), {
    onlyIfRequired: false,
    before: undefined,
    reboot: true,
    minServing: 2,
    patience: { drain: 60, boot: 600 },
    resume: false,
  })
  const all = request(
    '--only-if-required',
    '--before',
    'a b',
    '--without-reboot',
    '--min-serving=1',
    '--boot-timeout',
    '9',
  )
  assert.equal([all.onlyIfRequired, all.before, all.reboot, all.minServing], [true, 'a b', false, 1])
  assert.is(all.patience.boot, 9)
})

test('rolling: a number that makes no sense is refused', () => {
  assert.throws(() => request('--min-serving', '3'), /--min-serving 3: of 3 nodes no more than 2 can serve meanwhile/)
  assert.throws(
    () => request('--drain-timeout', 'soon'),
    /--drain-timeout must be a whole number from 1 to 86400, got "soon"/,
  )
})

test('rolling: what was begun is not begun otherwise', () => {
  assert.throws(() => request('--update', '--before', 'x'), /^--update and --before both say/)
  assert.match(request('--update').before!, /apt-get -q -y .* full-upgrade; elif .* dnf -q -y upgrade/)
  assert.throws(() => request('--resume', '--before', 'x'), /--resume goes on as the run was begun: leave --before out/)
  assert.is(request('--resume', '--limit', 'ns2').resume, true)
})

const clusterWith = (line: string) =>
  inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, ${line} }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`)

const timings: [name: string, given: string, level: number, withoutNode: number, withoutService: number][] = [
  ['the usual timing, level 1', '', 1, 5, 4],
  ['the usual timing, level 2', '', 2, 10, 4],
  ['the quick timing, level 1', 'failover: quick', 1, 2, 4],
  ['the quick timing, level 2', 'failover: quick', 2, 2, 2],
  ['quick checks alone', 'health_check: { interval: 0.3, retry_delay: 0.2 }', 2, 8, 2],
  ['an instance that sends seldom', 'instances: { a: { vip: 10.2.1.8, advert_int: 5 } }', 1, 21, 8],
  ['patient checks', 'health_check: { timeout: 10, interval: 5 }', 2, 38, 8],
]
for (const [name, given, level, ...limits] of timings) {
  test(`drills: what clients may lose follows from ${name}`, () => {
    const control = new ClusterControl({ inventory: clusterWith(given) } as Session, level, 9, [])
    assert.equal(limitsOf(control, [cut, service]), limits)
  })
}

test('drills: the inventory has another limit', () => {
  const control = new ClusterControl({ inventory: clusterWith('drill: { cut: 0, restart: 1.5 }') } as Session, 2, 9, [])
  assert.equal(limitsOf(control, [cut, kill, restart]), [0, 6, 1.5])
})

test('drills: a limit of a drill that there is not is refused', () => {
  assert.throws(
    () => refuseUnknown({ 'kil\x1b[2J': 1 }),
    /^cluster\.drill\["kil…"\]: there is no such drill; there are restart, service, /,
  )
  assert.throws(() => refuseUnknown({ constructor: 1 }), /there is no such drill/)
  assert.throws(
    () => refuseUnknown({ kil: 1 }),
    /^cluster\.drill\.kil: there is no such drill \(did you mean "kill"\?\)/,
  )
})

test('drills: the time in which answers were lost is held against the limit of its step', () => {
  const tally = (span: number): Tally => ({ sent: 9, lost: 1, slow: 0, gap: 0.1, span, answers: {} })
  const step = (label: string, udp: number, tcp: number): Step => ({
    label,
    from: 0,
    to: 1,
    tallies: { UDP: tally(udp), TCP: tally(tcp) },
  })
  assert.equal(textsOf(judgeDrills([step('restart', 3, 4), step('stop', 1, 5.5)], [4, 5])), [
    'stop: clients lost answers for 5.5 s, and 5 s are allowed',
  ])
})

test.run()
