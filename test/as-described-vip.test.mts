// A host held against the inventory, by the table: who else has the virtual IP, now or at the next boot.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { at, eth0, link, print, type Row, said } from './described.ts'

const held = '/etc/keepalived/keepalived.conf:40:        10.2.1.5'
const vipThere = (where: string, why = '') =>
  at('vip', `${where}: take it away, keepalived alone sets the virtual IP${why}`)
const sets = (place: string) => vipThere(`${place} sets 10.2.1.5`)
const onEth0 = (prefix: number, device = 'eth0') =>
  vipThere(`10.2.1.5/${prefix} is on ${device}, and keepalived.conf does not set it there`)

const shown: Row[] = [
  [
    'the VIP is the router',
    1,
    { routes: [{ dst: 'default', gateway: '10.2.1.5', dev: 'eth0' }] },
    at('vip', '10.2.1.5 is a router: this host has the route "default via 10.2.1.5"'),
  ],
  [
    'the VIP is a router in a table of its own',
    1,
    { routes: [{ dst: 'default', gateway: '10.2.1.5', dev: 'eth0', table: '100' }] },
    at('vip', '10.2.1.5 is a router: this host has the route "default via 10.2.1.5"'),
  ],
  [
    'the way back of level 3, in its table',
    3,
    { routes: [{ dst: 'default', gateway: '10.2.1.5', dev: 'eth1', table: '21' }] },
  ],
  [
    'the VIP is one of two routers',
    1,
    { routes: [{ dst: '10.9.0.0/16', nexthops: [{ gateway: '10.2.1.1' }, { gateway: '10.2.1.5' }] }] },
    at('vip', '10.2.1.5 is a router: this host has the route "10.9.0.0/16 via 10.2.1.5"'),
  ],
  [
    'the VIP, with the network that keepalived.conf gives it',
    2,
    {
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.5', 24],
        ]),
      ],
      lines: [`${held}/24 dev eth0`],
    },
  ],
  [
    'the VIP, on an interface with the virtual MAC',
    1,
    {
      links: [
        link('eth0', [['10.2.1.2', 24]]),
        { ...link('outside', [['10.2.1.5', 32]]), address: '00:00:5e:00:01:05' },
      ],
      lines: [held],
    },
  ],
  [
    'the VIP, in a keepalived.conf of one line',
    2,
    {
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.5', 32],
        ]),
      ],
      lines: ['/etc/keepalived/conf.d/dns.conf:4:  virtual_ipaddress { 10.2.1.5 }'],
    },
  ],
  [
    'the VIP, and no keepalived',
    2,
    {
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.5', 32],
        ]),
      ],
    },
    onEth0(32),
  ],
  [
    'the VIP as a network of its own',
    2,
    {
      links: [
        link('eth0', [
          ['10.2.1.2', 24],
          ['10.2.1.5', 24],
        ]),
      ],
      lines: [held],
    },
    onEth0(24),
  ],
  [
    'the VIP on another interface',
    2,
    { links: [eth0, link('eth1', [['10.2.1.5', 32]])], lines: [held] },
    onEth0(32, 'eth1'),
  ],
  [
    'ifupdown has it',
    1,
    { lines: ['/etc/network/interfaces:9:    address 10.2.1.5/24'] },
    sets('/etc/network/interfaces:9'),
  ],
  [
    'a command of ifupdown has it',
    1,
    { lines: ['/etc/network/interfaces:9:  up ip addr add 10.2.1.5/24 dev eth0'] },
    sets('/etc/network/interfaces:9'),
  ],
  [
    'a short command of ifupdown has it',
    1,
    { lines: ['/etc/network/interfaces:9:  up ip -4 a a dev eth0 10.2.1.5/24'] },
    sets('/etc/network/interfaces:9'),
  ],
  [
    'an older command has it, at boot',
    1,
    { lines: ['/etc/rc.local:3:ifconfig eth0:1 10.2.1.5 netmask 255.255.255.0'] },
    sets('/etc/rc.local:3'),
  ],
  [
    'NetworkManager has it, in a list',
    1,
    { lines: ['/etc/NetworkManager/system-connections/x:8:addresses=10.2.1.2/24;10.2.1.5/24;'] },
    sets('/etc/NetworkManager/system-connections/x:8'),
  ],
  [
    'netplan has it',
    1,
    { lines: ['/etc/netplan/a.yaml:6:      addresses: [10.2.1.2/24, "10.2.1.5/24"]'] },
    sets('/etc/netplan/a.yaml:6'),
  ],
  [
    'netplan has it in one line with its routes',
    1,
    {
      lines: [
        '/etc/netplan/a.yaml:3:  ethernets: { eth0: { addresses: [10.2.1.5/24], routes: [{ to: default, via: 10.2.1.1 }] } }',
      ],
    },
    sets('/etc/netplan/a.yaml:3'),
  ],
  [
    'NetworkManager has it, in a list with a number',
    1,
    { lines: ['/etc/NetworkManager/system-connections/x.nmconnection:8:addresses1=10.2.1.5/24,10.2.1.1'] },
    sets('/etc/NetworkManager/system-connections/x.nmconnection:8'),
  ],
  [
    'NetworkManager is given it at boot',
    1,
    { lines: ['/etc/rc.local:2:nmcli connection modify eth0 +ipv4.addresses 10.2.1.9/24,10.2.1.5/24'] },
    sets('/etc/rc.local:2'),
  ],
  [
    'an ifcfg file of RHEL 8 has it, beside another address',
    1,
    { lines: ['/etc/sysconfig/network-scripts/ifcfg-eth0:9:IPADDR2="10.2.1.5"'] },
    sets('/etc/sysconfig/network-scripts/ifcfg-eth0:9'),
  ],
  [
    'NetworkManager has it',
    1,
    { lines: ['/etc/NetworkManager/system-connections/x.nmconnection:8:address2=10.2.1.5/24'] },
    sets('/etc/NetworkManager/system-connections/x.nmconnection:8'),
  ],
  [
    'lines that only mention it',
    1,
    {
      lines: [
        '/etc/network/interfaces:9:    dns-nameservers 10.2.1.5',
        '/etc/network/interfaces:10:    # address 10.2.1.5',
        '/etc/systemd/network/x.network:9:DNS=10.2.1.5',
        '/etc/systemd/network/x.network:10:Destination=10.2.1.5/32',
        '/etc/netplan/a.yaml:6:        addresses: [10.2.1.5]',
        '/etc/netplan/a.yaml:7:        - to: 10.2.1.5/32',
        '/etc/netplan/a.yaml:8:        - {"to": 10.2.1.5/32, "via": 10.2.1.1}',
        '/etc/netplan/b.yaml:8: routes: [{to: 10.2.1.5/32, via: 10.2.1.1}]',
        '/etc/rc.local:3:nmcli connection modify eth0 ipv4.gateway 10.2.1.5',
        '/etc/netplan/a.yaml:9:      addresses: [10.2.1.2/24] # not 10.2.1.5/24',
        '/etc/network/interfaces:11:  up ip route add 10.9.0.0/16 via 10.2.1.5',
        '/etc/network/interfaces:12:  up ip rule add to 10.2.1.5 lookup 100',
        '/etc/network/interfaces:13:  down ip addr del 10.2.1.5/24 dev eth0',
        '/etc/NetworkManager/system-connections/x.nmconnection:8:dns=10.2.1.5;',
        '/etc/NetworkManager/system-connections/x.nmconnection:9:address1=10.2.1.2/24,10.2.1.5',
        '/etc/sysconfig/network-scripts/ifcfg-eth0:9:GATEWAY=10.2.1.5',
        '/etc/sysconfig/network-scripts/ifcfg-eth0.rpmsave:9:IPADDR=10.2.1.5',
        '/etc/sysconfig/network-scripts/route-eth1:1:ADDRESS0=10.2.1.5',
        '/etc/sysconfig/network-scripts/route-eth1:3:GATEWAY0=10.2.1.5',
        '/etc/keepalived/routes.sh:8:vip=10.2.1.5',
        '/etc/network/if-up.d/vip.disabled:3:ip address add 10.2.1.5/24 dev eth0',
        '/etc/netplan/a.yaml.off:6:      addresses: [10.2.1.2/24, "10.2.1.5/24"]',
      ],
    },
  ],
  ['nobody answers for it', 1, { neighbours: ['10.2.1.5  INCOMPLETE', '10.2.1.3 lladdr 02:00:00:00:00:02 REACHABLE'] }],
  [
    'a node answers for it',
    1,
    { neighbours: ['10.2.1.5 lladdr 02:00:00:00:00:02 REACHABLE ', '10.2.1.3 lladdr 02:00:00:00:00:02 STALE '] },
  ],
  [
    'a node answers for it by its second interface',
    1,
    {
      neighbours: [
        '10.2.1.5 lladdr 02:00:00:00:00:03 REACHABLE ',
        '10.2.1.3 lladdr 02:00:00:00:00:02 REACHABLE ',
        '10.2.1.7 lladdr 02:00:00:00:00:03 REACHABLE ',
      ],
    },
  ],
  [
    'a third answers for it',
    1,
    { neighbours: ['10.2.1.5 lladdr 02:00:00:00:00:09 REACHABLE ', '10.2.1.3 lladdr 02:00:00:00:00:02 REACHABLE '] },
    at('vip', '10.2.1.5 is in use already: 02:00:00:00:00:09 answers for it, which is none of the other nodes'),
  ],
  ['a third answered for it once', 1, { neighbours: ['10.2.1.5 lladdr 02:00:00:00:00:09 STALE '] }],
]
for (const [name, level, state, ...expected] of shown) {
  test(name, () => assert.is(said(print(state), level, state.facts), expected.join('\n')))
}

test.run()
