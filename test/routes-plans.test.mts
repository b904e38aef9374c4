// Plans for the routes and rules of two interfaces in one network, by the table: what a probe printed, and what the task makes of it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isChange } from '../engine/runner/task.ts'
import { network } from '../tasks/cluster/network.ts'
import { routes, routesWatch, rtTables } from '../tasks/cluster/routes.ts'
import type { Target } from '../tasks/target.ts'
import { files, inventory, networkd, nm, target } from './level3-host.ts'

const rules = `0:	from all lookup 255
1020:	from 10.2.1.2 lookup 20
1021:	from 10.2.1.6 lookup 21
1022:	from 10.2.1.66 lookup 22
32766:	from all lookup 254
`
const tables = `table 20
10.2.1.0/24 dev eth0 scope 253 src 10.2.1.2 
table 21
default via 10.2.1.5 dev eth1 
10.2.1.5 dev eth1 scope 253 
`
const routing: [name: string, text: string, right: boolean][] = [
  ['right', rules + tables, true],
  ['a link that is down for a moment', rules + tables.replace('1.5 dev eth1', '1.5 dev eth1 linkdown'), true],
  ['nothing', '', false],
  ['a rule twice', `${rules}1021:	from 10.2.1.6 lookup 21\n${tables}`, false],
  ["an administrator's rule beside ours", `500:	from 10.2.1.2 lookup 100\n${rules}${tables}`, true],
  ['a rule of an earlier inventory', `1077:	from 10.2.1.6 lookup 77\n${rules}${tables}`, false],
  ['a route of an earlier inventory', `${rules}${tables}10.2.1.77 dev eth1\n`, false],
  ['the way back by the first interface', rules + tables.replace('eth1', 'eth0'), false],
]
for (const [name, text, right] of routing) {
  test(`routes and rules: ${name}`, () => {
    const answer = routes(target(...networkd))
      .at(-1)!
      .plan({ text, code: 0 }, { changes: () => false })
    assert.is(!isChange(answer), right)
  })
}

const native: Target = {
  ...target(...nm),
  cluster: { ...inventory.cluster, routing: 'native' },
}
/** As NetworkManager 1.42 puts them in place. */
const byManager = `0:	from all lookup 255
1021:	from 10.2.1.6 lookup 21 proto 4
32766:	from all lookup 254
table 20
table 21
default via 10.2.1.5 dev eth1 proto 4 metric 102 
10.2.1.5 dev eth1 proto 4 scope 253 metric 102 
`
const nativeRoutes: [name: string, text: string, before: string | undefined][] = [
  ['right', byManager, undefined],
  ['nothing', '', ''],
  [
    'those of the script',
    rules + tables,
    'rule 1020: from 10.2.1.2 lookup 20\nrule 1021: from 10.2.1.6 lookup 21\n' +
      'table 20: 10.2.1.0/24 dev eth0 src 10.2.1.2\ntable 21: 10.2.1.5 dev eth1\ntable 21: default via 10.2.1.5 dev eth1',
  ],
  [
    'the default route taken away',
    byManager.replace(/^default.*\n/m, ''),
    'rule 1021: from 10.2.1.6 lookup 21\ntable 21: 10.2.1.5 dev eth1',
  ],
]
for (const [name, text, before] of nativeRoutes) {
  test(`routing: native, routes and rules: ${name}`, () => {
    const [task, ...more] = routes(native)
    assert.equal(more, [])
    const answer = task!.plan({ text, code: 0 }, { changes: () => false })
    assert.is(isChange(answer) ? answer.before : undefined, before)
  })
}

test('routing: native has the way back in the profile, and nothing of the script', () => {
  const [task] = network(native, 3)
  const answer = task!.plan({ text: '', code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  assert.match(
    answer.after,
    /\nroute1=10\.2\.1\.5\/32\nroute1_options=table=21\nroute2=0\.0\.0\.0\/0,10\.2\.1\.5\nroute2_options=table=21\nrouting-rule1=priority 1021 from 10\.2\.1\.6 table 21\n\n\[ipv6\]/,
  )
  assert.equal(files([...routes(native), ...routesWatch(native), ...rtTables(native)]), [
    '/etc/iproute2/rt_tables.d/keepalived.conf',
  ])
})

test('routing: native is refused where NetworkManager does not have the interfaces, or the second one for somebody else', () => {
  const place = native.place(['cluster', 'routing'])
  const facts = (...interfaces: string[]): Target => ({ ...native, facts: target(...interfaces).facts })
  const refused = (said: string) => (error: Error) => error.message === `${place}: ${said}`
  assert.throws(
    () => network(facts(...networkd), 3),
    refused(
      'native is for hosts whose interfaces NetworkManager configures; eth0 of this one has systemd-networkd (also by netplan): use script',
    ),
  )
  const second = '/etc/NetworkManager/system-connections/second.nmconnection'
  assert.throws(
    () => network(facts(...nm, `networkmanager=eth1:${second}`), 3),
    refused(
      `native has the routes of eth1 in a file of ours, and ${second} sets eth1 up: use script, or take eth1 out of that file`,
    ),
  )
  assert.equal(network(facts(...networkd), 1).length > 0, true)
})

test('from native to script, what NetworkManager had goes when it reads its file again', () => {
  const back = routes(target(...nm)).at(-1)!
  const answer = back.plan({ text: byManager, code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  assert.match(answer.apply.text, /routes\.sh start[^]*nmcli device reapply eth1[^]*routes\.sh start/)
})

const inTheWay: [name: string, text: string, why: RegExp][] = [
  [
    'routes of others',
    `table 20\ntable 21\n10.9.0.0/16 via 10.2.1.9 dev eth0\n`,
    /in use .*: table 21: 10\.9\.0\.0\/16/,
  ],
  [
    'an earlier rule, behind one for the first address',
    `400:	from 10.2.1.2 lookup 100\n500:	from 10.2.1.6 lookup 100\n${rules}${tables}`,
    /"500: from 10\.2\.1\.6 lookup 100" takes/,
  ],
  [
    'an earlier rule',
    `500:	from 10.2.1.6 lookup 100\n${rules}${tables}`,
    /"500: from 10\.2\.1\.6 lookup 100" takes the answers from 10\.2\.1\.6 elsewhere: remove it/,
  ],
]
for (const [name, text, why] of inTheWay) {
  test(`routes and rules in the way: ${name}`, () => {
    const task = routes(target(...networkd)).at(-1)!
    assert.throws(() => task.plan({ text, code: 0 }, { changes: () => false }), why)
  })
}

/** Rules of others before ours, the tables that they name, and what is said of them. */
const ruleOfOthers: [rule: string, taken: boolean, tables?: string][] = [
  ['from 10.2.1.0/24 lookup 100', true],
  ['from 10.2.1.0/29 lookup 100', true],
  ['from 10.2.1.8/29 lookup 100', false],
  ['from 10.2.1.60 lookup 100', false],
  ['from all lookup 100', true, 'table 100\n10.8.0.0/16 via 10.2.1.9 dev eth0\n'],
  ['from all lookup 220', false, 'table 220\n'],
  ['from all to 10.3.1.0/24 lookup 100', true, 'table 100\ndefault via 10.2.1.9 dev eth0\n'],
  ['from all lookup 254 suppress_prefixlength 0', true],
  ['from 10.2.1.6 blackhole', true],
  ['from all nop', false],
  ['from all lookup [l3mdev-table]', false],
  ['from all fwmark 0x1 lookup 100', false, 'table 100\ndefault via 10.2.1.9 dev eth0\n'],
  ['not from all fwmark 0xca6c lookup 100', true, 'table 100\ndefault dev wg0\n'],
  ['not from 10.2.1.6 lookup 100', false],
  ['from all iif wg0 lookup 100', false, 'table 100\ndefault via 10.2.1.9 dev eth0\n'],
  ['from 10.2.1.6 iif lo lookup 100', true],
  ['from 10.2.1.6 ipproto 17 sport 50-60 lookup 100', true],
  ['from 10.2.1.6 ipproto 6 sport 22 lookup 100', false],
  ['from 10.2.1.6 ipproto 1 lookup 100', false],
]
for (const [rule, taken, more = ''] of ruleOfOthers) {
  test(`routes and rules: ${rule} ${taken ? 'is in the way' : 'is beside ours'}`, () => {
    const task = routes(target(...networkd)).at(-1)!
    const plan = (priority: number) => {
      const text = `0:\tfrom all lookup 255\n${priority}:\t${rule}\n${rules}${tables}${more}`
      return task.plan({ text, code: 0 }, { changes: () => false })
    }
    const place = inventory.place(['hosts', 'ns1', 'second', 'address'])
    const why = `the rule "500: ${rule}" takes the answers from 10.2.1.6 elsewhere: remove it, or give it a priority above 1021`
    assert.not(isChange(plan(1500)))
    if (!taken) return assert.not(isChange(plan(500)))
    assert.throws(
      () => plan(500),
      (error: Error) => error.message === `${place}: ${why}`,
    )
  })
}

const taken: [line: string, why: RegExp | undefined][] = [
  ['/etc/iproute2/rt_tables:254	main', undefined],
  ['/etc/iproute2/rt_tables:21	table1', undefined],
  ['/etc/iproute2/rt_tables.d/keepalived.conf:21	before', undefined],
  ['/etc/iproute2/rt_tables:21	vpn', /rt_tables has "21 vpn", and cluster\.routing_tables wants "21 table1"/],
  ['/etc/iproute2/rt_tables.d/x.conf:30 table1', /x\.conf has "30 table1", and .* wants "21 table1"/],
]
for (const [line, why] of taken) {
  test(`routing tables: ${line}`, () => {
    const plan = () => rtTables(target(...networkd))[0]!.plan({ text: `${line}\n`, code: 0 }, { changes: () => false })
    if (why) assert.throws(plan, why)
    else plan()
  })
}

test.run()
