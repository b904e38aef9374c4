// Broken inventories, as in broken.mts: hosts, the ways to them, and what does not go together.
import { cluster, host, hostWords, network, networkWords, ns1, smallest, vip } from './samples.mts'

const groupWords = 'a name of at most 31 lower-case letters, digits, "_" and "-" that begins with a letter'
const membersWords = 'a list of names from `hosts`, each once'
/** With ".load.balance" one character too many. */
const longName = `${'ab.'.repeat(58)}abc`

export const brokenHosts: [text: string, ...messages: string[]][] = [
  // Hosts
  [smallest.replace(/ {2}ns2.*\n/, ''), '4:1 hosts: must be a map of 2 to 253 hosts, got a map of 1'],
  [
    host('"1; reboot": { address: 5.5 }'),
    `5:3 hosts: each key must be ${hostWords}, got "1; reboot"`,
    '5:27 hosts["1…"].address: must be an IPv4 address, got 5.5',
  ],
  [host('ns1.example.org: {}'), '5:3 hosts["ns1.example.org"].address: is missing; it must be an IPv4 address'],
  [host('ns1:'), '5:3 hosts.ns1: must be a map, got nothing'],
  [host('ns1: 10.2.1.2'), '5:8 hosts.ns1: must be a map, got text of 8 characters'],
  [host('NS2: { address: 10.2.1.2 }'), '6:3 hosts.ns2: must differ from hosts.NS2, which is "ns2"'],
  [ns1('adress: 10.2.1.2'), '5:29 hosts.ns1: unknown key "adress" (did you mean "address"?)'],
  [ns1('priority: 255'), '5:39 hosts.ns1.priority: must be a whole number from 2 to 254, got 255'],
  [ns1('priority: 1'), '5:39 hosts.ns1.priority: must be a whole number from 2 to 254, got 1'],
  [
    ns1('identity: "a b"'),
    '5:39 hosts.ns1.identity: must be text of at most 63 letters, digits, "_", "." and "-", got "a b"',
  ],
  [ns1('second: { interface: eth2 }'), '5:29 hosts.ns1.second.address: is missing; it must be an IPv4 address'],
  [
    ns1('ssh: { host: -oProxyCommand=x, port: 70000, key: x }'),
    '5:42 hosts.ns1.ssh.host: must be a host name, an address or a Host of the OpenSSH configuration, got "-oProxyCommand=x"',
    '5:66 hosts.ns1.ssh.port: must be a whole number from 1 to 65535, got 70000',
    '5:73 hosts.ns1.ssh: unknown key "key"',
  ],
  [`${smallest}groups: [web]\n`, '7:9 groups: must be a map of groups, got a list'],
  [`${smallest}groups: { Web: { hosts: [] } }\n`, `7:11 groups: each key must be ${groupWords}, got "Web"`],
  [
    `${smallest}groups: { web: { vars: 1 }, dns: { host: [ns1] } }\n`,
    `7:11 groups.web.hosts: is missing; it must be ${membersWords}`,
    '7:24 groups.web.vars: must be a map, got a number',
    `7:29 groups.dns.hosts: is missing; it must be ${membersWords}`,
    '7:36 groups.dns: unknown key "host" (did you mean "hosts"?)',
  ],
  [
    `${smallest}groups:\n  web: { hosts: ns1 }\n  dns: { hosts: [ns1, 5, ns1] }\n`,
    `8:17 groups.web.hosts: must be ${membersWords}, got "ns1"`,
    `9:17 groups.dns.hosts: must be ${membersWords}, got a list`,
    `9:23 groups.dns.hosts[1]: must be ${hostWords}, got 5; put it in quotes`,
  ],
  [
    `${smallest}groups:\n  web:\n    hosts: [ns1, ns3, NS2]\n  dns: { hosts: [mail] }\n`,
    '9:18 groups.web.hosts[1]: must be one of the hosts, got "ns3" (did you mean "ns1"?)',
    '9:23 groups.web.hosts[2]: must be one of the hosts, got "NS2" (did you mean "ns2"?)',
    '10:18 groups.dns.hosts[0]: must be one of the hosts, got "mail"',
  ],
  [`${smallest}clients: { c: {} }\n`, '7:12 clients.c.ssh: is missing; it must be a map'],
  [
    `${smallest}clients: { c: { ssh: {} } }\n`,
    '7:17 clients.c.ssh.host: is missing; it must be a host name, an address or a Host of the OpenSSH configuration',
  ],
  [`ssh: { config: "a\\nb" }\n${smallest}`, '1:16 ssh.config: must be a path, got "a\\nb"'],
  // What does not go together
  [vip('10.2.2.5'), '2:8 cluster.vip: must be in cluster.network 10.2.1.0/24, got "10.2.2.5"'],
  [
    vip('10.2.1.255'),
    '2:8 cluster.vip: must be the address of a host, but in 10.2.1.0/24 10.2.1.255 means all of its hosts (broadcast)',
  ],
  [
    vip('10.2.1.64').replace('0/24', '64/29').replace('1.2 ', '1.66 ').replace('1.3 ', '1.67 '),
    '2:8 cluster.vip: must be the address of a host, but in 10.2.1.64/29 10.2.1.64 means the network itself',
  ],
  [vip('10.2.1.2'), '5:19 hosts.ns1.address: must differ from cluster.vip, which is "10.2.1.2"'],
  [vip('10.2.1.1'), '2:8 cluster.vip: must differ from cluster.gateway, which is "10.2.1.1" by default'],
  [
    vip('&same 10.2.1.5').replace('10.2.1.3', '*same'),
    '6:19 hosts.ns2.address: must differ from cluster.vip, which is "10.2.1.5"',
  ],
  [
    vip('10.2.1.0').replace('1.0/24', '0.0/23'),
    '2:8 cluster.vip: ends in 0, so cluster.virtual_router_id has no default: give one from 1 to 255, got "10.2.1.0"',
  ],
  ...[
    ['127.1.0', '127.0.0.0/8 is for a host to reach itself'],
    ['0.2.1', '0.0.0.0/8 is for hosts that do not know their address yet'],
    ['169.254.1', '169.254.0.0/16 is for addresses that hosts give themselves'],
    ['224.2.1', '224.0.0.0/4 is for groups (multicast)'],
    ['250.2.1', '240.0.0.0/4 is for the future'],
  ].map(([start, why]): [text: string, message: string] => [
    smallest.replaceAll('10.2.1', start!),
    `3:12 cluster.network: must be a network of hosts, but ${why}, got "${start}.0/24"`,
  ]),
  [
    cluster('service: { health_zone: com }'),
    '4:27 cluster.service.health_zone: must have two labels or more: each node would answer for all names in "com"',
  ],
  [
    cluster('service: { health_name: a.bc }'),
    '4:27 cluster.service.health_name: must begin with a label of two characters or more, as keepalived wants it, got "a.bc"',
  ],
  [
    cluster(`service: { health_name: ${longName} }`),
    '4:27 cluster.service.health_name: must be shorter: with cluster.service.health_zone it has more than 189 characters',
  ],
  [
    cluster(`service: { health_zone: ${longName}.load.balance }`),
    '4:27 cluster.service.health_zone: must be shorter: with cluster.service.health_name it has more than 189 characters',
  ],
  [
    cluster('snmp: { source: 0.0.0.0/0 }'),
    '4:19 cluster.snmp.source: must be narrower with the community that everybody knows, got "0.0.0.0/0"; or give snmp.community',
  ],
  [
    cluster('routing_tables: { second: { number: 220 } }'),
    '4:39 cluster.routing_tables.second.number: must not be 220, which strongSwan uses',
  ],
  // Ways to machines
  [
    ns1('ssh: { host: 10.2.1.5 }'),
    '5:42 hosts.ns1.ssh.host: must be an address of its own, but "10.2.1.5" is cluster.vip, which is on one node at a time',
  ],
  [
    ns1('ssh: { host: 10.2.1.3 }'),
    '5:42 hosts.ns1.ssh.host: must be an address of its own, but "10.2.1.3" is hosts.ns2.address',
  ],
  [
    ns1('ssh: { host: 10.2.1.7 }').replace('1.3 ', '1.3, second: { address: 10.2.1.7 } '),
    '5:42 hosts.ns1.ssh.host: must be an address of its own, but "10.2.1.7" is hosts.ns2.second.address',
  ],
  [
    ns1('ssh: { host: a, port: 22 }').replace('1.3 ', '1.3, ssh: { host: a, port: 22 } '),
    '6:42 hosts.ns2.ssh.host: must lead to another machine than hosts.ns1.ssh.host, but both are "a"',
  ],
  [
    `${smallest}clients: { c: { ssh: { host: 10.2.1.2 } } }\n`,
    '7:30 clients.c.ssh.host: must be an address of its own, but "10.2.1.2" is hosts.ns1.address',
  ],
  [
    `${smallest}clients: { c: { ssh: { host: 10.2.1.5 } } }\n`,
    '7:30 clients.c.ssh.host: must be an address of its own, but "10.2.1.5" is cluster.vip, which is on one node at a time',
  ],
  [
    `${ns1('ssh: { host: a }')}clients: { c: { ssh: { host: a } } }\n`,
    '7:30 clients.c.ssh.host: must lead to another machine than hosts.ns1.ssh.host, but both are "a"',
  ],
  [cluster('gateway: 10.2.9.1'), '4:12 cluster.gateway: must be in cluster.network 10.2.1.0/24, got "10.2.9.1"'],
  [cluster('gateway: 10.2.1.3'), '7:19 hosts.ns2.address: must differ from cluster.gateway, which is "10.2.1.3"'],
  [
    host('ns1: { address: 10.2.1.3 }'),
    '6:19 hosts.ns2.address: must differ from hosts.ns1.address, which is "10.2.1.3"',
  ],
  [
    host('ns1: { address: 10.2.3.2 }'),
    '5:19 hosts.ns1.address: must be in cluster.network 10.2.1.0/24, got "10.2.3.2"',
  ],
  [
    ns1('second: { address: 10.2.1.3 }'),
    '6:19 hosts.ns2.address: must differ from hosts.ns1.second.address, which is "10.2.1.3"',
  ],
  [
    ns1('second: { address: 10.2.1.6, interface: eth0 }'),
    '5:69 hosts.ns1.second.interface: must differ from the interface of the first address, but both are "eth0"',
  ],
  [
    ns1('interface: eth1, second: { address: 10.2.1.6 }'),
    '5:46 hosts.ns1.second.interface: must differ from the interface of the first address, but both are "eth1"',
  ],
  [
    ns1('identity: nameserver-2'),
    '5:39 hosts.ns1.identity: must differ from hosts.ns2.identity, which is "nameserver-2" by default',
  ],
  [
    `${smallest}clients: { NS1: { ssh: { host: c } } }\n`,
    '7:12 clients.NS1: must differ from hosts.ns1, which is "ns1"',
  ],
  [
    ns1('priority: 50'),
    '5:39 hosts.ns1.priority: must equal hosts.ns2.priority, which is 100, got 50; they may differ only with cluster.preempt: true',
  ],
  [
    ns1('priority: 50').replace('1.3 ', '1.3, priority: 60 '),
    '6:39 hosts.ns2.priority: must equal hosts.ns1.priority, which is 50, got 60; they may differ only with cluster.preempt: true',
  ],
  [
    `${ns1('priority: 99')}`.replace('hosts:', '  preempt: true\nhosts:'),
    '6:39 hosts.ns1.priority: must differ from hosts.ns2.priority, which is 99 by default',
  ],
  [ns1('preempt_delay: 5'), '5:44 hosts.ns1.preempt_delay: has a meaning only with cluster.preempt: true'],
  [
    ns1('keepalived: { file: ["track_group x {", "}", "}"], instances: [] }'),
    '5:74 hosts.ns1.keepalived.file[2]: must be whole statements: } closes nothing: take it out, or look for a { that is missing above',
    '5:80 hosts.ns1.keepalived: unknown key "instances" (did you mean "instance"?)',
  ],
  [cluster('preempt_delay: 5'), '4:18 cluster.preempt_delay: has a meaning only with cluster.preempt: true'],
  [
    cluster('advert_int: 0.5'),
    '4:15 cluster.advert_int: must be whole seconds from 1 to 255 in VRRP version 2, got 0.5',
  ],
  [
    cluster(
      'instances: { a: { vip: 10.2.1.8, advert_int: 0.5 }, b: { vip: "2001:db8::9", virtual_router_id: 9, advert_int: 41 } }',
    ),
    '4:48 cluster.instances.a.advert_int: must be whole seconds from 1 to 255 in VRRP version 2, got 0.5',
    '4:114 cluster.instances.b.advert_int: must be from 0.01 to 40.95 seconds in steps of 0.01 in VRRP version 3, got 41',
  ],
  [
    cluster('vrrp_version: 3', 'advert_int: 0.125'),
    '5:15 cluster.advert_int: must be from 0.01 to 40.95 seconds in steps of 0.01 in VRRP version 3, got 0.125',
  ],
  [
    cluster('vrrp_version: 3', 'auth_pass: KPSjXfRG'),
    '5:14 cluster.auth_pass: must be left out with cluster.vrrp_version: 3, which has no password',
  ],
  [
    cluster('failover: quick', 'auth_pass: KPSjXfRG'),
    '5:14 cluster.auth_pass: must be left out with cluster.failover: quick, whose VRRP version 3 has no password',
  ],
  [
    cluster('failover: quik', 'bfd: { interval_ms: 5, multiplier: 1 }'),
    '4:13 cluster.failover: must be one of usual, quick, got "quik" (did you mean "quick"?)',
    '5:23 cluster.bfd.interval_ms: must be a whole number from 10 to 1000, got 5',
    '5:38 cluster.bfd.multiplier: must be a whole number from 2 to 50, got 1',
  ],
  [
    cluster('advert_int: 1.5'),
    '4:15 cluster.advert_int: must be whole seconds from 1 to 255 in VRRP version 2, got 1.5',
  ],
  [
    host('ns1: &both { address: 10.2.9.2 }').replace('{ address: 10.2.1.3 }', '*both'),
    '5:25 hosts.ns1.address: must be in cluster.network 10.2.1.0/24, got "10.2.9.2"',
    '5:25 hosts.ns2.address: must be in cluster.network 10.2.1.0/24, got "10.2.9.2"',
    '5:25 hosts.ns2.address: must differ from hosts.ns1.address, which is "10.2.9.2"',
  ],
  // Rules are left out where their values are wrong in themselves, and kept where they are right.
  [
    vip('x').replace('10.2.1.3', '10.2.1.2'),
    '2:8 cluster.vip: must be an IPv4 address, got "x"',
    '6:19 hosts.ns2.address: must differ from hosts.ns1.address, which is "10.2.1.2"',
  ],
  [network('x').replace('10.2.1.3', '10.2.9.3'), `3:12 cluster.network: must be ${networkWords}, got "x"`],
  [
    ns1('priority: 50').replace('1.3 ', '1.3, priority: 60 ').replace('hosts:', '  preempt: 1\nhosts:'),
    '4:12 cluster.preempt: must be true or false, got 1',
  ],
  [
    host('ns1: 1')
      .replace('ns2:', 'ns2: { address: 10.2.1.4 }\n  ns3:')
      .replace('1.3 ', '1.3, identity: nameserver-1 '),
    '5:8 hosts.ns1: must be a map, got a number',
  ],
  [vip('10.2.1.1').replace('hosts:', '  gateway: x\nhosts:'), '4:12 cluster.gateway: must be an IPv4 address, got "x"'],
  [
    host(`n${longName}.${longName}: { address: 10.2.1.2 }`),
    `5:3 hosts: each key must be ${hostWords}, got "n${longName.slice(0, 59)}…"`,
  ],
  [
    host('ns_1: { address: 10.2.1.3 }'),
    `5:3 hosts: each key must be ${hostWords}, got "ns_1"`,
    '6:19 hosts.ns2.address: must differ from hosts.ns_1.address, which is "10.2.1.3"',
  ],
  [
    cluster('keepalived: { instance: ["track_x {"] }'),
    '4:27 cluster.keepalived.instance: must have a } for each {, and no other',
  ],
  [
    cluster('keepalived: { global: [a, "}"] }'),
    '4:25 cluster.keepalived.global: must have a } for each {, and no other',
  ],
  [
    cluster('keepalived: { file: ["track_group x {", "}", "}"] }'),
    '4:48 cluster.keepalived.file[2]: must be whole statements: } closes nothing: take it out, or look for a { that is missing above',
  ],
  [
    cluster("keepalived: { virtual_server: [a, 'b \"c'] }"),
    '4:37 cluster.keepalived.virtual_server[1]: must be whole statements: a " without an end: close it in the same line',
  ],
  [
    cluster('instances: { W: { vip: 10.2.1.8, keepalived: ["track_x {"] } }'),
    '4:48 cluster.instances.W.keepalived: must have a } for each {, and no other',
  ],
  [
    cluster('keepalived: { instance: ["a {", "virtual_server 10.2.1.5 53 {", "}"] }'),
    '4:35 cluster.keepalived.instance[1]: must be whole statements: a } is missing before virtual_server: instance is not closed',
  ],
  [
    cluster('routing: keepalived'),
    '4:12 cluster.routing: keepalived is refused: keepalived takes its static_routes away when it stops, while the service still answers for the others; use script',
  ],
  [
    cluster('routing_tables: { first: { number: 21 } }'),
    '4:38 cluster.routing_tables.first.number: must differ from cluster.routing_tables.second.number, which is 21 by default',
  ],
]
