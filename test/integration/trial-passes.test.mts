// Packet filters of others that let the cluster's packets through, told by trying: real rules and real packets.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Level } from '../../inventory/levels.ts'
import { begun } from './begun.ts'
import { arp, bridge, bridged, ebtablesLegacy, inet, known, nat, only, owned, refusal } from './trial-host.ts'

const passing: [name: string, level: Level, theirs: string][] = [
  ['no rules', 3, ''],
  [
    'iptables that let nothing in and forward nothing',
    3,
    'for chain in INPUT OUTPUT FORWARD; do iptables -P $chain DROP; done; iptables -A INPUT -p udp --dport 53 -j ACCEPT; iptables -A INPUT -p tcp --dport 53 -j ACCEPT; iptables -A OUTPUT -p udp --dport 53 -j ACCEPT; iptables -A OUTPUT -p tcp --dport 53 -j ACCEPT; iptables -A OUTPUT -p udp --sport 53 -j ACCEPT',
  ],
  ['a default that forwards nothing, as of Docker', 2, 'iptables -P FORWARD DROP'],
  ['nftables by the name of the protocol', 1, inet('input', 'drop', 'ip protocol vrrp accept')],
  ['nftables by its number', 1, inet('input', 'drop', 'meta l4proto 112 accept')],
  ['nftables by the group', 1, inet('input', 'drop', 'ip daddr 224.0.0.0/4 accept')],
  ['nftables by the neighbours', 1, inet('input', 'drop', 'ip saddr 10.2.1.0/24 accept')],
  ['nftables by the interface', 1, inet('input', 'drop', 'iifname "eth0" accept')],
  [
    'nftables with a set',
    1,
    `${inet('input', 'drop')}\nnft add set inet theirs ok '{ type ipv4_addr; elements = { 10.2.1.3 }; }'\nnft add rule inet theirs input ip saddr @ok accept`,
  ],
  ['a rule that drops something else', 1, inet('input', 'accept', 'udp dport 9999 drop', 'ip saddr 10.9.9.9 drop')],
  [
    'a drop before a rule of ours, which the run moves to the top',
    1,
    'iptables -A INPUT -p 112 -j DROP; iptables -A INPUT -p 112 -m comment --comment keepalived-playbooks-vrrp-in -i eth0 -d 224.0.0.18/32 -j ACCEPT',
  ],
  [
    'addresses that are translated, by iptables',
    2,
    'iptables -t nat -A POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.5',
  ],
  ['addresses of containers that are translated, by nftables', 3, nat('ip saddr 172.17.0.0/16 masquerade')],
  [
    'a table of iptables for translation that nft can not read back',
    2,
    'iptables -t nat -A POSTROUTING -m addrtype --src-type LOCAL -m statistic --mode random --probability 0.5 -j RETURN',
  ],
  [
    'IPv6 that is closed',
    3,
    `nft add table ip6 theirs; nft add chain ip6 theirs input '{ type filter hook input priority 0; policy drop; }'`,
  ],
  ['a forward chain that knows connections', 2, inet('forward', 'drop', 'ct state established,related accept')],
  [
    'an input chain that knows connections, and lets any question in',
    3,
    inet('input', 'drop', ...known, 'udp dport { 53, 8848 } accept', 'tcp dport 53 accept'),
  ],
  [
    'a forward chain that lets any answer pass',
    3,
    inet('forward', 'drop', ...known, 'meta l4proto { tcp, udp } th sport 53 accept'),
  ],
  [
    'an interface by its number, which is no one’s in the copy',
    1,
    `ip link add wan0 type veth\n${inet('input', 'drop', 'iif "wan0" accept', 'iif "lo" accept', 'ip protocol vrrp accept')}`,
  ],
  [
    'input and output that know connections',
    2,
    `${inet('input', 'drop', 'ct state established,related accept', 'ip protocol vrrp accept', 'udp dport { 53, 8848 } accept', 'tcp dport 53 accept')}
${inet('output', 'drop', 'ct state established,related accept', 'ip protocol vrrp accept', 'udp dport { 53, 8848 } accept', 'tcp dport 53 accept').replace('theirs', 'theirs2')}`,
  ],
  [
    'a chain of others that translates what it has marked',
    3,
    'iptables -t nat -N KUBE; iptables -t nat -A POSTROUTING -j KUBE; iptables -t nat -A KUBE -m mark ! --mark 0x4000/0x4000 -j RETURN; iptables -t nat -A KUBE -j MASQUERADE',
  ],
  ['rules for the ports of a bridge that is none of ours', 1, bridge('input', 'drop').replace(bridged, '')],
  ['a bridge, whose rules let everything pass', 3, bridge('input', 'accept', 'ip daddr 224.0.0.9 drop')],
  ['a bridge, with rules for its ports', 1, bridge('input', 'drop', 'iifname "eth0" accept')],
  [
    'a bridge, with rules of ebtables-legacy for others',
    1,
    `${bridged}\n${ebtablesLegacy('filter -A INPUT -p IPv4 --ip-proto 89 -j DROP', 'filter -P FORWARD DROP')}`,
  ],
  ['ebtables-legacy, and no bridge of ours', 1, ebtablesLegacy('filter -P INPUT DROP')],
  ['a bridge, with rules for what goes through it', 2, bridge('forward', 'drop')],
  ['a bridge, with rules for itself', 1, `${bridged}\n${inet('input', 'drop', 'iifname "br0" accept')}`],
  [
    'clients of another network alone',
    1,
    inet('input', 'drop', 'ip protocol vrrp accept', 'ip saddr 192.168.0.0/16 udp dport 53 accept'),
  ],
  [
    'the service for both addresses',
    1,
    inet('input', 'drop', 'ip protocol vrrp accept', only('{ 10.2.1.2, 10.2.1.5 }')),
  ],
  ['first segments without a usual MSS', 2, 'iptables -A INPUT -p tcp --syn -m tcpmss ! --mss 536:65535 -j DROP'],
  ...[
    'udp dport 53 udp sport != 32768-60999 drop',
    'udp dport 8848 udp sport != 32768-60999 drop',
    'udp length < 17 drop',
    'udp checksum 0 drop',
    'tcp flags syn tcp option timestamp missing drop',
    'tcp dport 53 ip ttl > 64 drop',
    'ip protocol vrrp ip length < 40 drop',
  ].map((rule): (typeof passing)[number] => [`what no usual packet is: ${rule}`, 3, inet('input', 'accept', rule)]),
  [
    'at level 1, a service at another port of the node',
    1,
    nat('udp dport 53 redirect to :5353', 'prerouting priority -100'),
  ],
  [
    'that other port alone is open',
    1,
    `iptables -t nat -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353
iptables -A INPUT -p udp --dport 5353 -j ACCEPT; iptables -A INPUT -p tcp --dport 53 -j ACCEPT; iptables -P INPUT DROP`,
  ],
  [
    'at level 3, questions that connection tracking leaves alone',
    3,
    nat('udp dport 53 redirect to :5353', 'prerouting priority -100'),
  ],
  ['another port is sent elsewhere', 2, nat('udp dport 54 redirect to :5353', 'prerouting priority -100')],
  ['ARP for others', 1, arp('input', 'arp daddr ip 10.2.1.9 drop')],
  ['a table of a program that lets VRRP pass', 1, owned('policy accept;')],
]
for (const [name, level, theirs] of passing) {
  const said = begun(() => refusal(level, theirs))
  test(`level ${level}, passes: ${name}`, async () => assert.is(await said(), ''))
}

test.run()
