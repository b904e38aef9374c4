// Packet filters of others, told apart by trying: real rules and real packets in a network namespace.
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserError } from '../engine/base/errors.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { type Task, tasksOf, flatten } from '../engine/runner/task.ts'
import type { Level } from '../inventory/levels.ts'
import { allowAnswers, allowSync, allowVrrp, firewall, snat } from '../tasks/cluster/firewall.ts'
import { untracked } from '../tasks/cluster/untracked.ts'
import { restored } from '../tasks/os/firewall/iptables.ts'
import { packetsPass } from '../tasks/os/firewall/trial.ts'
import { targetOf } from '../tasks/target.ts'
import { begun } from './begun.ts'
import { inventoryOf } from './variants.ts'

const inventory = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  ns1: { address: 10.2.1.2, second: { interface: eth1, address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { interface: eth1, address: 10.2.1.7 } }
`)
const facts = parseFacts('ids=debian\nos=Debian\ninit=systemd\n')
const target = targetOf(inventory, inventory.hosts[0]!, facts)
const rules = { 1: [allowVrrp], 2: [allowVrrp, allowAnswers, snat], 3: [allowVrrp, allowSync, allowAnswers, untracked] }

/** The first interface of the same hosts is a bridge. */
const onBridge = { ...target, host: { ...target.host, interface: 'br0' } }

const trial = (level: Level, of = target): Task => tasksOf(flatten(firewall(of, level, ...rules[level])))[0]!

/** A host with rules of ebtables-legacy, which kernels of today lack: what its own program prints of them by `--Lx`. */
const ebtablesLegacy = (...printed: string[]) => `mount -t tmpfs none /sys/module; mkdir /sys/module/ebtable_filter
mkdir /run/bin; PATH=/run/bin:$PATH
cat >/run/bin/ebtables-legacy <<'END'
#!/bin/sh
grep "^ebtables -t $2 " <<'RULES' || true
${printed.map((one) => `ebtables -t ${one}`).join('\n')}
RULES
END
chmod 755 /run/bin/ebtables-legacy`

/** Normal users have no nft and iptables in their PATH. */
const sbin = 'PATH=$PATH:/usr/sbin:/sbin'

/** @returns what a probe prints on a host with these rules */
async function printed(probe: Script, theirs: string): Promise<string> {
  const script = `${sbin}; set -e; mount -t tmpfs none /run; ${theirs}\nset +e\n${probe.text}`
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script],
    { encoding: 'utf8', timeout: 60_000 },
  )
  return stdout
}

/** @returns what is said of a host with these rules, or nothing where all packets pass */
async function refusal(level: Level, theirs: string, of = target): Promise<string> {
  const { probe, plan } = trial(level, theirs.startsWith(bridged) ? onBridge : of)
  const text = await printed(probe, theirs)
  try {
    assert.equal(plan({ text, code: 0 }, { changes: () => false }), { unchanged: true })
    return ''
  } catch (error) {
    return (error as UserError).message
  }
}

/** A table with a chain on a hook. */
const inet = (hook: string, policy: string, ...statements: string[]) => `nft -f - <<'END'
table inet theirs {
  chain ${hook} { type filter hook ${hook} priority 0; policy ${policy};
    ${statements.join('\n    ')}
  }
}
END`

/** Statements that let the service in for one of the node's addresses alone, and its answers out. */
const only = (address: string) => `ip daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`
const outOnly = (address: string) => `ip saddr ${address} meta l4proto { tcp, udp } th sport 53 accept`
/** br0 with the port eth0, and a table of bridges with a chain on a hook. */
const bridged = 'ip link add br0 type bridge; ip link add eth0 type veth; ip link set eth0 master br0'
const bridge = (hook: string, policy: string, ...statements: string[]) =>
  `${bridged}\n${inet(hook, policy, ...statements).replace('inet', 'bridge')}`
const known = ['ct state established,related accept', 'ct state invalid drop', 'ip protocol vrrp accept']
const nat = (rule: string) => `nft -f - <<'END'
table ip theirs {
  chain out { type nat hook postrouting priority 100; ${rule}; }
}
END`

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
]
for (const [name, level, theirs] of passing) {
  const said = begun(() => refusal(level, theirs))
  test(`level ${level}, passes: ${name}`, async () => assert.is(await said(), ''))
}

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

test('the rules of the host are only read', () => {
  const { probe } = trial(3)
  const show = 'nft list ruleset; iptables-save | grep -v "^#"; ip -br link; ls /run'
  const script = `${sbin}; set -e; mount -t tmpfs none /run; iptables -P FORWARD DROP; ${inet('input', 'drop')}
(${show}) >/dev/null; (${show}) >/run/before; set +e
    (${probe.text}) >/dev/null; (${show}) | diff - /run/before`
  execFileSync(
    'unshare',
    ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script],
    { timeout: 60_000 },
  )
})

test('with a virtual MAC, questions come in by its interface', async () => {
  const vmac = { ...target, cluster: { ...target.cluster, vmac: true } }
  const by = (device: string) =>
    inet('input', 'drop', 'ip protocol vrrp accept', `iifname "${device}" meta l4proto { tcp, udp } th dport 53 accept`)
  assert.is(await refusal(1, 'true', vmac), '')
  assert.match(
    await refusal(1, by('eth0'), vmac),
    /^a question by UDP to 10.2.1.5 does not get through: the nftables chain inet theirs input stops it/,
  )
  assert.is(await refusal(1, by('{ eth0, vrrp.5 }').replaceAll('"', ''), vmac), '')
  // Where neighbours may not ask the node itself, nobody says that they may ask here.
  assert.is(await refusal(1, inet('input', 'drop', 'ip protocol vrrp accept'), vmac), '')
})

test('with AH, adverts are tried as they are then, and their name is told', async () => {
  const ah = { ...target, cluster: { ...target.cluster, auth_type: 'AH' as const } }
  assert.is(await refusal(1, inet('input', 'drop', 'ip protocol ah accept'), ah), '')
  assert.match(
    await refusal(1, inet('input', 'drop', 'ip protocol vrrp accept'), ah),
    /^VRRP from ns2 does not get through: .*: nft insert rule inet theirs input ip protocol ah accept$/,
  )
})

test('a real server in another network, where the router of the others is not: questions come to it', async () => {
  const beyond = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director }
  web: { address: 192.168.7.22, role: real_server }
`)
  const [lb1, , web] = beyond.hosts.map((host) => targetOf(beyond, host, facts))
  const ports = 'meta l4proto { tcp, udp } th dport 53 accept'
  assert.is(await refusal(2, 'true', web), '')
  assert.is(await refusal(2, inet('input', 'drop', ports), web), '')
  assert.match(await refusal(2, inet('input', 'drop'), web), /^UDP port 53 for the checks of lb1 does not get through/)
  assert.match(
    await refusal(2, inet('output', 'drop', 'ip daddr 10.2.1.0/24 accept', 'ip daddr 224.0.0.18 accept'), lb1),
    /^checks of web by UDP does not get through/,
  )
})

const wire = { device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }

test('an address is held for its packet alone: packets from it come in again', async () => {
  const question = { direction: 'in', protocol: 'udp', fromPort: 50000, toPort: 53 } as const
  const holding = { address: '10.2.1.5', like: '10.2.1.2' }
  const packets = [
    { ...question, what: 'a question to it', from: '10.2.1.3', to: '10.2.1.5', holding },
    { ...question, what: 'a question from it', from: '10.2.1.5', to: '10.2.1.2' },
  ]
  const { probe } = packetsPass([{ ...wire, packets }], sh`true`)
  assert.is(await printed(probe, 'true'), 'pass\npass\n')
})

test('rules that iptables can not set are told in its words', async () => {
  const rules = ['*filter', '-I INPUT 1 -p udp -j ACCEPT', '-I INPUT 1 -p udp --nonsense 1 -j ACCEPT', 'COMMIT']
  const { probe, plan } = packetsPass([wire], restored(rules.join('\n')))
  const text = await printed(probe, 'true')
  assert.throws(
    () => plan({ text, code: 0 }, { changes: () => false }),
    /^iptables can not set the cluster's rules: .*unknown option "--nonsense"/,
  )
})

test('a host where it can not be tried is told as such', () => {
  const { plan } = trial(1)
  assert.equal(plan({ text: 'untried=there is no perl\n', code: 0 }, { changes: () => false }), {
    unchanged: true,
    why: 'it could not be tried: there is no perl',
  })
})

test.run()
