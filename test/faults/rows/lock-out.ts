// Ways to cut the path that the playbook itself comes by. Most are refused before anything changes.
import { on } from '../../lab/cluster.ts'
import type { Row } from '../row.ts'

const when = 'before the run'
const level3 = 'playbooks/level3.mts'
const nothing = 'true'

/** An inventory that would lock its operator out. */
const refused = (fault: string, ends: RegExp, replace: Record<string, string>, ways?: Record<string, string>): Row => ({
  fault,
  when,
  damage: nothing,
  script: level3,
  inventory: { replace, ways },
  ends: [ends],
})

/** Something on ns1 that level 3 would take away with the way in. */
const inUse = (fault: string, script: string, undo: string, ends: RegExp, ways?: Record<string, string>): Row => ({
  ...refused(fault, ends, {}, ways),
  inject: () => on('ns1', script),
  heal: () => on('ns1', undo),
})

const worse = 'test/lab/worse.mts'
const cutOff = (fault: string, WORSE: string, BETTER: string, DONE: string): Row => ({
  fault,
  when: 'during the changes',
  script: worse,
  env: { WORSE, BETTER, DONE },
  ends: ['rolled back'],
})

const drop = '-p tcp --dport 22 -m conntrack --ctstate NEW -j DROP'
const foreign = `vrrp_instance OTHER {
  interface eth0
  virtual_router_id 77
  priority 90
  virtual_ipaddress {
    10.2.1.77
  }
}`

export const lockOut: Row[] = [
  refused('cluster.network wider than the network', /in 10\.2\.1\.0\/24: give the real network/, {
    'network: 10.2.1.0/24': 'network: 10.2.0.0/16\n  gateway: 10.2.1.1',
  }),
  inUse(
    'SSH by the second address',
    'ip link set eth1 up; ip address add 10.2.1.6/24 dev eth1',
    'ip address delete 10.2.1.6/24 dev eth1; ip link set eth1 down',
    /comes in by 10\.2\.1\.6 on eth1, whose answers level 3 sends through the virtual IP/,
    { ns1: '10.2.1.6' },
  ),
  refused(
    'SSH by the virtual IP',
    /10\.2\.1\.5, the virtual IP, which moves|leads to (ns2|the same machine as ns2)/,
    {},
    { ns1: '10.2.1.5' },
  ),
  inUse(
    'SSH by an address on lo',
    'ip address add 10.2.1.20/32 dev lo',
    'ip address delete 10.2.1.20/32 dev lo',
    /comes in by 10\.2\.1\.20 on lo, and no other interface answers for it/,
    { ns1: '10.2.1.20' },
  ),
  refused('the virtual IP is the router', /10\.2\.1\.1 is a router/, {
    'vip: 10.2.1.5': 'vip: 10.2.1.1\n  gateway: 10.2.1.254',
  }),
  refused("the virtual IP is another machine's", /10\.2\.1\.10 is in use already/, {
    'vip: 10.2.1.5': 'vip: 10.2.1.10',
  }),
  inUse(
    'the second interface is a port of a bridge',
    'ip link add br9 type bridge; ip link set eth1 master br9',
    'ip link delete br9',
    /eth1 is in use already: it belongs to br9/,
  ),
  inUse(
    'the second interface has an IPv6 address',
    'ip link set eth1 up; ip address add 2001:db8::5/64 dev eth1',
    'ip address delete 2001:db8::5/64 dev eth1; ip link set eth1 down',
    /eth1 is in use already: it has address 2001:db8::5\/64/,
  ),
  refused('ssh.host of two nodes swapped', /leads to ns[12]/, {
    'ssh: { host: ns1 }': 'ssh: { host: NS }',
    'ssh: { host: ns2 }': 'ssh: { host: ns1 }',
    'ssh: { host: NS }': 'ssh: { host: ns2 }',
  }),
  refused('two nodes are one machine', /must lead to another machine/, { 'ssh: { host: ns2 }': 'ssh: { host: ns1 }' }),
  {
    fault: "keepalived.conf is another cluster's",
    when,
    damage: nothing,
    inject: () => on('ns1', `cd /etc/keepalived; cp -a keepalived.conf /root/ours; echo '${foreign}' >keepalived.conf`),
    heal: () => on('ns1', 'mv /root/ours /etc/keepalived/keepalived.conf'),
    // On the holder of the virtual IP, that is what stands out.
    ends: [/--take-over|keepalived alone sets the virtual IP/],
  },
  cutOff(
    'a rule that drops new connections by SSH',
    `iptables -I INPUT ${drop}`,
    `iptables -D INPUT ${drop}`,
    `iptables -C INPUT ${drop} 2>/dev/null`,
  ),
  cutOff(
    'the address of SSH is taken away',
    'ip address flush dev mgmt0 scope global',
    'networkctl reconfigure mgmt0',
    '! ip -o -4 address show dev mgmt0 | grep -q .',
  ),
  {
    fault: 'an address that others have put on the second interface',
    when,
    level: 3,
    inject: () => on('ns1', 'ip address add 192.168.9.5/24 dev eth1'),
    heal: () => on('ns1', 'ip address delete 192.168.9.5/24 dev eth1'),
    ends: ['healthy'],
  },
]
