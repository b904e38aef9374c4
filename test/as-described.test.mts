// A host held against the inventory: what real interfaces, files and programs show, in namespaces of their own, and by the
// table what is said of them.
import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../engine/base/sh.ts'
import type { Level } from '../inventory/levels.ts'
import { loadInventory } from '../inventory/load.ts'
import { oneHostAMachine } from '../engine/cluster/one-host-a-machine.ts'
import { asDescribed } from '../tasks/cluster/as-described/task.ts'
import { findConnection } from '../tasks/cluster/connection.ts'
import { targetOf } from '../tasks/target.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { begun } from './begun.ts'

const folder = mkdtempSync(join(tmpdir(), 'as-described-'))
test.after(() => rmSync(folder, { recursive: true }))

const file = join(folder, 'i.yaml')
const text = `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`
writeFileSync(file, text)
const inventory = loadInventory(file, { level: 3 })
const target = (facts = '') =>
  targetOf(inventory, inventory.hosts[0]!, parseFacts(`os=Debian\nids=debian\ninit=systemd\n${facts}\n`))
const said = (printed: string, level: Level, facts?: string): string => {
  try {
    asDescribed(target(facts), level).plan({ text: printed, code: 0 }, { changes: () => false })
  } catch (error) {
    return (error as Error).message
  }
  return ''
}
/** What is said of a value, and where it is. */
const places = {
  network: '3:12 cluster.network',
  vip: '2:8 cluster.vip',
  port: '1:1 cluster.service.port',
  address: '5:19 hosts.ns1.address',
  interface: '5:3 hosts.ns1.interface',
  ssh: '5:3 hosts.ns1.ssh.host',
  second: '5:29 hosts.ns1.second.interface',
  other: '6:19 hosts.ns2.address',
}
const at = (place: keyof typeof places, why: string) => `${file}:${places[place]}: ${why}`

// Real ones

const probeFile = join(folder, 'probe.sh')
writeFileSync(probeFile, asDescribed(target(), 3).probe.text)
const known =
  'mkdir -p /etc/keepalived; printf "virtual_ipaddress {\\n    10.2.1.5\\n}\\n" >/etc/keepalived/keepalived.conf'
const listen = (address: string, code = 'require("net").createServer().listen') => `
${process.execPath} -e '${code}(53, "${address}")' &
until ss -Hlntu src ${address} | grep -q .; do sleep 0.05; done`
/** The other end of eth0 is another machine. */
const neighbour = (...addresses: string[]) => `
ip link set peer-eth0 address 02:00:00:00:00:99
unshare --net sleep 60 & away=$!
until [ "$(readlink /proc/$away/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
ip link set peer-eth0 netns $away
in_it() { nsenter --net=/proc/$away/ns/net "$@"; }
in_it ip link set peer-eth0 up
${addresses.map((address) => `in_it ip address add ${address}/24 dev peer-eth0`).join('\n')}
until [ "$(cat /sys/class/net/eth0/operstate)" = up ]; do sleep 0.01; done`

const namespaces = ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']

/** @returns what the probe prints on a host with two interfaces, of which the first is set up */
async function onHost(setup: string, address = '10.2.1.2/24'): Promise<string> {
  const host = `set -e
export LC_ALL=C
for path in /etc /run /sys/fs/cgroup; do mount -t tmpfs none $path; done
ip link set lo up
for device in eth0 eth1; do
  ip link add $device type veth peer name peer-$device
  ip link set $device up
  ip link set peer-$device up
done
ip address add ${address} dev eth0
ip route add default via 10.2.1.1
# The kernel asks ten times a second for two seconds, and confirms within one what it remembers.
echo 1 >/proc/sys/net/ipv4/neigh/eth0/delay_first_probe_time
echo 100 >/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms
echo 20 >/proc/sys/net/ipv4/neigh/eth0/mcast_solicit
exec 3>&1 >&2
${setup}
exec >&3 3>&-
bash ${probeFile}`
  // The first process of a PID namespace has no parent to look at.
  const words = ['bash', '-c', 'bash -c "$1"; true', 'host', host]
  return (await promisify(execFile)('unshare', [...namespaces, ...words], { encoding: 'utf8', timeout: 60_000 })).stdout
}

const named = (pid: string) =>
  `mkdir -p /sys/fs/cgroup/system.slice/named.service; echo ${pid} >/sys/fs/cgroup/system.slice/named.service/cgroup.procs`
const real: [name: string, setup: string, ...said: string[]][] = [
  ['a plain server', ''],
  ['keepalived has the VIP', `${known}; ip address add 10.2.1.5/32 dev eth0`],
  ...['"10.2.1.5"', '"10.2.1.5/32" dev eth0 label eth0:1', '10.2.1.5/32 brd 10.2.1.255 dev eth0', '"10.2.1.5" }'].map(
    (line): (typeof real)[number] => [
      `keepalived has the VIP, by the line ${line}`,
      `${known}; printf 'virtual_ipaddress {\n${line}\n}\n' >/etc/keepalived/keepalived.conf; ip address add 10.2.1.5/32 dev eth0`,
    ],
  ),
  [
    'keepalived has the VIP on another interface',
    `${known}; printf 'virtual_ipaddress { 10.2.1.5/24 dev eth1 }' >/etc/keepalived/keepalived.conf; ip address add 10.2.1.5/24 dev eth1`,
  ],
  [
    'keepalived has the VIP, and another interface has it too',
    `${known}; ip address add 10.2.1.5/32 dev eth1`,
    at(
      'vip',
      '10.2.1.5/32 is on eth1, and keepalived.conf does not set it there: take it away, keepalived alone sets the virtual IP',
    ),
  ],
  [
    'level 3, the service listens, systemd-resolved too, and a client asks by DNS',
    `${known}; ip address add 10.2.1.6/32 dev eth1
${listen('10.2.1.2')}; ${named('$!')}
${listen('127.0.0.53', 'require("dgram").createSocket("udp4").bind')}
echo "nameserver 10.2.1.5" >/etc/resolv.conf
mkdir -p /etc/netplan; printf "    nameservers:\\n      addresses: [10.2.1.5]\\n" >/etc/netplan/x.yaml`,
  ],
  ['another node has the VIP', neighbour('10.2.1.3', '10.2.1.5')],
  [
    'another node has the VIP, and answers late for its own address',
    `${neighbour('10.2.1.5')}
(sleep 0.15; in_it ip address add 10.2.1.3/24 dev peer-eth0) >&- 3>&- &`,
  ],
  [
    'another node had the VIP, and is gone',
    `for address in 10.2.1.3 10.2.1.5; do
  ip neighbour add $address lladdr 02:00:00:00:00:98 dev eth0 nud stale
done`,
  ],
  ['a third had the VIP, and is gone', 'ip neighbour add 10.2.1.5 lladdr 02:00:00:00:00:98 dev eth0 nud stale'],
  [
    'files that ifupdown does not read have the VIP',
    `mkdir -p /etc/network/interfaces.d
echo "source-directory interfaces.d" >/etc/network/interfaces
for name in x.old eth1.cfg; do echo "address 10.2.1.5/24" >/etc/network/interfaces.d/$name; done`,
  ],
  [
    'files that ifupdown reads have the VIP, whatever they are called',
    `mkdir -p /etc/network/interfaces.d /etc/net
echo "source interfaces.d/*.old /etc/net/x" >/etc/network/interfaces
for name in /etc/network/interfaces.d/x.old /etc/net/x; do echo "address 10.2.1.5/24" >$name; done`,
    at(
      'vip',
      '/etc/network/interfaces.d/x.old:1 sets 10.2.1.5; /etc/net/x:1 sets 10.2.1.5: take it away, keepalived alone sets ' +
        'the virtual IP',
    ),
  ],
  [
    'a third has the VIP, as before',
    `${neighbour('10.2.1.5')}; ip neighbour add 10.2.1.5 lladdr 02:00:00:00:00:99 dev eth0 nud stale`,
    at('vip', '10.2.1.5 is in use already: 02:00:00:00:00:99 answers for it, which is none of the other nodes'),
  ],
  [
    'a third has the VIP',
    neighbour('10.2.1.9', '10.2.1.5'),
    at('vip', '10.2.1.5 is in use already: 02:00:00:00:00:99 answers for it, which is none of the other nodes'),
  ],
  [
    'the VIP is a static address, and written down',
    `${known}; ip address add 10.2.1.5/24 dev eth0; mkdir -p /etc/systemd/network
printf "[Network]\\nDNS=10.2.1.5\\n# Address=10.2.1.5/24\\nAddress=10.2.1.5/24\\n" >/etc/systemd/network/10-lan.network`,
    at(
      'vip',
      '/etc/systemd/network/10-lan.network:4 sets 10.2.1.5; 10.2.1.5/24 is on eth0, and keepalived.conf does not set ' +
        'it there: take it away, keepalived alone sets the virtual IP',
    ),
  ],
  [
    'the second interface is a port of a bridge',
    `${known}; ip link add br0 type bridge; ip link set eth1 master br0`,
    at('second', 'eth1 is in use already: it belongs to br0. Take that away, or name another interface'),
  ],
  [
    'a DNS server of another unit',
    `${known}; ${listen('0.0.0.0')}; ${named('1')}`,
    at('port', 'port 53 is taken on this host by P, which is not of named.service: stop it for good'),
  ],
]
for (const [name, setup, ...expected] of real) {
  const printed = begun(() => onHost(setup))
  test(`real: ${name}`, async () =>
    assert.is(said(await printed(), 3).replace(/\S+ \(pid \d+\)/, 'P'), expected.join('\n')))
}

test('real: the network is wider in the inventory than on the host', async () => {
  const printed = await onHost(known, '10.2.1.2/25')
  const why = 'is 10.2.1.0/24, but 10.2.1.2 on eth0 of this host is in 10.2.1.0/25: give the real network'
  assert.is(said(printed, 1), at('network', why))
})

test('the address that our connection comes in by is known below sudo, which hides it', () => {
  const find = sh`${findConnection}
echo "$connected"`.text
  const below = (script: string) =>
    execFileSync('bash', ['-c', `env -u SSH_CONNECTION bash -c "$find"; true`], {
      encoding: 'utf8',
      env: { ...process.env, SSH_CONNECTION: script, find },
    })
  assert.is(below('10.2.1.10 50000 10.2.1.2 22'), '10.2.1.2\n')
})

// By the table

type Address = [address: string, prefix: number, dynamic?: boolean]
const link = (ifname: string, addresses: Address[], more: object = {}) => ({
  ifname,
  flags: ['BROADCAST', 'UP'],
  addr_info: addresses.map(([local, prefixlen, dynamic]) => ({ local, prefixlen, scope: 'global', dynamic })),
  ...more,
})
const lo = link('lo', [['127.0.0.1', 8]], { flags: ['LOOPBACK', 'UP'] })
const eth0 = link('eth0', [['10.2.1.2', 24]])
const eth1 = link('eth1', [])
interface Shown {
  links?: object[]
  routes?: object[]
  connection?: string
  lines?: string[]
  neighbours?: string[]
  listeners?: string[]
  own?: string[]
  facts?: string
}
const print = (shown: Shown) => {
  const { links = [lo, eth0, eth1], routes = [], connection = '' } = shown
  const { lines = [], neighbours = [], listeners = [], own = [] } = shown
  return [
    ...['== links and routes', JSON.stringify(links), JSON.stringify(routes)],
    ...['== connection', connection, '== lines', ...lines, '== neighbours', ...neighbours],
    ...['== listeners dns', ...listeners, '== own processes dns', ...own, ''],
  ].join('\n')
}
const held = '/etc/keepalived/keepalived.conf:40:        10.2.1.5'
const vipThere = (where: string, why = '') =>
  at('vip', `${where}: take it away, keepalived alone sets the virtual IP${why}`)
const sets = (place: string) => vipThere(`${place} sets 10.2.1.5`)
const onEth0 = (prefix: number, device = 'eth0') =>
  vipThere(`10.2.1.5/${prefix} is on ${device}, and keepalived.conf does not set it there`)
const listening = (address: string, who = 'dnsmasq') =>
  `udp UNCONN 0      0      ${address}:53 0.0.0.0:* users:(("${who}",pid=812,fd=4),("${who}",pid=813,fd=4))`
const taken = at(
  'port',
  'port 53 is taken on this host by dnsmasq (pid 812), which is not of named.service: stop it for good',
)
const second = (use: string) =>
  at('second', `eth1 is in use already: ${use}. Take that away, or name another interface`)
const comesIn = (address: string) => `this connection comes in by ${address}`

const shown: [name: string, level: Level, shown: Shown, ...said: string[]][] = [
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
  // The virtual IP
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
        '/etc/netplan/a.yaml:9:      addresses: [10.2.1.2/24] # not 10.2.1.5/24',
        '/etc/network/interfaces:11:  up ip route add 10.9.0.0/16 via 10.2.1.5',
        '/etc/network/interfaces:12:  up ip rule add to 10.2.1.5 lookup 100',
        '/etc/network/interfaces:13:  down ip addr del 10.2.1.5/24 dev eth0',
        '/etc/NetworkManager/system-connections/x.nmconnection:8:dns=10.2.1.5;',
        '/etc/NetworkManager/system-connections/x.nmconnection:9:address1=10.2.1.2/24,10.2.1.5',
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
  test(`table: ${name}`, () => assert.is(said(print(state), level, state.facts), expected.join('\n')))
}

test('two hosts that lead to one machine: the second is refused; clones and containers are machines of their own', () => {
  const take = oneHostAMachine(inventory.place)
  take('ns1', { bootId: 'a', machineId: 'x' })
  // Planned again, since another run has changed it.
  take('ns1', { bootId: 'a', machineId: 'x' })
  take('clone', { bootId: 'b', machineId: 'x' })
  take('container', { bootId: 'a', machineId: 'y' })
  assert.throws(
    () => take('ns2', { bootId: 'a', machineId: 'x' }),
    `${file}:6:3 hosts.ns2.ssh.host: leads to the same machine as ns1 (boot id a)`,
  )
})

test.run()
