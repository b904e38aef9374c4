// Packet filters of others that stop packets of the cluster, told by trying, with the rule that helps.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Level } from '../../inventory/levels.ts'
import { begun } from './begun.ts'
import {
  arp,
  bridge,
  bridged,
  docker,
  ebtablesLegacy,
  inet,
  known,
  nat,
  only,
  outOnly,
  owned,
  queued,
  refusal,
} from './trial-host.ts'

const dropped: [name: string, level: Level, theirs: string, said: RegExp][] = [
  [
    'policy drop',
    1,
    inet('input', 'drop'),
    /^VRRP from ns2 does not get through: the nftables chain inet theirs input .*policy drop.*: nft insert rule inet theirs input ip protocol vrrp accept$/,
  ],
  [
    'a last drop under policy accept',
    1,
    inet('input', 'accept', 'udp dport 53 accept', 'counter drop'),
    /chain inet theirs input .*drop/,
  ],
  [
    'a last reject',
    1,
    inet('input', 'accept', 'udp dport 53 accept', 'reject with icmpx type admin-prohibited'),
    /chain inet theirs input .*reject/,
  ],
  ['another interface may pass', 1, inet('input', 'drop', 'iifname { "lo", "docker0" } accept'), /VRRP from ns2/],
  ['another network may pass', 1, inet('input', 'drop', 'ip saddr 192.168.50.0/24 accept'), /VRRP from ns2/],
  [
    'another chain lets it pass',
    1,
    `${inet('input', 'drop')}\nnft add chain inet theirs forward '{ type filter hook forward priority 0; }'\nnft add rule inet theirs forward iifname "eth0" accept`,
    /VRRP from ns2/,
  ],
  ['multicast is dropped', 1, inet('input', 'accept', 'meta pkttype multicast drop'), /VRRP from ns2/],
  ['the group is dropped', 1, inet('input', 'accept', 'ip daddr 224.0.0.0/4 drop'), /VRRP from ns2/],
  ['VRRP is dropped by its name', 1, inet('input', 'accept', 'ip protocol vrrp drop'), /VRRP from ns2/],
  ['in the raw table', 1, 'iptables -t raw -A PREROUTING -p 112 -j DROP', /VRRP from ns2/],
  [
    'output',
    1,
    inet('output', 'drop', 'ip daddr 224.0.0.0/8 udp dport 53 accept'),
    /^VRRP to the other nodes .*insert rule inet theirs output ip protocol vrrp accept$/,
  ],
  [
    'iptables-legacy beside iptables-nft',
    1,
    'iptables-legacy -P INPUT DROP',
    /VRRP from ns2 .*iptables-legacy -I INPUT -p 112 -j ACCEPT$/,
  ],
  [
    'a chain of nft in a table of iptables',
    1,
    `nft add table ip filter; nft add chain ip filter input '{ type filter hook input priority 0; policy drop; }'`,
    /^VRRP from ns2 .*chain ip filter input/,
  ],
  [
    'sync',
    3,
    inet('input', 'drop', 'ip protocol vrrp accept', 'udp dport 53 accept', 'tcp dport 53 accept'),
    /^connection sync from ns2 .*udp dport 8848 accept$/,
  ],
  [
    'the checks of directors',
    2,
    inet('input', 'drop', 'ip protocol vrrp accept', 'udp dport 53 accept'),
    /^TCP port 53 for the checks of ns2 .*tcp dport 53 accept$/,
  ],
  [
    'forwarded answers',
    2,
    inet('forward', 'drop'),
    /^answers by UDP of ns2 to clients .*insert rule inet theirs forward udp sport 53 accept$/,
  ],
  [
    'questions that are no new connections to anybody',
    3,
    inet(
      'input',
      'drop',
      ...known,
      'udp dport 8848 accept',
      'meta l4proto { tcp, udp } th dport 53 ct state new accept',
    ),
    /^a question by UDP to 10\.2\.1\.5, without connection tracking, .*insert rule inet theirs input udp dport 53 accept$/,
  ],
  [
    'answers that leave and belong to no connection',
    3,
    inet('output', 'drop', ...known, 'udp dport { 53, 8848 } accept', 'tcp dport 53 accept'),
    /^answers by UDP from 10\.2\.1\.6 to the director .*insert rule inet theirs output udp sport 53 accept$/,
  ],
  [
    'answers that belong to no connection',
    3,
    inet('forward', 'drop', ...known),
    /^answers by UDP of ns2 to clients .*insert rule inet theirs forward udp sport 53 accept$/,
  ],
  [
    'another interface, by its number',
    1,
    `ip link add wan0 type veth\n${inet('input', 'drop', 'iif "wan0" accept')}`,
    /^VRRP from ns2 /,
  ],
  [
    'beside rules for IPv6 that nft can not read back',
    1,
    `${inet('input', 'drop')}\nip6tables -A INPUT -m rt --rt-type 0 -j DROP`,
    /^VRRP from ns2 /,
  ],
  [
    'at the device itself',
    1,
    `ip link add eth0 type veth\nnft -f - <<'END'
table netdev theirs {
  chain in { type filter hook ingress device "eth0" priority -500; ip daddr 224.0.0.0/4 drop; }
}
END`,
    /chain netdev theirs in stops it .*insert rule netdev theirs in ip protocol vrrp accept$/,
  ],
  [
    'a bridge drops VRRP',
    1,
    bridge('input', 'accept', 'ip protocol vrrp drop'),
    /^VRRP from ns2 .*chain bridge theirs input stops it .*: nft insert rule bridge theirs input ip protocol vrrp accept$/,
  ],
  [
    'a bridge drops VRRP by ebtables, beside a match of its own that nft does not read back',
    1,
    `${bridged}
ebtables-nft -A INPUT -p IPv4 --ip-proto 112 -j DROP
ebtables-nft -A INPUT -p ARP --arp-opcode 1 -j CONTINUE`,
    /^VRRP from ns2 .*the chain INPUT in the table filter of ebtables stops it .*: ebtables -t filter -I INPUT -p IPv4 --ip-proto 112 -j ACCEPT$/,
  ],
  [
    'a bridge drops the service by ebtables-legacy, in a chain of its own',
    2,
    `${bridged}\n${ebtablesLegacy(
      'nat -N mine',
      'nat -P mine RETURN',
      'nat -A PREROUTING -p IPv4 -j mine',
      'nat -A mine -p IPv4 --ip-proto udp --ip-dport 53 -j DROP ',
    )}`,
    /^UDP port 53 for the checks of ns2 .*the chain mine in the table nat of ebtables-legacy stops it .*: ebtables-legacy -t nat -I mine -p IPv4 --ip-proto udp --ip-dport 53 -j ACCEPT$/,
  ],
  [
    'a bridge lets nothing in by a policy of ebtables-legacy',
    1,
    `${bridged}\n${ebtablesLegacy('filter -P INPUT DROP')}`,
    /^VRRP from ns2 .*the chain INPUT in the table filter of ebtables-legacy stops it/,
  ],
  [
    'a bridge lets nothing out',
    1,
    bridge('output', 'drop'),
    /^VRRP to the other nodes .*chain bridge theirs output stops it /,
  ],
  [
    'a bridge drops the service',
    2,
    bridge('prerouting', 'accept', 'udp dport 53 drop'),
    /^UDP port 53 for the checks of ns2 .*chain bridge theirs prerouting .*udp dport 53 accept$/,
  ],
  [
    'a bridge, by rules for its port',
    1,
    `${bridged}\n${inet('input', 'drop', 'iifname "eth0" accept')}`,
    /^VRRP from ns2 .*chain inet theirs input stops it/,
  ],
  [
    'in a table of iptables',
    1,
    'iptables -t mangle -A INPUT -d 224.0.0.0/4 -j DROP',
    /chain INPUT in the table mangle of iptables stops it .*: iptables -t mangle -I INPUT -p 112 -j ACCEPT$/,
  ],
  [
    'in a table of iptables-legacy',
    1,
    'iptables-legacy -t raw -A PREROUTING -p 112 -j DROP',
    /iptables-legacy -t raw -I PREROUTING -p 112 -j ACCEPT$/,
  ],
  [
    'what directors send on, where nodes alone may ask',
    2,
    inet('input', 'drop', 'ip protocol vrrp accept', 'ip saddr { 10.2.1.2, 10.2.1.3 } accept'),
    /^clients' questions by UDP from the director to 10.2.1.2 .*udp dport 53 accept$/,
  ],
  ...([1, 2] as const).map((level): (typeof dropped)[number] => [
    "the service, but for the node's own address",
    level,
    inet('input', 'drop', 'ip protocol vrrp accept', 'udp dport 8848 accept', only('10.2.1.2')),
    /^a question by UDP to 10\.2\.1\.5 does not .*insert rule inet theirs input udp dport 53 accept$/,
  ]),
  [
    "the service by TCP, but for the node's own address",
    1,
    'iptables -A INPUT -p udp --dport 53 -j ACCEPT; iptables -A INPUT -p tcp -d 10.2.1.2 --dport 53 -j ACCEPT; iptables -P INPUT DROP',
    /^a question by TCP to 10\.2\.1\.5 does not .*: iptables -I INPUT -p tcp --dport 53 -j ACCEPT$/,
  ],
  [
    "answers, but of the node's own address",
    1,
    inet('output', 'drop', 'ip protocol vrrp accept', outOnly('10.2.1.2')),
    /^an answer by UDP from 10\.2\.1\.5 does not .*insert rule inet theirs output udp sport 53 accept$/,
  ],
  [
    'the second interface',
    3,
    inet('input', 'drop', 'iifname "eth0" accept'),
    /^clients' questions by UDP from the director to 10.2.1.6 .*udp dport 53 accept$/,
  ],
  [
    'answers by the second interface',
    3,
    inet('output', 'drop', 'oifname "eth0" accept'),
    /^answers by UDP from 10.2.1.6 to the director .*udp sport 53 accept$/,
  ],
  [
    'checks of others with another source, by nftables',
    2,
    nat('ip daddr 10.2.1.0/24 snat to 10.2.1.5'),
    /^checks of ns2 by UDP leaves with another source, 10.2.1.5 and not 10.2.1.2: the chain ip theirs out does that \(.*snat to 10.2.1.5.*\)\. Take it out/,
  ],
  [
    'clients with another source, by nftables',
    3,
    nat('oifname "eth0" masquerade'),
    /^clients' questions by UDP to ns2 leaves with another source, 10.2.1.2 .*chain ip theirs out .*masquerade/,
  ],
  [
    'clients with another source, by a chain of others in iptables',
    3,
    'iptables -t nat -N X; iptables -t nat -A POSTROUTING -o eth0 -j X; iptables -t nat -A X -j MASQUERADE',
    /^clients' questions by UDP to ns2 leaves with another source, 10.2.1.2 .*chain ip nat X /,
  ],
  [
    'clients with another source, by iptables-legacy beside iptables-nft',
    3,
    'iptables-legacy -t nat -A POSTROUTING -o eth0 -j MASQUERADE',
    /^clients' questions by UDP to ns2 leaves with another source, 10.2.1.2 .*a rule in nat does that/,
  ],
  [
    'a question is sent to another port, by iptables',
    2,
    'iptables -t nat -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353',
    /^a question by UDP to 10\.2\.1\.5 is sent to 10\.2\.1\.2:5353 and not to 10\.2\.1\.5: the chain ip nat PREROUTING does that \(.*redirect to :5353.*\)\. .* leaves 10\.2\.1\.5 alone$/,
  ],
  [
    'a question is sent to another port, by nftables',
    2,
    nat('udp dport 53 redirect to :5353', 'prerouting priority -100'),
    /^a question by UDP to 10\.2\.1\.5 is sent to 10\.2\.1\.2:5353 .*the chain ip theirs out does that/,
  ],
  [
    'a question is sent to another port, by iptables-legacy, whose rules are not traced',
    2,
    'iptables-legacy -t nat -A PREROUTING -p udp --dport 53 -j REDIRECT --to-ports 5353',
    /^a question by UDP .*the chain iptables-legacy nat PREROUTING does that \(-p udp .*-j REDIRECT --to-ports 5353\)/,
  ],
  ...['udp', 'tcp'].map((protocol): (typeof dropped)[number] => [
    `a question is sent to a container, by ${protocol}`,
    2,
    docker(protocol),
    /^a question by (UDP|TCP) to 10\.2\.1\.5 is sent elsewhere .*the chain ip nat DOCKER does that .*-p ADDRESS:PORT:PORT$/,
  ]),
  [
    'a question is sent to the host itself in vain',
    2,
    nat('ip daddr 10.2.1.5 udp dport 53 dnat to 127.0.0.1:5353', 'prerouting priority -100'),
    /^a question by UDP to 10\.2\.1\.5 is sent elsewhere .*the chain ip theirs out does that/,
  ],
  [
    'checks of others are sent to another host',
    2,
    'iptables -t nat -A OUTPUT -p udp --dport 53 -j DNAT --to-destination 10.2.1.77',
    /^checks of ns2 by UDP is sent elsewhere and not to 10\.2\.1\.3: the chain ip nat OUTPUT does that/,
  ],
  [
    'ARP for the virtual IP',
    1,
    arp('input', 'arp daddr ip 10.2.1.5 drop'),
    /^ARP for 10\.2\.1\.5 does not get through: the nftables chain arp theirs input stops it .*insert rule arp theirs input arp daddr ip 10\.2\.1\.5 accept$/,
  ],
  [
    'the answer to ARP for the virtual IP',
    1,
    arp('output', 'arp saddr ip 10.2.1.5 drop'),
    /^ARP for 10\.2\.1\.5 does not .*insert rule arp theirs output arp saddr ip 10\.2\.1\.5 accept$/,
  ],
  [
    'ARP, by arptables',
    1,
    'arptables-nft -A INPUT -d 10.2.1.5 -j DROP',
    /^ARP for 10\.2\.1\.5 .*the chain INPUT of arptables stops it .*: arptables -I INPUT -d 10\.2\.1\.5 -j ACCEPT$/,
  ],
  [
    'ARP, by arptables beside a target that nft does not read back',
    1,
    'arptables-nft -A OUTPUT -s 10.2.1.9 -j mangle --mangle-ip-s 10.2.1.2; arptables-nft -A OUTPUT -s 10.2.1.5 -j DROP',
    /^ARP for 10\.2\.1\.5 .*: arptables -I OUTPUT -s 10\.2\.1\.5 -j ACCEPT$/,
  ],
  [
    'ARP, by a bridge',
    1,
    bridge('input', 'accept', 'ether type arp drop'),
    /^ARP for 10\.2\.1\.2 .*insert rule bridge theirs input meta protocol arp accept$/,
  ],
  [
    'a table of a program',
    1,
    owned('policy drop;'),
    /^VRRP from ns2 .*chain inet theirs input stops it .* belongs to the program nft, which alone can change it: have it accept ip protocol vrrp$/,
  ],
  [
    'a program that does not listen',
    2,
    queued(3),
    /^UDP port 53 for the checks of ns2 .*the chain ip filter INPUT hands it to a program, and none listens \(.*queue num 3/,
  ],
  [
    'firewalld',
    1,
    inet('input', 'accept', 'tcp dport 22 accept', 'reject with icmpx admin-prohibited').replace('theirs', 'firewalld'),
    /zone of eth0: firewall-cmd --permanent --zone="\$\(firewall-cmd --get-zone-of-interface=eth0 .*\)" --add-protocol=vrrp/,
  ],
]
for (const [name, level, theirs, said] of dropped) {
  const refused = begun(() => refusal(level, theirs))
  test(`level ${level}, stopped: ${name}`, async () => assert.match(await refused(), said))
}

test.run()
