// A host held against the inventory: what real interfaces, files and programs show, in namespaces of their own.
import { execFile, execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../../engine/base/sh.ts'
import { parseFound } from '../../tasks/cluster/as-described/found.ts'
import { port } from '../../tasks/cluster/as-described/port.ts'
import { asDescribed } from '../../tasks/cluster/as-described/task.ts'
import { virtualIp } from '../../tasks/cluster/as-described/virtual-ip.ts'
import { findConnection } from '../../tasks/cluster/connection.ts'
import { targetOf } from '../../tasks/target.ts'
import { begun } from './begun.ts'
import { at, folder, said, target } from '../described.ts'
import { inventoryOf } from '../variants.ts'

const probeFile = join(folder, 'probe.sh')
writeFileSync(probeFile, asDescribed(target(), 3).probe.text)
const known =
  'mkdir -p /etc/keepalived; printf "virtual_ipaddress {\\n    10.2.1.5\\n}\\n" >/etc/keepalived/keepalived.conf'
const listen = (address: string, port = 53, code = 'require("net").createServer().listen') => `
${process.execPath} -e '${code}(${port}, "${address}")' &
until ss -Hlntu src ${address}:${port} | grep -q .; do sleep 0.05; done`
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
async function onHost(setup: string, address = '10.2.1.2/24', probe = probeFile): Promise<string> {
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
bash ${probe}`
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
${listen('127.0.0.53', 53, 'require("dgram").createSocket("udp4").bind')}
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
  test(name, async () => assert.is(said(await printed(), 3).replace(/\S+ \(pid \d+\)/, 'P'), expected.join('\n')))
}

test('the port of a service that has one protocol', async () => {
  const web = '{ type: https, certificate: /etc/ssl/c.pem, key: /etc/ssl/k.pem }'
  const services = `http: { type: http }, https: ${web}, app: { type: tcp, port: 8080, unit: app }, old: { type: http, port: 81, managed: false }`
  const inventory = inventoryOf(
    `cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, services: { ${services} } }\nhosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }\n`,
  )
  const node = targetOf(inventory, inventory.hosts[0]!, target().facts)
  const probe = join(folder, 'services.sh')
  writeFileSync(probe, asDescribed(node, 1).probe.text)
  const setup = [80, 443, 8080, 81].map((number) => listen('0.0.0.0', number)).join('\n')
  assert.equal(
    port(node, 1, parseFound(await onHost(`${known}; ${setup}`, undefined, probe))).map((why) =>
      why.replace(/.*: (port \d+) .*/, '$1'),
    ),
    ['port 80', 'port 443'],
  )
})

test('a virtual IP of IPv6: another node may have it already, and nobody else', async () => {
  const inventory = inventoryOf(
    `cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, instances: { six: { vip: "fd00:6::5", virtual_router_id: 6 } } }\nhosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }\n`,
  )
  const node = targetOf(inventory, inventory.hosts[0]!, target().facts)
  const probe = join(folder, 'six.sh')
  writeFileSync(probe, asDescribed(node, 1).probe.text)
  const found = async (...addresses: string[]) => {
    const setup = `ip address add fd00:6::2/64 dev eth0 nodad\n${neighbour(...addresses)}
in_it ip address add fd00:6::5/64 dev peer-eth0 nodad`
    return virtualIp(node, 1, parseFound(await onHost(setup, undefined, probe))).map((why) => why.replace(/^\S+ /, ''))
  }
  const why = 'fd00:6::5 is in use already: 02:00:00:00:00:99 answers for it, which is none of the other nodes'
  assert.equal([await found('10.2.1.3'), await found('10.2.1.9')], [[], [`cluster.instances.six.vip: ${why}`]])
})

test('the network is wider in the inventory than on the host', async () => {
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

test.run()
