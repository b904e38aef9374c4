// Plans for two interfaces in one network, by the table: what a probe printed, and what the task makes of it.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { isChange } from '../engine/runner/task.ts'
import { network } from '../tasks/cluster/network.ts'
import { files, ifupdown, networkd, nm, target } from './level3-host.ts'

// As nmcli 1.42 prints it. eth0, eth4 and lo are set up by others, and NetworkManager knows.
const networkManager = [
  'networkmanager=eth0:/run/NetworkManager/system-connections/eth0.nmconnection',
  'networkmanager=eth3:802-3-ethernet:/etc/NetworkManager/system-connections/lan: one.nmconnection',
  'networkmanager=eth3:vpn:/etc/NetworkManager/system-connections/office.nmconnection',
  'networkmanager=eth2:/run/NetworkManager/system-connections/Wired connection 1.nmconnection',
  'networkmanager=eth4:/run/NetworkManager/system-connections/eth4.nmconnection',
  'networkmanager=lo:/run/NetworkManager/system-connections/lo.nmconnection',
]

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
const profile = '/etc/NetworkManager/system-connections/keepalived-eth1.nmconnection'
const written: [name: string, level: 1 | 3, interfaces: readonly string[], paths: string[]][] = [
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

test.run()
