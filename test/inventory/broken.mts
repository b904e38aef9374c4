// Broken inventories, each with all that is said of it: `line:column message`, a line each. Keys, and kinds of values.
import { clusterSchema } from '../../inventory/schema-cluster.ts'
import { servicesSchema } from '../../inventory/schema-services.ts'
import { wording } from '../../inventory/wording.ts'
import { cluster, hostWords, network, networkWords, ns1, smallest, vip } from './samples.mts'

const nameWords = 'a name of at most 31 lower-case letters, digits and "-" that begins with a letter'
// Another service is no reason to change this file.
const serviceWords = wording(clusterSchema.properties.service.properties.type)
const oneOfServices = wording(servicesSchema.additionalProperties.properties.type)
const serviceNameWords = 'a name of at most 12 lower-case letters and digits that begins with a letter'
const interfaceWords = 'an interface name of at most 15 letters, digits, "_", "." and "-"'
const zoneWords = 'a DNS name of lower-case letters, digits, "-" and "."'
const octal = 'must not begin with 0, as not all read such a number as the same; text belongs in quotes'
const schedulers = 'rr, wrr, lc, wlc, lblc, sh, mh, dh, sed, nq'

export const broken: [text: string, ...messages: string[]][] = [
  // The text itself
  ['{', '1:1 YAML: this { is not closed: its } is missing, or too far to the left'],
  [vip('"10.2.1.5'), '2:8 YAML: this quote (") is not closed'],
  [vip("'10.2.1.5"), "2:8 YAML: this quote (') is not closed"],
  [smallest.replace('ns1:', '"ns1:'), '5:3 YAML: this quote (") is not closed'],
  [smallest.replace('2 }', '2'), '5:8 YAML: this { is not closed: its } is missing, or too far to the left'],
  [
    `${smallest}groups: { g: { hosts: [ns1, "ns2 } }\n`,
    '7:9 YAML: this { is not closed: its } is missing, or too far to the left',
    '7:14 YAML: this { is not closed: its } is missing, or too far to the left',
    '7:23 YAML: this [ is not closed: its ] is missing, or too far to the left',
    '7:29 YAML: this quote (") is not closed',
  ],
  [smallest.replace(' ns2', '\tns2'), '6:1 YAML: this line is not in line with the other keys of its map'],
  [cluster('name: a: b'), '4:9 YAML: a second colon in the line; quote the value if it has one'],
  [
    cluster('name: @a', 'interface: %a'),
    '4:9 YAML: Plain value cannot start with reserved character @',
    '5:14 YAML: Plain value cannot start with directive indicator character %',
  ],
  [`${smallest}---\n${smallest}`, '7:1 YAML: more than one document'],
  [`%NEW thing\n---\n${smallest}`, '1:1 YAML: an unknown directive'],
  [vip('!!binary 10.2.1.5'), '2:8 YAML: tags are not used here; quote a value that begins with "!"'],
  [`${smallest}client: *nobody\n`, '7:9 YAML: an alias (*) without an anchor (&) before it'],
  [
    `${smallest}ssh: &all { user: a }\nclients: { c: { ssh: { <<: *all } } }\n`,
    '8:24 YAML: merge keys (<<) are not used here; write the keys out, or let an alias (*) stand for a whole value. What hosts share goes into ssh at the top, or into vars of a group',
  ],
  [
    `${smallest}groups:\n  g:\n    hosts: [ns1]\n    vars:\n      <<: 1\n`,
    '11:7 YAML: merge keys (<<) are not used here; write the keys out, or let an alias (*) stand for a whole value. What hosts share goes into ssh at the top, or into vars of a group',
  ],
  [`${smallest}? { a: 1 }\n: 2\n`, '7:3 YAML: a key must be text, not a map, a list or an alias (*)'],
  [
    `${smallest.replace('ns2', '&a ns2')}groups: { *a : 1, [b]: 1 }\n`,
    '7:11 YAML: a key must be text, not a map, a list or an alias (*)',
    '7:19 YAML: a key must be text, not a map, a list or an alias (*)',
  ],
  ['- 1\n', '1:1 must be a map with the keys cluster and hosts, got a list'],
  ['vip = 10.2.1.5\n', '1:1 must be a map with the keys cluster and hosts, got text of 14 characters'],
  [
    `${smallest}cluster: {}\n`,
    '7:1 cluster: is there twice',
    '7:1 cluster.vip: is missing; it must be an IPv4 address',
    `7:1 cluster.network: is missing; it must be ${networkWords}`,
  ],
  [
    smallest.replace('ns2', 'ns1'),
    '4:1 hosts: must be a map of 2 to 253 hosts, got a map of 1',
    '6:3 hosts.ns1: is there twice',
  ],
  // Keys and kinds of values
  ['{}', '1:1 cluster: is missing; it must be a map', '1:1 hosts: is missing; it must be a map of 2 to 253 hosts'],
  [
    'hosts: 1\ncluster: dns\n',
    '1:8 hosts: must be a map of 2 to 253 hosts, got a number',
    '2:10 cluster: must be a map, got text of 3 characters',
  ],
  [`${smallest}vip: 1\n`, '7:1 unknown key "vip"'],
  [`${smallest}client: {}\n`, '7:1 unknown key "client" (did you mean "clients"?)'],
  [cluster('virtual_ruoter_id: 7'), '4:3 cluster: unknown key "virtual_ruoter_id" (did you mean "virtual_router_id"?)'],
  [`__proto__: { a: 1 }\n${smallest}`, '1:1 unknown key "__proto__"'],
  [cluster('name: DNS'), `4:9 cluster.name: must be ${nameWords}, got "DNS"`],
  [cluster('name: 5'), `4:9 cluster.name: must be ${nameWords}, got 5; put it in quotes`],
  [cluster('name: "\\x9b31m\\u202e"'), `4:9 cluster.name: must be ${nameWords}, got "\\u009b31m\\u202e"`],
  [cluster('name: "\\U000E0072"'), `4:9 cluster.name: must be ${nameWords}, got "\\udb40\\udc72"`],
  [cluster(`name: ${'a'.repeat(70)}`), `4:9 cluster.name: must be ${nameWords}, got "${'a'.repeat(60)}…"`],
  [vip('10.2.1'), '2:8 cluster.vip: must be an IPv4 address, got "10.2.1"'],
  [vip('10.2'), '2:8 cluster.vip: must be an IPv4 address, got 10.2'],
  [vip('10.02.1.5'), '2:8 cluster.vip: must be an IPv4 address, got "10.02.1.5"'],
  [vip(''), '2:3 cluster.vip: must be an IPv4 address, got nothing'],
  [vip('{ address: 10.2.1.5 }'), '2:3 cluster.vip: must be an IPv4 address, got a map of 1'],
  [smallest.replace(/ {2}vip.*\n/, ''), '1:1 cluster.vip: is missing; it must be an IPv4 address'],
  [network('10.2.1.0'), `3:12 cluster.network: must be ${networkWords}, got "10.2.1.0"`],
  [network('10.0.0.0/08'), `3:12 cluster.network: must be ${networkWords}, got "10.0.0.0/08"`],
  [cluster('vip_prefix: 024'), `4:15 cluster.vip_prefix: ${octal}`],
  [cluster('more_vips: [{ address: 10.2.1.7, prefix: 08 }]'), `4:44 cluster.more_vips[0].prefix: ${octal}`],
  [
    `${smallest}groups: { g: { hosts: [ns1], vars: { list: [1, [0, -07]] } } }\n`,
    `7:52 groups.g.vars.list[1][1]: ${octal}`,
  ],
  [network('10.2.1.0/30'), `3:12 cluster.network: must be ${networkWords}, got "10.2.1.0/30"`],
  [
    network('10.2.1.9/24'),
    '3:12 cluster.network: has host bits that are not zero (did you mean 10.2.1.0/24?), got "10.2.1.9/24"',
  ],
  [
    cluster('interface: averylonginterface'),
    `4:14 cluster.interface: must be ${interfaceWords}, got "averylonginterface"`,
  ],
  [cluster('interface: all'), '4:14 cluster.interface: must be an interface of the network, which "all" is not'],
  [
    ns1('second: { address: 10.2.1.6, interface: lo }'),
    '5:69 hosts.ns1.second.interface: must be an interface of the network, which "lo" is not',
  ],
  [cluster('interface: "eth0; reboot"'), `4:14 cluster.interface: must be ${interfaceWords}, got "eth0; reboot"`],
  [cluster('virtual_router_id: 256'), '4:22 cluster.virtual_router_id: must be a whole number from 1 to 255, got 256'],
  [cluster('virtual_router_id: 0.5'), '4:22 cluster.virtual_router_id: must be a whole number from 1 to 255, got 0.5'],
  [cluster('virtual_router_id: "5"'), '4:22 cluster.virtual_router_id: must be a whole number from 1 to 255, got "5"'],
  [cluster('advert_int: .inf'), '4:15 cluster.advert_int: must be a number from 0.01 to 255, got Infinity'],
  [cluster('vrrp_version: 4'), '4:17 cluster.vrrp_version: must be one of 2, 3, got 4'],
  [cluster('preempt: yes'), '4:12 cluster.preempt: must be true or false, got "yes"'],
  [cluster('startup_delay: -1'), '4:18 cluster.startup_delay: must be a whole number from 0 to 255, got -1'],
  [
    // Which other keys belong there is not known.
    cluster('service: { type: another, port: 0 }'),
    `4:20 cluster.service.type: must be ${serviceWords}, got "another"`,
  ],
  [cluster('service: { type: 80 }'), `4:20 cluster.service.type: must be ${serviceWords}, got 80; put it in quotes`],
  [
    cluster('service: { port: 0, helth_zone: a.b }'),
    '4:20 cluster.service.port: must be a whole number from 1 to 65535, got 0',
    '4:23 cluster.service: unknown key "helth_zone" (did you mean "health_zone"?)',
  ],
  [
    cluster('service: { type: https, key: site.key, health_zone: a.b, unit: apache2 }'),
    '4:3 cluster.service.certificate: is missing; it must be an absolute path of letters, digits, ".", "_", "/", "@", "+" and "-"',
    '4:32 cluster.service.key: must be an absolute path of letters, digits, ".", "_", "/", "@", "+" and "-", got "site.key"',
    '4:42 cluster.service: unknown key "health_zone"',
    '4:66 cluster.service.unit: must be nginx, unless managed is false, got "apache2"',
  ],
  [
    cluster('service: { type: tcp, unit: "a b", check: "true" }'),
    '4:3 cluster.service.port: is missing; it must be a whole number from 1 to 65535',
    '4:31 cluster.service.unit: must be the name of a systemd service, got "a b"',
    '4:45 cluster.service.check: must be an absolute path, and words after it, without quotes and what a shell heeds, got "true"',
  ],
  [cluster('service: { type: none, port: 80 }'), '4:26 cluster.service: unknown key "port"'],
  [cluster('services: {}'), '4:3 cluster.services: must be a map of 1 to 32 services, got a map of 0'],
  [
    cluster('service: { type: tcp, port: 1, check: /bin/true, health: { http: a, https: /, status: 99, digest: a } }'),
    '4:52 cluster.service.health: must be left out with check, which tells by itself',
    '4:68 cluster.service.health.http: must be a path of letters, digits and ".", "_", "~", "/", "?", "=", "&", "%", ":", "+", "," and "-" that begins with "/", got "a"',
    '4:78 cluster.service.health.https: must be left out with http',
    '4:89 cluster.service.health.status: must be a whole number from 100 to 599, got 99',
    '4:101 cluster.service.health.digest: must be 32 digits and letters from a to f, as genhash(1) prints them, got "a"',
  ],
  [
    cluster('service: { type: tcp, port: 1, check: /bin/true, health: { http: /, https: / } }'),
    '4:52 cluster.service.health: must be left out with check, which tells by itself',
    '4:78 cluster.service.health.https: must be left out with http',
  ],
  [
    cluster('services: { a: { type: tcp, port: 80, real_port: 81 }, b: { type: http, port: 81 } }'),
    '4:81 cluster.services.b.port: must differ from cluster.services.a.real_port, which is 81',
  ],
  [
    cluster(
      'more_vips: [10.2.1.8, 10.9.0.9]\n  services: { a: { type: http, hosts: [ns1, ns3, ns1], vips: [10.2.1.9, 10.9.0.9] }, b: { type: udp, port: 1, hosts: [ns1], vips: [] } }',
    ),
    '5:39 cluster.services.a.hosts: must be a list of at least one host, each once, got a list',
    '5:63 cluster.services.a.vips[0]: must be a virtual IP at which clients are served, which are 10.2.1.5, 10.2.1.8; got "10.2.1.9"',
    '5:73 cluster.services.a.vips[1]: must be a virtual IP at which clients are served, which are 10.2.1.5, 10.2.1.8; got "10.9.0.9"',
    '5:131 cluster.services.b.vips: must be a list of at least one virtual IP, each once, got a list',
  ],
  // A name that is wrong is told once: which was meant is unknown.
  [
    cluster(
      'services: { a: { type: http, hosts: [1], vips: [2] }, b: { type: http, hosts: [1], vips: [2] } }\n  balancing: { quorum: { weight: 2 } }',
    ),
    `4:40 cluster.services.a.hosts[0]: must be ${hostWords}, got 1; put it in quotes`,
    '4:51 cluster.services.a.vips[0]: must be an IPv4 address, got 2',
    `4:82 cluster.services.b.hosts[0]: must be ${hostWords}, got 1; put it in quotes`,
    '4:93 cluster.services.b.vips[0]: must be an IPv4 address, got 2',
  ],
  [
    cluster('services: { a: { type: http, hosts: [ns1, ns3] }, b: { type: udp, port: 1, hosts: [ns1] } }'),
    '4:45 cluster.services.a.hosts[1]: must be one of the hosts, got "ns3" (did you mean "ns1"?)',
    '7:3 hosts.ns2: serves nothing: name it in hosts of a service, or give it role: director',
  ],
  [
    cluster(
      'services: { a: { type: tcp, port: 1, hosts: [ns1], vips: [10.2.1.5] }, b: { type: tcp, port: 1, hosts: [ns1] } }',
    ),
    '4:96 cluster.services.b.port: must differ from cluster.services.a.port, which is 1',
    '7:3 hosts.ns2: serves nothing: name it in hosts of a service, or give it role: director',
  ],
  [
    cluster('balancing: { method: dr }\n  service: { type: tcp, port: 1, real_port: 2 }'),
    '5:45 cluster.service.real_port: must be left out with method: dr, which can not change ports',
  ],
  [
    cluster('services: { a: { type: tcp, port: 1, health: {} }, b: { type: udp, port: 1, health: { host: a } } }'),
    '4:40 cluster.services.a.health: must have at least one of port, dns, http and https',
    '4:95 cluster.services.b.health.host: has a meaning only with http or https',
  ],
  [
    cluster('service: { type: udp, port: 53, health: { dns: a.bc, record: PTR, https: /, host: a } }'),
    '4:50 cluster.service.health.dns: must begin with a label of two characters or more, as keepalived wants it, got "a.bc"',
    '4:64 cluster.service.health.record: must be one of A, AAAA, CNAME, MX, NS, SOA, TXT, got "PTR"',
    '4:76 cluster.service.health.https: must be left out with dns',
    '4:85 cluster.service.health.host: has a meaning only with http or https',
  ],
  [
    cluster('more_vips: ["fe80::5%eth0", "2001:db8::7", "2001:DB8:0:0::7", "::ffff:10.2.1.9"]'),
    '4:15 cluster.more_vips[0]: must be an IPv4 or IPv6 address; or a map with address, got "fe80::5%eth0"',
    '4:46 cluster.more_vips[2]: must differ from cluster.more_vips[1], which is "2001:db8::7"',
    '4:65 cluster.more_vips[3]: must be the address of a host, but "::ffff:10.2.1.9" is for addresses of IPv4',
  ],
  [
    cluster('more_vips: ["2001:db8::7"]').replace('10.2.1.3', '10.2.1.3, address6: 2001:db8:0::7'),
    '7:39 hosts.ns2.address6: must differ from cluster.more_vips[0], which is "2001:db8::7"',
  ],
  [
    cluster('balancing: { sorry_server: { address: 10.2.1.5 } }\n  mcast_group: 224.0.0.5'),
    '4:41 cluster.balancing.sorry_server.address: must be another address than cluster.vip, got "10.2.1.5"',
    '5:16 cluster.mcast_group: must be a group of this cluster, but "224.0.0.5" is for OSPF',
  ],
  [
    cluster('balancing: { sorry_server: { address: 0.0.0.0 } }\n  routing_tables: { first: { name: main } }'),
    '4:41 cluster.balancing.sorry_server.address: must be the address of a host, but "0.0.0.0" is for hosts that do not know their address yet',
    "5:36 cluster.routing_tables.first.name: must not be main, which means a table of the kernel's own",
  ],
  [
    cluster('snmp: {}\n  instances: { B: { vip: 10.2.1.9, virtual_router_id: 5, interface: eth1 } }').replace(
      'ns1: { ',
      'ns1: { interface: eth1, ssh: { host: "10.2.1.2:2222" }, ',
    ),
    '5:55 cluster.instances.B.virtual_router_id: must be another one than of cluster, got 5',
    '7:40 hosts.ns1.ssh.host: must be a name or an address; a port is ssh.port, got "10.2.1.2:2222"',
  ],
  // What is wrong is given all the same.
  [
    cluster('service: { type: udp, port: 53, health: { port: 70000, record: A } }'),
    '4:51 cluster.service.health.port: must be a whole number from 1 to 65535, got 70000',
    '4:66 cluster.service.health.record: has a meaning only with dns',
  ],
  [
    cluster('service: { type: tcp, port: 53, health: { port: 70000 } }'),
    '4:51 cluster.service.health.port: must be a whole number from 1 to 65535, got 70000',
  ],
  [
    cluster('checks: { names: { dns: example.org, port: 53 }, other: { dns: a_b } }'),
    '4:13 cluster.checks.names: must have one of command, process, port, url, dns, got port and dns',
    '4:66 cluster.checks.other.dns: must be a DNS name of lower-case letters, digits, "-" and ".", got "a_b"',
  ],
  [
    cluster('services: { Web: { type: http }, a-b: { type: http, port: 81 }, abcdefghijklm: { type: tcp, port: 1 } }'),
    `4:15 cluster.services: each key must be ${serviceNameWords}, got "Web"`,
    `4:36 cluster.services: each key must be ${serviceNameWords}, got "a-b"`,
    `4:67 cluster.services: each key must be ${serviceNameWords}, got "abcdefghijklm"`,
  ],
  [
    cluster('services: { a: {}, b: { type: none }, c: { type: udp, port: 0 }, d: { type: http, health_zone: a.b } }'),
    `4:15 cluster.services.a.type: is missing; it must be ${oneOfServices}`,
    `4:33 cluster.services.b.type: must be ${oneOfServices}, got "none"`,
    '4:63 cluster.services.c.port: must be a whole number from 1 to 65535, got 0',
    '4:85 cluster.services.d: unknown key "health_zone"',
  ],
  [
    cluster('service: { type: dns }', 'services: { web: { type: http } }'),
    '4:3 cluster.service: must be left out with cluster.services',
  ],
  [
    cluster(
      'services: { dns: { type: dns }, own: { type: dns, port: 54 }, a: { type: tcp, port: 53 }, b: { type: udp, port: 80 } }',
    ),
    '4:35 cluster.services.own: must not be dns: a host has one name server, which cluster.services.dns is',
    '4:87 cluster.services.a.port: must differ from cluster.services.dns.port, which is 53',
  ],
  [
    cluster('services: { web: { type: http }, old: { type: http }, b: { type: udp, port: 80 } }'),
    '4:36 cluster.services.old.port: must differ from cluster.services.web.port, which is 80',
  ],
  [
    cluster(
      'services: { a: { type: https, certificate: /a, key: /b, unit: apache2 }, b: { type: dns, health_zone: com } }',
    ),
    '4:65 cluster.services.a.unit: must be nginx, unless managed is false, got "apache2"',
    '4:105 cluster.services.b.health_zone: must have two labels or more: each node would answer for all names in "com"',
  ],
  [
    cluster('services: { web: { type: http } }', 'checks: { service_web: { port: 1 }, service_dns: { port: 1 } }'),
    '5:13 cluster.checks.service_web: must have another name: service_web is the check of cluster.services.web',
  ],
  [cluster('service: { health_zone: "a..b" }'), `4:27 cluster.service.health_zone: must be ${zoneWords}, got "a..b"`],
  [
    cluster(
      'checks: { service: { port: 80 }, a: { port: 80, url: "http://a/" }, b: {}, c: { command: "true; false" } }',
    ),
    '4:13 cluster.checks.service: must have another name: service is the check of cluster.service',
    '4:36 cluster.checks.a: must have one of command, process, port, url, dns, got port and url',
    '4:71 cluster.checks.b: must have one of command, process, port, url, dns, got none',
    '4:92 cluster.checks.c.command: must be an absolute path, and words after it, without quotes and what a shell heeds, got "true; false"',
  ],
  [
    cluster('checks: { a: { port: 80, hosts: [nss1, ns1] }, b: { port: 80, hosts: [] } }'),
    '4:36 cluster.checks.a.hosts[0]: must be one of the hosts, got "nss1" (did you mean "ns1"?)',
    '4:72 cluster.checks.b.hosts: must be a list of at least one host, each once, got a list',
  ],
  [
    cluster('track_interfaces: [eth1, { name: eth1, weight: -5 }, { name: "a b" }, 5]'),
    '4:28 cluster.track_interfaces[1]: must be another one, as "eth1" is there already',
    '4:56 cluster.track_interfaces[2].weight: is missing; it must be a whole number from -253 to 253',
    '4:64 cluster.track_interfaces[2].name: must be an interface name of at most 15 letters, digits, "_", "." and "-", got "a b"',
    '4:73 cluster.track_interfaces[3]: must be an interface name of at most 15 letters, digits, "_", "." and "-"; or a map with name and weight, got 5; put it in quotes',
  ],
  [
    cluster('mcast_group: 10.2.1.9\n  email: { to: [a@x.org], from: "b x", server: 10.2.1.999, port: 0 }'),
    '4:16 cluster.mcast_group: must be from 224.0.0.0 to 239.255.255.255, got "10.2.1.9"',
    '5:33 cluster.email.from: must be an e-mail address, or a user of the mail server, got "b x"',
    '5:48 cluster.email.server: must be an IPv4 address or a host name, got "10.2.1.999"',
    '5:66 cluster.email.port: must be a whole number from 1 to 65535, got 0',
  ],
  [
    cluster('unicast: true\n  mcast_src_ip: true'),
    '5:17 cluster.mcast_src_ip: must be left out with cluster.unicast: true, which has no multicast',
  ],
  [
    cluster('balancing: { quorum: { weight: 3 } }'),
    '4:34 cluster.balancing.quorum.weight: must be at most the weights of all real servers together, which are 2, got 3',
  ],
  [
    cluster('balancing: { method: dr, sorry_server: { address: 10.9.9.9, port: 80 } }'),
    '4:69 cluster.balancing.sorry_server.port: must be left out with method: dr, which can not change ports',
  ],
  [
    smallest.replaceAll(' }', ', role: director }'),
    '4:1 hosts: must have at least one that serves clients (role: real_server, or none)',
  ],
  [
    ns1('role: real_server, priority: 101'),
    '4:1 hosts: must have at least two that may hold the VIP (role: director, or none)',
    '5:58 hosts.ns1.priority: has a meaning only for hosts that may hold the VIP',
  ],
  [
    `${cluster('balancing: { method: tun, sorry_server: { address: 10.9.9.9, port: 80 } }')}  ns3: { address: 10.2.3.4 }\n`,
    '4:70 cluster.balancing.sorry_server.port: must be left out with method: tun, which can not change ports',
    '8:19 hosts.ns3.address: must be in cluster.network 10.2.1.0/24, got "10.2.3.4"',
  ],
  [
    `${cluster()}  ns3: { address: 224.0.0.18, role: real_server }\n`,
    '7:19 hosts.ns3.address: must be the address of a host, but "224.0.0.18" is for groups (multicast)',
  ],
  [ns1('email_from: a'), '5:41 hosts.ns1.email_from: has a meaning only with cluster.email'],
  [
    `${cluster('email: { to: [a], from: b, server: mail }')}  ns3: { address: 10.2.1.4, role: real_server, email_from: c, notify: { master: /a }, preempt_delay: 1, keepalived: { global: [a] } }\n`,
    '8:60 hosts.ns3.email_from: has a meaning only for hosts that may hold the VIP',
    '8:63 hosts.ns3.notify: has a meaning only for hosts that may hold the VIP',
    '8:102 hosts.ns3.preempt_delay: has a meaning only for hosts that may hold the VIP',
    '8:105 hosts.ns3.keepalived: has a meaning only for hosts that may hold the VIP',
  ],
  [
    `${cluster('balancing: { quorum: { weight: 2 } }').replaceAll(/(10.2.1.[23]) }/g, '$1, role: director }')}  ns3: { address: 10.2.1.4, role: real_server }\n`,
    '4:34 cluster.balancing.quorum.weight: must be at most the weights of all real servers together, which are 1, got 2',
  ],
  [ns1('role: director, weight: 2'), '5:53 hosts.ns1.weight: has a meaning only for hosts that serve clients'],
  [
    cluster('balancing: { method: dsr }'),
    '4:24 cluster.balancing.method: must be one of nat, dr, tun, got "dsr" (did you mean "dr"?)',
  ],
  [
    cluster('balancing: { method: dr }\n  instances: { a: { vip: 10.2.1.8 } }'),
    '4:24 cluster.balancing.method: must be nat with instances that move apart (or give cluster.sync: true): a host knows only as a whole whether it stands by',
  ],
  [
    cluster('balancing: { flags: [port], quorum: { weight: 2, hysteresis: 2 } }'),
    '4:23 cluster.balancing.flags: have a meaning only with the schedulers sh and mh, got rr',
    '4:64 cluster.balancing.quorum.hysteresis: must be less than weight, which is 2, got 2',
  ],
  [
    cluster('services: { web: { type: http, balancing: { flags: [port] } } }'),
    '4:54 cluster.services.web.balancing.flags: have a meaning only with the schedulers sh and mh, got rr',
  ],
  [
    cluster('balancing: { scheduler: mh }\n  service: { balancing: { scheduler: lc, flags: [port] } }'),
    '5:49 cluster.service.balancing.flags: have a meaning only with the schedulers sh and mh, got lc',
  ],
  [
    cluster('service: { type: http, balancing: { persistance: 5 } }'),
    '4:39 cluster.service.balancing: unknown key "persistance" (did you mean "persistence"?)',
  ],
  [cluster('drill: { kill: -1 }'), '4:18 cluster.drill.kill: must be seconds, 0 or more, got -1'],
  [
    cluster('health_check: { retry_delay: 1.0001 }'),
    '4:32 cluster.health_check.retry_delay: must be a number from 0.1 to 3600, in steps of 0.001, got 1.0001',
  ],
  [
    cluster('health_check: { interval: 0.05 }'),
    '4:29 cluster.health_check.interval: must be a number from 0.1 to 3600, in steps of 0.001, got 0.05',
  ],
  [
    cluster('health_check: { time_out: 2 }'),
    '4:19 cluster.health_check: unknown key "time_out" (did you mean "timeout"?)',
  ],
  [
    cluster('balancing: { scheduler: wrrr }'),
    `4:27 cluster.balancing.scheduler: must be one of ${schedulers}, got "wrrr" (did you mean "wrr"?)`,
  ],
  [
    cluster('snmp: { source: 10.2.1.5/24 }'),
    '4:19 cluster.snmp.source: must be an IPv4 address, or a network such as 10.2.1.0/24 with host bits zero, got "10.2.1.5/24"',
  ],
  [
    cluster('snmp: { community: "two words" }'),
    '4:22 cluster.snmp.community: must be text of at most 32 letters, digits, "_", "." and "-", got text of 9 characters',
  ],
]
