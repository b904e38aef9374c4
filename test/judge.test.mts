// What the cluster check makes of the state of nodes, of pools and of journals, by the table.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { textsOf } from '../engine/cluster/finding.ts'
import type { Session } from '../engine/cluster/session.ts'
import { ClusterControl } from '../engine/operations/control.ts'
import { judgeJournals, judgeNodes } from '../engine/verify/judge.ts'
import { parsePools } from '../engine/cluster/pools.ts'
import { parseErrors } from '../engine/cluster/journal.ts'
import { type NodeState, parseNodeState } from '../engine/cluster/node-state.ts'
import { judgeStates } from '../engine/verify/check.ts'
import { balancedBy, cluster, first, hosts, inventory, pool, real, second, vrrp, well } from './judged.ts'

const nodes: [name: string, states: NodeState[], problems: string[]][] = [
  ['healthy', [well(first), well(second)], []],
  [
    'split brain',
    [well(first), well(second, { instances: vrrp('MASTER', true) })],
    [`split brain: ${first} and ${second} hold 10.2.1.5 at the same time`],
  ],
  [
    'two MASTERs, and the VIP on one',
    [well(first), well(second, { instances: vrrp('MASTER', false) })],
    [`split brain: ${first} and ${second} are MASTER at the same time`, `${second}: is MASTER without 10.2.1.5`],
  ],
  ['outage', [well(first, { instances: vrrp('BACKUP', false) }), well(second)], ['outage: no node holds 10.2.1.5']],
  ['the holder may be the node that is away', [well(second)], ['outage: no node that can be reached holds 10.2.1.5']],
  [
    'a node that can not take over',
    [well(first), well(second, { instances: vrrp('FAULT', false) })],
    [`${second}: its VRRP is in FAULT: it can't take 10.2.1.5 over`],
  ],
  ['a connection table with room', [well(first, { conntrack: { count: 899, max: 1000 } }), well(second)], []],
  [
    'a connection table without',
    [well(first), well(second, { conntrack: { count: 900, max: 1000 } })],
    [
      `${second}: its table of connections has 900 of 1000 entries, and when it is full, packets of new clients are dropped: raise the sysctl net.netfilter.nf_conntrack_max`,
    ],
  ],
  [
    'the VIP set by hand, and nobody MASTER',
    [well(first, { instances: vrrp('BACKUP', true) }), well(second)],
    [`${first}: holds 10.2.1.5, and is BACKUP`],
  ],
  [
    'a MASTER without the VIP',
    [well(first, { instances: vrrp('MASTER', false) }), well(second)],
    ['outage: no node holds 10.2.1.5', `${first}: is MASTER without 10.2.1.5`],
  ],
  [
    'the VIP left behind by a keepalived that was killed',
    [well(first, { keepalived: 'failed' }), well(second)],
    [`${first}: keepalived is failed`, `${first}: holds 10.2.1.5, and is without keepalived`],
  ],
  [
    'a VRRP that has told nothing',
    [well(first), well(second, { instances: vrrp('', false) })],
    [`${second}: keepalived runs, and has told no VRRP state`],
  ],
  [
    'a service that runs and refuses',
    [
      well(first),
      well(second, { silent: [{ service: 'dns', address: '10.2.1.3', why: 'named does not answer (REFUSED)' }] }),
    ],
    [`${second}: named does not answer (REFUSED)`],
  ],
  [
    'a service that does not run is not told twice',
    [
      well(first),
      well(second, {
        services: { named: 'failed' },
        silent: [{ service: 'dns', address: '10.2.1.3', why: 'refused' }],
      }),
    ],
    [`${second}: named is failed`],
  ],
  ['keepalived down', [well(first), well(second, { keepalived: 'failed' })], [`${second}: keepalived is failed`]],
  ['named down', [well(first), well(second, { services: { named: 'inactive' } })], [`${second}: named is inactive`]],
  ['another level', [well(first), well(second, { level: 1 })], [`${second}: is configured for level 1, not 2`]],
  [
    'no level',
    [well(first), well(second, { level: undefined })],
    [`${second}: keepalived.conf was not written by a playbook: run a level playbook`],
  ],
  [
    'a pool of the BACKUP without a real server',
    [well(first), well(second, { pool: pool.slice(1) })],
    [`${second}: its UDP pool lacks ${first}`],
  ],
  [
    'a real server of weight 0',
    [well(first, { pool: pool.map((entry) => ({ ...entry, weight: 0 })) }), well(second)],
    ['UDP', 'TCP'].flatMap((protocol) =>
      hosts.map(
        ({ name }) =>
          `${first}: its ${protocol} pool has ${name} with weight 0, and it is not drained: it gets no clients`,
      ),
    ),
  ],
  [
    'a virtual server that is not there',
    [well(first, { schedulers: { TCP: 'rr' }, pool: pool.filter(({ server }) => server === 'TCP') }), well(second)],
    [`${first}: its UDP pool is not there`],
  ],
  [
    'another scheduler',
    [
      well(first, { schedulers: { UDP: 'rr', TCP: 'wlc' } }),
      well(second, { schedulers: { UDP: 'rr ops', TCP: 'rr' } }),
    ],
    [
      `${first}: its TCP pool has the scheduler wlc, not rr`,
      `${second}: its UDP pool has the scheduler rr ops, not rr`,
    ],
  ],
  [
    'a real server that is no node',
    [well(first, { pool: [...pool, { ...pool[0]!, address: '10.2.1.9' }] }), well(second)],
    [`${first}: its UDP pool has 10.2.1.9:53, which is no node`],
  ],
  [
    'a real server of IPv6',
    [
      well(
        first,
        parsePools(cluster, [
          ...['UDP  10.2.1.5:53 rr', ...hosts.map(({ address }) => `  -> ${address}:53 Masq 1 0 0`)],
          ...['TCP  10.2.1.5:53 rr', ...hosts.map(({ address }) => `  -> ${address}:53 Masq 1 0 0`)],
          '  -> [fd00::2]:53                 Tunnel  1      0          0',
        ]),
      ),
      well(second),
    ],
    [`${first}: its TCP pool has [fd00::2]:53, which is no node`],
  ],
  [
    'another port of a node',
    [well(first, { pool: [...pool, { ...pool[0]!, port: 5353 }] }), well(second)],
    [`${first}: its UDP pool has 10.2.1.2:5353, which is no node`],
  ],
  [
    'a weight that is not ours',
    [well(first, { pool: [{ ...pool[0]!, weight: 5 }, ...pool.slice(1)] }), well(second)],
    [`${first}: its UDP pool has ${first} with weight 5`],
  ],
  [
    'another way to pass clients on',
    [well(first, { pool: [{ ...pool[0]!, method: 'Route' }, ...pool.slice(1)] }), well(second)],
    [`${first}: its UDP pool passes on to ${first} by Route, not Masq`],
  ],
]
const drained = {
  drained: [second],
  pool: pool.map((one) => (one.address === hosts[1]!.address ? { ...one, weight: 0 } : one)),
}
nodes.push(
  [
    'a drained node that still gets clients',
    [well(first, { drained: [second] }), well(second, drained)],
    ['UDP', 'TCP'].map((protocol) => `${first}: its ${protocol} pool has ${second}, which is drained, with weight 1`),
  ],
  ['a drained node, of weight 0 in every pool', [well(first, drained), well(second, drained)], []],
  [
    'a drained node that is not in a pool',
    [
      well(first, { ...drained, pool: pool.filter(({ address }) => address !== hosts[1]!.address) }),
      well(second, drained),
    ],
    [`${first}: its UDP pool lacks ${second}`, `${first}: its TCP pool lacks ${second}`],
  ],
)
for (const [name, states, problems] of nodes) {
  test(`nodes: ${name}`, () => assert.equal(textsOf(judgeNodes(inventory, states, 2)), problems))
}

test('the holder has the VIP and is MASTER, and there is one alone', () => {
  const holderOf = (...states: NodeState[]) => judgeStates(inventory, states).holder
  assert.is(holderOf(well(first), well(second)), first)
  assert.is(holderOf(well(first, { instances: vrrp('BACKUP', true) }), well(second)), undefined)
  assert.is(holderOf(well(first), well(second, { instances: vrrp('MASTER', true) })), undefined)
})

test('journals: errors are told with their host', () => {
  const states = [well(first, { errors: ['no route'] }), well(second)]
  assert.equal(textsOf(judgeJournals(states)), [`${first}: journal: no route`])
})

test('nodes: level 1 has no pools', () => {
  const none = { level: 1, pool: [], schedulers: {} }
  const states = [well(first, none), well(second, none)]
  assert.equal(judgeNodes(inventory, states, 1), [])
})

test('pools: weights, flags, persistence and a sorry server are as the inventory has them', () => {
  const sorry_server = { address: '10.2.1.99' }
  const wanted = balancedBy({ scheduler: 'mh', flags: ['port', 'fallback'], persistence: 50, sorry_server }, [3, 2])
  const weighed = pool.map((one) => ({ ...one, weight: one.address === hosts[0]!.address ? 3 : 2 }))
  const sorry = { ...real, server: 'UDP', address: '10.2.1.99' }
  const schedulers = {
    UDP: 'mh (mh-fallback,mh-port) persistent 50',
    TCP: 'mh (mh-fallback,mh-port) persistent 50',
  }
  const states = (change: Partial<NodeState>) =>
    [first, second].map((name) => well(name, { schedulers, pool: weighed, ...change }))
  assert.equal(textsOf(judgeNodes(wanted, states({}), 2)), [])
  assert.equal(textsOf(judgeNodes(wanted, states({ pool: [...weighed, sorry] }), 2)), [])
  const light = weighed.map((one) => ({ ...one, weight: 1 }))
  assert.is(judgeNodes(wanted, states({ pool: light }), 2).filter(({ code }) => code === 'pool-incomplete').length, 8)
  const [finding] = judgeNodes(wanted, states({ schedulers: { ...schedulers, UDP: 'mh' } }), 2)
  assert.is(finding!.text, `${first}: its UDP pool has the scheduler mh, not ${schedulers.UDP}`)
})

/** A line of the journal as the script prints it; `run` is that of the unit, and `systemd` whether systemd tells of it. */
const entry = (
  key: string,
  MESSAGE: string | number[] | null,
  at: number,
  { run = 'a', systemd = false, sent = at } = {},
) =>
  `${key}=${JSON.stringify({
    MESSAGE,
    __REALTIME_TIMESTAMP: `${1_700_000_000_000_000 + at}`,
    _SOURCE_REALTIME_TIMESTAMP: `${1_700_000_000_000_000 + sent}`,
    [systemd ? 'INVOCATION_ID' : '_SYSTEMD_INVOCATION_ID']: run,
  })}`
const scanning = 'automatic interface scanning terminated: end of file'
const stops = entry('stopping', 'Stopping named.service…', 10, { systemd: true })
const journals: [name: string, lines: string[], errors: string[]][] = [
  ['nothing', [], []],
  ['an error of a service that runs', [entry('error', scanning, 20)], [scanning]],
  ['the same while it is stopped', [stops, entry('error', scanning, 20)], []],
  ['an error before it was stopped', [stops, entry('error', 'no', 5)], ['no']],
  ['an error of the one that was started then', [stops, entry('error', 'no', 20, { run: 'b' })], ['no']],
  ['another service stops', [stops, entry('error', 'no', 20, { run: 'snmpd' })], ['no']],
  ['what systemd says of the stop', [stops, entry('error', 'Failed', 20, { systemd: true })], ['Failed']],
  ['what was sent before the stop and came after it', [stops, entry('error', 'no', 20, { sent: 9 })], ['no']],
  [
    'stopped twice',
    [stops, entry('stopping', '', 40, { systemd: true, run: 'b' }), entry('error', scanning, 50, { run: 'b' })],
    [],
  ],
  ['each once', [entry('error', 'no', 1), entry('error', 'no', 2)], ['no']],
  ['bytes', [entry('error', [0xc3, 0xa9, 27], 1)], ['é\x1b']],
  ['characters that end a line elsewhere', [entry('error', 'a\u2028b\u2029c', 1)], ['a\u2028b\u2029c']],
  ['without words', [entry('error', null, 1)], []],
  ['what does no harm', [entry('error', 'registering pdu failed: 263!', 1)], []],
]
for (const [name, printed, errors] of journals) {
  test(`journal: ${name}`, () => assert.equal(parseErrors(printed.join('\n')), errors))
}

test('journal: an entry with several messages, and one that is cut off', () =>
  assert.equal(parseErrors('error={"MESSAGE":["first","second"],"__REALTIME_TIMESTAMP":"1"}\nerror={"MESSAGE":"cu'), [
    'first second',
  ]))

test('look: what a node prints is read', () => {
  const text = [
    'held=VI_1 10.2.1.5',
    'lo=10.2.1.5',
    'keepalived=active',
    'service=named active',
    'level=2',
    'drained=ns2',
    'standby=1',
    'conntrack=12 65536',
    'boot=11111111-2222-3333-4444-555555555555',
    'state=VI_1 MASTER',
    'silent=dns 10.2.1.2 named does not answer (REFUSED)',
    'pool=TCP  10.2.1.5:53 rr',
    'pool=  -> 10.2.1.2:53                  Masq    1      1          2',
    'pool=UDP  10.2.1.5:53 rr ops',
    'pool=  -> 10.2.1.2:53                  Masq    0      0          12',
    'pool=UDP  10.2.1.99:53 rr',
    'pool=  -> 10.2.1.3:53                  Masq    1      0          0',
    'stats=UDP  10.2.1.5:53                        12       12       12      900      1200',
    entry('error', 'no', 1),
    entry('error', 'no', 2),
    '',
  ].join('\n')
  assert.equal(parseNodeState(hosts[0]!, cluster, text), {
    host: first,
    level: 2,
    keepalived: 'active',
    services: { named: 'active' },
    silent: [{ service: 'dns', address: '10.2.1.2', why: 'named does not answer (REFUSED)' }],
    onLoopback: ['10.2.1.5'],
    tunnel: false,
    conntrack: { count: 12, max: 65536 },
    instances: vrrp('MASTER', true),
    pool: [
      { server: 'TCP', address: '10.2.1.2', port: 53, method: 'Masq', weight: 1, connections: 3 },
      { server: 'UDP', address: '10.2.1.2', port: 53, method: 'Masq', weight: 0, connections: 12 },
    ],
    schedulers: { TCP: 'rr', UDP: 'rr ops' },
    drained: ['ns2'],
    standby: true,
    bootId: '11111111-2222-3333-4444-555555555555',
    balanced: { UDP: 12, TCP: 0 },
    errors: ['no'],
  })
})

test('a table of connections that is nearly full keeps no node out of work, which would leave the others more', () => {
  const control = new ClusterControl({ inventory } as Session, 2, 9, [])
  const full = { conntrack: { count: 950, max: 1000 } }
  assert.equal(control.findings([well(first, full), well(second)]), [])
  const [finding, ...more] = control.findings([well(first, full), well(second, { services: { named: 'failed' } })])
  assert.equal([finding!.code, more], ['service-down', []])
})

test.run()
