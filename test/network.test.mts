// Plans for two interfaces in one network, by the table: what a probe printed, and what the task makes of it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../inventory/load.ts'
import { type Facts, parseFacts } from '../engine/runner/facts.ts'
import { isChange, type Task } from '../engine/runner/task.ts'
import { network } from '../tasks/cluster/network.ts'
import { routes, routesWatch, rtTables } from '../tasks/cluster/routes.ts'
import { type Target, targetOf } from '../tasks/target.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const { hosts } = inventory
const printed = (...interfaces: string[]) =>
  ['os=Debian', 'ids=debian', 'init=systemd', 'now=1', ...interfaces, ''].join('\n')
const target = (...interfaces: string[]): Target => {
  const facts: Facts = parseFacts(printed(...interfaces))
  return targetOf(inventory, hosts[0]!, facts)
}
const networkd = ['link=eth0', 'networkd=/etc/systemd/network/10-lan.network', 'link=eth1']
const ifupdown = ['ifupdown=/etc/network/interfaces:iface eth0 inet static']
// As nmcli 1.42 prints it. eth0, eth4 and lo are set up by others, and NetworkManager knows.
const networkManager = [
  'networkmanager=eth0:/run/NetworkManager/system-connections/eth0.nmconnection',
  'networkmanager=eth2:/run/NetworkManager/system-connections/Wired connection 1.nmconnection',
  'networkmanager=eth3:/etc/NetworkManager/system-connections/lan: one.nmconnection',
  'networkmanager=eth4:/run/NetworkManager/system-connections/eth4.nmconnection',
  'networkmanager=lo:/run/NetworkManager/system-connections/lo.nmconnection',
]
const files = (tasks: Task[]) => tasks.flatMap(({ resources }) => resources ?? [])

test('facts: who configures an interface', () => {
  const { interfaces } = target(
    'link=lo',
    ...networkd,
    ...ifupdown,
    ...networkManager,
    'ifupdown=/etc/network/interfaces.d/x:  iface eth2 inet dhcp',
  ).facts
  assert.equal(interfaces, {
    eth0: { manager: 'networkd', file: '/etc/systemd/network/10-lan.network' },
    eth2: { manager: 'ifupdown', file: '/etc/network/interfaces.d/x' },
    eth3: { manager: 'NetworkManager', file: '/etc/NetworkManager/system-connections/lan: one.nmconnection' },
  })
})

const both = '/etc/systemd/networkd.conf.d/keepalived.conf'
const nm = ['networkmanager=eth0:/etc/NetworkManager/system-connections/lan.nmconnection']
const profile = '/etc/NetworkManager/system-connections/keepalived-eth1.nmconnection'
const written: [name: string, level: 1 | 3, interfaces: string[], paths: string[]][] = [
  ['systemd-networkd, level 1', 1, networkd, [both, '/etc/systemd/network/10-lan.network.d/keepalived.conf']],
  [
    'systemd-networkd, level 3',
    3,
    networkd,
    [both, '/etc/systemd/network/10-lan.network.d/keepalived.conf', '/etc/systemd/network/50-keepalived-eth1.network'],
  ],
  [
    'netplan, and the second interface is the administrator’s',
    3,
    [
      'link=eth0',
      'networkd=/run/systemd/network/10-netplan-eth0.network',
      'link=eth1',
      'networkd=/run/systemd/network/10-netplan-eth1.network',
    ],
    [
      both,
      '/etc/systemd/network/10-netplan-eth0.network.d/keepalived.conf',
      '/etc/systemd/network/10-netplan-eth1.network.d/keepalived.conf',
    ],
  ],
  [
    'the second interface is one of NetworkManager',
    3,
    [...networkd, 'networkmanager=eth1:/etc/NetworkManager/system-connections/lan.nmconnection'],
    [both, '/etc/systemd/network/10-lan.network.d/keepalived.conf'],
  ],
  ['NetworkManager, level 1', 1, nm, []],
  ['NetworkManager, level 3', 3, nm, [profile]],
  [
    'NetworkManager, which has made a profile for the second interface by itself',
    3,
    [...nm, 'networkmanager=eth1:/run/NetworkManager/system-connections/Wired connection 1.nmconnection'],
    [profile],
  ],
  [
    'NetworkManager, and the second interface is the administrator’s',
    3,
    [...nm, 'networkmanager=eth1:/etc/NetworkManager/system-connections/second.nmconnection'],
    [],
  ],
  ['ifupdown, level 1', 1, ifupdown, []],
  [
    'ifupdown, and systemd-networkd has another interface',
    3,
    [...ifupdown, 'link=mgmt0', 'networkd=/etc/systemd/network/mgmt.network'],
    [both, '/etc/network/interfaces', '/etc/network/interfaces.d/keepalived-eth1'],
  ],
  ['ifupdown, level 3', 3, ifupdown, ['/etc/network/interfaces', '/etc/network/interfaces.d/keepalived-eth1']],
  [
    'ifupdown, and the second interface is the administrator’s',
    3,
    [...ifupdown, 'ifupdown=/etc/network/interfaces:iface eth1 inet static'],
    [],
  ],
]
for (const [name, level, interfaces, paths] of written) {
  test(`files: ${name}`, () => assert.equal(files(network(target(...interfaces), level)), paths))
}

test('another network manager is refused at level 3, before anything changes', () => {
  assert.throws(
    () => network(target('link=eth0'), 3),
    /^eth0 is configured by no network manager that is known here, and level 3 needs systemd-networkd \(also by netplan\) or ifupdown or NetworkManager: let one of them configure eth0$/,
  )
  assert.equal(network(target('link=eth0'), 1), [])
})

test('a profile that goes is read again by NetworkManager at the end', () => {
  const [task] = network(target(...nm), 3)
  const answer = task!.plan({ text: '', code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  assert.match(answer.after, /^# mode 600, owner root:root\n[^]*\naddress1=10\.2\.1\.6\/32\nnever-default=true\n/)
  assert.match(answer.undo.text, /rm -f -- [^]*\nat_end nmcli connection reload$/)
})

/** What `ip address show` and `ip route show` print. */
const link = (flags: string, address = '', route = '') =>
  [
    `3: eth1: <${flags}> mtu 1500 qdisc fq_codel state UP group default qlen 1000`,
    '    link/ether 02:00:0a:02:01:01 brd ff:ff:ff:ff:ff:ff',
    ...(address ? [`    inet ${address} scope global eth1`, '       valid_lft forever preferred_lft forever'] : []),
    ...['    inet6 fe80::aff:fe02:101/64 scope link', 'routes', route, ''],
  ].join('\n')
const up = 'BROADCAST,MULTICAST,UP,LOWER_UP'
const interfaces: [name: string, text: string, before: string | undefined][] = [
  ['right', link(up, '10.2.1.6/32'), undefined],
  ['right, its address with a network that has no route', link(up, '10.2.1.6/24 brd 10.2.1.255'), undefined],
  ['down', link('BROADCAST,MULTICAST'), 'eth1 is down'],
  ['no address', link(up), 'eth1 is up'],
  [
    'the address of an earlier inventory',
    `${link(up, '10.2.1.66/32')}ours\nAddress=10.2.1.66/32\n`,
    'eth1 is up\naddress 10.2.1.66',
  ],
  [
    'the address of an earlier inventory, where a run broke after its file',
    `${link(up, '10.2.1.66/32')}ours\n    address 10.2.1.6/32\nip1=10.2.1.66\n`,
    'eth1 is up\naddress 10.2.1.66',
  ],
  [
    'the address of an earlier inventory, in a profile of NetworkManager',
    `${link(up, '10.2.1.66/32')}ours\naddress1=10.2.1.66/32\n`,
    'eth1 is up\naddress 10.2.1.66',
  ],
  [
    'with a network of its own',
    link(up, '10.2.1.6/24', '10.2.1.0/24 proto kernel scope link src 10.2.1.6'),
    'eth1 is up\naddress 10.2.1.6/24\nroute in the main table: 10.2.1.0/24 proto kernel scope link src 10.2.1.6',
  ],
]
const ours = 'networkd=/etc/systemd/network/50-keepalived-eth1.network'
const live = network(target(...networkd, ours), 3).at(-1)!
const unknown = network(target(...networkd), 3).at(-1)!
const theirs = network(target(...networkd, 'networkd=/etc/systemd/network/theirs.network'), 3).at(-1)!
for (const [name, text, before] of interfaces) {
  test(`second interface: ${name}`, () => {
    const answer = live.plan({ text, code: 0 }, { changes: () => false })
    assert.is(isChange(answer) ? answer.before : undefined, before)
  })
  test(`second interface of the administrator: ${name}`, () => {
    const plan = () => theirs.plan({ text, code: 0 }, { changes: () => false })
    if (before === undefined) assert.not.ok(isChange(plan()))
    else assert.throws(plan, /theirs\.network sets eth1 up otherwise than level 3 needs it \(hosts\.ns1\.second\)/)
  })
}

const inUse: [name: string, text: string, why: RegExp | undefined][] = [
  ['nothing', link(up), undefined],
  ['our address by hand', link(up, '10.2.1.6/24', '10.2.1.0/24 proto kernel scope link src 10.2.1.6'), undefined],
  [
    'another address',
    link(up, '10.2.1.66/24'),
    /eth1 is in use already \(hosts\.ns1\.second\): it has address 10\.2\.1\.66\/24\. /,
  ],
  [
    'one that begins like ours',
    link(up, '10.2.1.60/32'),
    /it has address 10\.2\.1\.60\/32\. Take that away, or name another/,
  ],
  [
    'a gateway',
    link(up, '10.2.1.6/24', 'default via 10.2.1.1'),
    /it has route default via 10\.2\.1\.1\. .* hosts\.ns1\.second\.interface$/,
  ],
]
for (const [name, text, why] of inUse) {
  for (const [which, task] of Object.entries({ 'that no known file configures': unknown, 'that is ours': live })) {
    test(`second interface ${which}: ${name}`, () => {
      const plan = () => task.plan({ text, code: 0 }, { changes: () => false })
      if (why) assert.throws(plan, why)
      else assert.ok(isChange(plan()))
    })
  }
}

test('second interface of netplan: the place to change it is its source', () => {
  const netplan = network(target(...networkd, 'networkd=/run/systemd/network/10-netplan-eth1.network'), 3).at(-1)!
  const plan = () => netplan.plan({ text: link(up), code: 0 }, { changes: () => false })
  assert.throws(plan, /change it in \/etc\/netplan, which that file is made from, or take eth1 out of it/)
})

test('second interface: nothing is undone where it is gone', () => {
  const answer = live.plan({ text: link(up), code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  assert.match(answer.undo.text, /^\n\[ -e \/sys\/class\/net\/eth1 \] \|\| exit 0\n/)
})

test('second interface: missing, or without a carrier', () => {
  const plan = (text: string, code: number) => () => live.plan({ text, code }, { changes: () => false })
  assert.throws(
    plan('1: lo: <LOOPBACK,UP> mtu 65536\n2: eth0: <UP> mtu 1500\n3: mgmt0@if2: <UP> mtu 1500\n', 1),
    /there is no interface eth1 .*, but eth0, mgmt0$/,
  )
  assert.throws(plan(link('NO-CARRIER,BROADCAST,MULTICAST,UP'), 0), /eth1 has no carrier/)
})

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
