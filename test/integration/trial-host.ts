// Hosts with packet filters of others, in network namespaces, for tests of the trial of packets.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import * as assert from 'uvu/assert'
import type { UserError } from '../../engine/base/errors.ts'
import type { Script } from '../../engine/base/sh.ts'
import { parseFacts } from '../../engine/runner/facts.ts'
import { type Change, flatten, type Task, tasksOf, type Unchanged } from '../../engine/runner/task.ts'
import type { Level } from '../../inventory/levels.ts'
import { allowAnswers, allowSync, allowVrrp, firewall, snat } from '../../tasks/cluster/firewall.ts'
import { untracked } from '../../tasks/cluster/untracked.ts'
import { targetOf } from '../../tasks/target.ts'
import { inventoryOf } from '../variants.ts'

const inventory = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts:
  ns1: { address: 10.2.1.2, second: { interface: eth1, address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { interface: eth1, address: 10.2.1.7 } }
`)
export const facts = parseFacts('ids=debian\nos=Debian\ninit=systemd\n')
export const target = targetOf(inventory, inventory.hosts[0]!, facts)
const rules = { 1: [allowVrrp], 2: [allowVrrp, allowAnswers, snat], 3: [allowVrrp, allowSync, allowAnswers, untracked] }

/** The first interface of the same hosts is a bridge. */
const onBridge = { ...target, host: { ...target.host, interface: 'br0' } }

export const trial = (level: Level, of = target): Task => tasksOf(flatten(firewall(of, level, ...rules[level])))[0]!

/** A host with rules of ebtables-legacy, which kernels of today lack: what its own program prints of them by `--Lx`. */
export const ebtablesLegacy = (
  ...printed: string[]
) => `mount -t tmpfs none /sys/module; mkdir /sys/module/ebtable_filter
mkdir /run/bin; PATH=/run/bin:$PATH
cat >/run/bin/ebtables-legacy <<'END'
#!/bin/sh
grep "^ebtables -t $2 " <<'RULES' || true
${printed.map((one) => `ebtables -t ${one}`).join('\n')}
RULES
END
chmod 755 /run/bin/ebtables-legacy`

/** Normal users have no nft and iptables in their PATH. */
export const sbin = 'PATH=$PATH:/usr/sbin:/sbin'

/** @returns what a probe prints on a host with these rules */
export async function printed(probe: Script, theirs: string): Promise<string> {
  const script = `${sbin}; set -e; mount -t tmpfs none /run; ${theirs}\nset +e\n${probe.text}`
  const { stdout } = await promisify(execFile)(
    'unshare',
    ['--map-root-user', '--net', '--mount', '--pid', '--fork', '--kill-child', 'bash', '-c', script],
    { encoding: 'utf8', timeout: 60_000 },
  )
  return stdout
}

/** @returns what the task says of a host with these rules */
export async function judged(level: Level, theirs: string, of = target): Promise<Change | Unchanged> {
  const { probe, plan } = trial(level, theirs.startsWith(bridged) ? onBridge : of)
  return plan({ text: await printed(probe, theirs), code: 0 }, { changes: () => false })
}

/** @returns what is said of a host with these rules, or nothing where all packets pass */
export async function refusal(level: Level, theirs: string, of = target): Promise<string> {
  try {
    assert.equal(await judged(level, theirs, of), { unchanged: true })
    return ''
  } catch (error) {
    return (error as UserError).message
  }
}

/** A table with a chain on a hook. */
export const inet = (hook: string, policy: string, ...statements: string[]) => `nft -f - <<'END'
table inet theirs {
  chain ${hook} { type filter hook ${hook} priority 0; policy ${policy};
    ${statements.join('\n    ')}
  }
}
END`

/** Statements that let the service in for one of the node's addresses alone, and its answers out. */
export const only = (address: string) => `ip daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`
export const outOnly = (address: string) => `ip saddr ${address} meta l4proto { tcp, udp } th sport 53 accept`
/** br0 with the port eth0, and a table of bridges with a chain on a hook. */
export const bridged = 'ip link add br0 type bridge; ip link add eth0 type veth; ip link set eth0 master br0'
export const bridge = (hook: string, policy: string, ...statements: string[]) =>
  `${bridged}\n${inet(hook, policy, ...statements).replace('inet', 'bridge')}`
export const known = ['ct state established,related accept', 'ct state invalid drop', 'ip protocol vrrp accept']
export const nat = (rule: string, hook = 'postrouting priority 100') => `nft -f - <<'END'
table ip theirs {
  chain out { type nat hook ${hook}; ${rule}; }
}
END`
/** Rules as of Docker for a port that it publishes. */
export const docker = (protocol: string) => `iptables -P FORWARD DROP; iptables -t nat -N DOCKER
iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
iptables -t nat -A DOCKER ! -i docker0 -p ${protocol} --dport 53 -j DNAT --to-destination 172.17.0.2:53`
/** A table for ARP with a rule on a hook. */
export const arp = (hook: string, rule: string) => `nft -f - <<'END'
table arp theirs {
  chain ${hook} { type filter hook ${hook} priority 0; ${rule}; }
}
END`
/** A table of a program, which goes with it, and what its input chain is like. */
export const owned = (input: string) => `coproc nft -i 2>/dev/null
printf '%s\\n' 'add table inet theirs { flags owner; }' 'add chain inet theirs input { type filter hook input priority 0; ${input} }' >&"\${COPROC[1]}"
until nft list chain inet theirs input >/dev/null 2>&1; do sleep 0.05; done`
/** A program that listens to a queue of NFQUEUE: linux/netfilter/nfnetlink_queue.h. */
export const listening = (queue: number) => `perl -MSocket -e '
  socket(my $queues, 16, SOCK_RAW, 12) or die;
  send $queues, pack("L S S L L C C n S S C C n", 28, 0x302, 1, 0, 0, 0, 0, ${queue}, 8, 1, 1, 0, 0), 0;
  sleep 60' >/dev/null 2>&1 &
until grep -q . /proc/net/netfilter/nfnetlink_queue; do sleep 0.05; done`
export const queued = (queue: number) => `iptables -A INPUT -p udp --dport 53 -j NFQUEUE --queue-num ${queue}`
