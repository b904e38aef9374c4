// A host held against the inventory, by the table: its addresses, our own connection, the second interface and the port.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { oneHostAMachine } from '../engine/cluster/one-host-a-machine.ts'
import { at, eth0, eth1, file, inventory, link, lo, print, type Row, said } from './described.ts'

const held = '/etc/keepalived/keepalived.conf:40:        10.2.1.5'
const listening = (address: string, who = 'dnsmasq') =>
  `udp UNCONN 0      0      ${address}:53 0.0.0.0:* users:(("${who}",pid=812,fd=4),("${who}",pid=813,fd=4))`
const taken = at(
  'port',
  'port 53 is taken on this host by dnsmasq (pid 812), which is not of named.service: stop it for good',
)
const second = (use: string) =>
  at('second', `eth1 is in use already: ${use}. Take that away, or name another interface`)
const comesIn = (address: string) => `this connection comes in by ${address}`

const shown: Row[] = [
  // Addresses
  [
    'no such interface',
    1,
    { links: [lo, link('ens3', [['10.2.1.2', 24]])] },
    at('interface', 'there is no interface eth0 on this host, but ens3'),
  ],
  [
    'the address on another interface',
    1,
    { links: [eth1, link('ens3', [['10.2.1.2', 24]]), link('eth0', [])] },
    at('interface', '10.2.1.2 is on ens3 of this host, not on eth0'),
  ],
  [
    'another address',
    1,
    {
      links: [
        link('eth0', [
          ['10.2.1.12', 24],
          ['10.2.1.13', 32],
        ]),
      ],
    },
    at('address', '10.2.1.2 is on no interface of this host; eth0 has 10.2.1.12/24, 10.2.1.13/32'),
  ],
  [
    'no address',
    1,
    { links: [link('eth0', [])] },
    at('address', '10.2.1.2 is on no interface of this host; eth0 has no address'),
  ],
  [
    'hosts swapped',
    1,
    { links: [link('eth0', [['10.2.1.3', 24]])] },
    at('ssh', 'leads to ns2: that host has 10.2.1.3 (hosts.ns2.address), and not 10.2.1.2'),
  ],
  [
    'two nodes on one machine',
    1,
    { links: [eth0, link('eth1', [['10.2.1.3', 24]])] },
    at('other', '10.2.1.3 is on this host too, which is ns1: two nodes can not be the same machine'),
  ],
  // Our own connection
  ['SSH by the address', 3, { connection: '10.2.1.2' }],
  [
    'SSH by another network',
    3,
    { connection: '192.168.9.2', links: [eth0, eth1, link('mgmt0', [['192.168.9.2', 24]])] },
  ],
  [
    'SSH by the VIP',
    1,
    {
      connection: '10.2.1.5',
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.5', 32],
        ]),
      ],
      lines: [held],
    },
    at('ssh', `${comesIn('10.2.1.5')}, the virtual IP, which moves between hosts: give an address of the host's own`),
  ],
  [
    'SSH by the second address',
    3,
    { connection: '10.2.1.6', links: [eth0, link('eth1', [['10.2.1.6', 32]])] },
    at(
      'ssh',
      `${comesIn('10.2.1.6')} on eth1, whose answers level 3 sends through the virtual IP: come in by another interface`,
    ),
  ],
  [
    'SSH by the second address, which level 2 leaves alone',
    2,
    { connection: '10.2.1.6', links: [eth0, link('eth1', [['10.2.1.6', 32]])] },
  ],
  [
    'SSH by an address of the link, of IPv6',
    3,
    { connection: 'fe80::7%eth1' },
    at(
      'ssh',
      `${comesIn('fe80::7%eth1')} on eth1, whose answers level 3 sends through the virtual IP: come in by another interface`,
    ),
  ],
  ['SSH by an address of the first link, of IPv6', 3, { connection: 'fe80::7%eth0' }],
  [
    'SSH by an address on lo',
    3,
    {
      connection: '10.2.1.9',
      links: [{ ...lo, addr_info: [{ local: '10.2.1.9', prefixlen: 32, scope: 'global' }] }, eth0],
    },
    at('ssh', `${comesIn('10.2.1.9')} on lo, and no other interface answers for it at level 3 (arp_ignore)`),
  ],
  // The second interface
  ['a bond has it', 3, { links: [eth0, link('eth1', [], { master: 'bond0' })] }, second('it belongs to bond0')],
  ['a bond has it, and level 2 does not need it', 2, { links: [eth0, link('eth1', [], { master: 'bond0' })] }],
  [
    'a VLAN lies on it, and it has an IPv6 address',
    3,
    {
      links: [
        eth0,
        link('eth1', [['2001:db8::1', 64]]),
        link('eth1.20', [], { link: 'eth1', linkinfo: { info_kind: 'vlan' } }),
      ],
    },
    second('eth1.20 lies on it, it has address 2001:db8::1/64'),
  ],
  [
    'a VLAN lies on it, and the administrator has set it up',
    3,
    {
      links: [
        eth0,
        link('eth1', [['10.2.1.6', 32]]),
        link('eth1.20', [], { link: 'eth1', linkinfo: { info_kind: 'vlan' } }),
      ],
      facts: 'ifupdown=/etc/network/interfaces.d/theirs:iface eth1 inet static',
    },
  ],
  [
    'a tunnel lies on it',
    3,
    {
      links: [eth0, eth1, link('vx0', [], { linkinfo: { info_kind: 'vxlan', info_data: { link: 'eth1' } } })],
    },
    second('vx0 lies on it'),
  ],
  ['an address from a router advertisement', 3, { links: [eth0, link('eth1', [['2001:db8::1', 64, true]])] }],
  [
    'the second address on the first interface',
    3,
    {
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.6', 24],
        ]),
        eth1,
      ],
    },
    at('second', '10.2.1.6 is on eth0 of this host, not on eth1'),
  ],
  // The port
  ['systemd-resolved', 3, { listeners: [listening('127.0.0.53%lo', 'systemd-resolve')] }],
  ['another service on every address', 1, { listeners: [listening('0.0.0.0')] }, taken],
  [
    'another service on every address of IPv6 too',
    1,
    { listeners: [listening('*').replace('0.0.0.0:*', '*:*')] },
    taken,
  ],
  ['another service on the address, twice', 1, { listeners: [listening('10.2.1.2'), listening('10.2.1.5')] }, taken],
  ['another service on the address, by a socket of IPv6', 1, { listeners: [listening('[::ffff:10.2.1.2]')] }, taken],
  ['another service on the second address', 3, { listeners: [listening('10.2.1.6')] }, taken],
  ['another service on the second address, which level 2 leaves alone', 2, { listeners: [listening('10.2.1.6')] }],
  ['another service on every address of another interface', 1, { listeners: [listening('0.0.0.0%virbr0')] }],
  ['another service on every address of the interface', 1, { listeners: [listening('0.0.0.0%eth0')] }, taken],
  ['another service in another network', 1, { listeners: [listening('192.168.9.2'), listening('[::1]')] }],
  ['its own processes', 1, { listeners: [listening('10.2.1.2', 'isc-net-0000')], own: ['700', '813'] }],
  [
    'a program that nobody sees',
    1,
    { listeners: [listening('10.2.1.2').replace(/ users.*/, ' ')] },
    taken.replace('dnsmasq (pid 812)', 'a program that can not be seen'),
  ],
  // All at once
  [
    'two things',
    1,
    { links: [link('eth0', [['10.2.1.2', 16]])], listeners: [listening('10.2.1.2')] },
    at('network', 'is 10.2.1.0/24, but 10.2.1.2 on eth0 of this host is in 10.2.0.0/16: give the real network'),
    taken,
  ],
]
for (const [name, level, state, ...expected] of shown) {
  test(name, () => assert.is(said(print(state), level, state.facts), expected.join('\n')))
}

test('two hosts that lead to one machine: the second is refused; clones and containers are machines of their own', () => {
  const take = oneHostAMachine(inventory)
  take('ns1', { bootId: 'a', machineId: 'x' })
  // Planned again, since another run has changed it.
  take('ns1', { bootId: 'a', machineId: 'x' })
  take('clone', { bootId: 'b', machineId: 'x' })
  take('container', { bootId: 'a', machineId: 'y' })
  assert.throws(
    () => take('ns2', { bootId: 'a', machineId: 'x' }),
    `${file}:6:3 hosts.ns2.ssh.host: leads to the same machine as ns1 (boot id a)`,
  )
  const machines: Parameters<typeof oneHostAMachine>[1] = new Map()
  oneHostAMachine({ ...inventory, file: 'other.yaml' }, machines)('ns1', { bootId: 'a', machineId: 'x' })
  assert.throws(
    () => oneHostAMachine(inventory, machines)('ns1', { bootId: 'a', machineId: 'x' }),
    `${file}:5:3 hosts.ns1.ssh.host: leads to the same machine as ns1 of other.yaml (boot id a)`,
  )
})

test.run()
