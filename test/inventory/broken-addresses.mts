// Broken inventories, as in broken.mts: what is wrong with the addresses that move.
import { cluster, smallest } from './samples.mts'

export const brokenAddresses: [text: string, ...messages: string[]][] = [
  [
    cluster('sync: true', 'more_vips: [{ address: "2001:db8::5", label: x }]'),
    '4:9 cluster.sync: has a meaning only with cluster.instances',
    '5:48 cluster.more_vips[0].label: must be left out: an IPv6 address has no label',
  ],
  [
    cluster('advert_int: 60', 'instances: { a: { vip: "2001:db8::5", virtual_router_id: 9, vip_label: x } }'),
    '4:15 cluster.advert_int: must be at most 40 seconds with an instance of IPv6, got 60',
    '5:74 cluster.instances.a.vip_label: must be left out: an IPv6 address has no label',
  ],
  [
    cluster('unicast: true', 'instances: { a: { vip: "2001:db8::5", virtual_router_id: 9, garp: { delay: -1 } } }')
      .replace('10.2.1.2', '10.2.1.2, address6: "::1"')
      .replace('10.2.1.3', '10.2.1.3, address6: 10.2.1.9'),
    '5:78 cluster.instances.a.garp.delay: must be a whole number from 0 to 3600, got -1',
    '7:39 hosts.ns1.address6: must be the address of a host, but "::1" is for a host to reach itself',
    '8:39 hosts.ns2.address6: must be an IPv6 address, got "10.2.1.9"',
  ],
  [
    cluster('unicast: true', 'instances: { a: { vip: "2001:db8::5", virtual_router_id: 9 } }').replace(
      '10.2.1.2',
      '10.2.1.2, address6: "2001:db8::2"',
    ),
    '8:3 hosts.ns2: is missing address6, an IPv6 address: an instance of IPv6 is sent by unicast',
  ],
  [
    smallest.replaceAll(/(10.2.1.[23]) /g, '$1, address6: "2001:db8::2" '),
    '6:39 hosts.ns2.address6: must differ from hosts.ns1.address6, which is "2001:db8::2"',
  ],
  [
    cluster('vip_prefix: 64', 'vip_label: "a b"', 'instance: "a.b"', 'instances: { "a b": { vip: 10.2.1.8 } }'),
    '4:15 cluster.vip_prefix: must be a whole number from 1 to 32 for an IPv4 address, got 64',
    '5:14 cluster.vip_label: must be a label of at most 15 letters, digits, "_", ".", ":" and "-", got "a b"',
    '6:13 cluster.instance: must be a name of at most 31 letters, digits, "_" and "-", got "a.b"',
    '7:16 cluster.instances: each key must be a name of at most 31 letters, digits, "_" and "-", got "a b"',
  ],
  [
    cluster(
      'more_vips: [10.2.1.5, "::", 224.0.0.5, 10.2.1.255, { address: 10.2.1.8, prefix: 64 }, { prefix: 24 }, no]',
    ),
    '4:15 cluster.more_vips[0]: must differ from cluster.vip, which is "10.2.1.5"',
    '4:25 cluster.more_vips[1]: must be the address of a host, but "::" is for hosts that do not know their address yet',
    '4:31 cluster.more_vips[2]: must be the address of a host, but "224.0.0.5" is for groups (multicast)',
    '4:42 cluster.more_vips[3]: must be the address of a host, but in 10.2.1.0/24 10.2.1.255 means all of its hosts (broadcast)',
    '4:83 cluster.more_vips[4].prefix: must be a whole number from 1 to 32 for an IPv4 address, got 64',
    '4:89 cluster.more_vips[5].address: is missing; it must be an IPv4 or IPv6 address',
    '4:105 cluster.more_vips[6]: must be an IPv4 or IPv6 address; or a map with address, got "no"',
  ],
  [
    cluster(
      'prefer: ns3',
      'instances: { a: { vip: 10.2.1.8, prefer: ns4, virtual_router_id: 5 }, b: { vip: "2001:db8::5" } }',
    ),
    '4:11 cluster.prefer: must be one of the hosts, got "ns3" (did you mean "ns1"?)',
    '5:44 cluster.instances.a.prefer: must be one of the hosts, got "ns4" (did you mean "ns1"?)',
    '5:68 cluster.instances.a.virtual_router_id: must be another one than of cluster, got 5',
    '5:73 cluster.instances.b: is missing virtual_router_id, a whole number from 1 to 255: its vip gives none',
  ],
  [
    cluster(
      'sync: true',
      'unicast: true',
      'instances: { VI_1: { vip: 10.2.1.8 }, b: { vip: 10.9.0.1, prefer: ns2, interface: eth1 } }',
    ),
    '6:16 cluster.instances.VI_1: must have another name than cluster.instance',
    '6:69 cluster.instances.b.prefer: must be left out with cluster.sync: true: cluster.prefer is for all',
    '8:3 hosts.ns1: is missing addresses.b, an IPv4 address: b is sent by unicast on an interface of its own',
    '9:3 hosts.ns2: is missing addresses.b, an IPv4 address: b is sent by unicast on an interface of its own',
  ],
  [
    cluster(
      'unicast: true',
      'instances: { b: { vip: 10.9.0.1, interface: eth1 }, c: { vip: "fe80::1", virtual_router_id: 9, interface: eth1 }, d: { vip: 10.2.1.8 } }',
    )
      .replace('10.2.1.2', '10.2.1.2, address6: 2001:db8::2, addresses: { b: 10.9.0.2, bb: 10.9.0.3 }')
      .replace('10.2.1.3', '10.2.1.3, address6: 2001:db8::3, addresses: { b: 10.9.0.2, d: 1 }'),
    '5:109 cluster.instances.c.interface: is not possible with cluster.unicast: true: an instance of IPv6 on another interface needs multicast',
    '7:82 hosts.ns1.addresses.bb: has a meaning only with cluster.unicast: true, and for an instance that has an interface of its own (did you mean "b"?)',
    '8:68 hosts.ns2.addresses.b: must be another one than of hosts.ns1, got "10.9.0.2"',
    '8:81 hosts.ns2.addresses.d: must be an IPv4 address, got 1',
  ],
  [
    cluster('unicast: true', 'instances: { b: { vip: 10.9.0.1, interface: eth1 } }')
      .replace('10.2.1.2', '10.2.1.2, addresses: { b: 127.0.0.1 }')
      .replace('10.2.1.3', '10.2.1.3, addresses: { b: 10.9.0.2 }'),
    '7:45 hosts.ns1.addresses.b: must be the address of a host, but "127.0.0.1" is for a host to reach itself',
  ],
  [
    smallest.replace('10.2.1.2', '10.2.1.2, addresses: { VI_1: 10.9.0.2 }'),
    '5:48 hosts.ns1.addresses.VI_1: has a meaning only with cluster.unicast: true, and for an instance that has an interface of its own',
  ],
  [
    smallest
      .replace('10.2.1.5', '10.2.1.5\n  prefer: ns1')
      .replace('10.2.1.3 }', '10.2.1.3, priority: 254 }')
      .replace('10.2.1.2 }', '10.2.1.2, priority: 254 }'),
    '6:39 hosts.ns1.priority: must be at most 253 with prefer, got 254',
    '7:39 hosts.ns2.priority: must be at most 253 with prefer, got 254',
  ],
  [
    cluster(
      'vip_interface: "a b"',
      'instances: { a: { vip: 10.2.1.8, vip_interface: 5, checks: { b: { port: 1 } }, track_interfaces: [eth1, eth1] } }',
      'checks: { b: { port: 2 } }',
      'auth_type: AH',
      'vmac: 5',
    ),
    '4:18 cluster.vip_interface: must be an interface name of at most 15 letters, digits, "_", "." and "-", got "a b"',
    '5:51 cluster.instances.a.vip_interface: must be an interface name of at most 15 letters, digits, "_", "." and "-", got 5; put it in quotes',
    '5:64 cluster.instances.a.checks.b: must have another name, as cluster.checks.b says something else',
    '5:100 cluster.instances.a.track_interfaces: must be a list of interfaces, each once, got a list',
    '7:14 cluster.auth_type: has a meaning only with cluster.auth_pass',
    '8:9 cluster.vmac: must be true or false, got 5',
  ],
  [
    cluster(
      'auth_pass: abcdefgh',
      'auth_type: MD5',
      'vmac: true',
      'instances: { a: { vip: 10.2.1.8, interface: eth1, virtual_router_id: 5, checks: { service: { port: 1 } } } }',
      'vip_interface: eth1',
    ),
    '5:14 cluster.auth_type: must be one of PASS, AH, got "MD5"',
    '7:72 cluster.instances.a.virtual_router_id: must be another one than of cluster, got 5',
    '7:85 cluster.instances.a.checks.service: must have another name: service is the check of cluster.service',
    '8:18 cluster.vip_interface: must be left out with cluster.vmac: true: an address on another interface has no virtual MAC',
  ],
  [
    cluster('auth_pass: abcdefgh', 'auth_type: AH', 'vrrp_version: 3').replace('10.2.1.5', '10.9.0.5'),
    '2:8 cluster.vip: must be in cluster.network 10.2.1.0/24, got "10.9.0.5"',
    '4:14 cluster.auth_pass: must be left out with cluster.vrrp_version: 3, which has no password',
  ],
  [
    cluster('vip_interface: eth1').replace('10.2.1.5', '224.0.0.5'),
    '2:8 cluster.vip: must be the address of a host, but "224.0.0.5" is for groups (multicast)',
  ],
  [
    cluster(`more_vips: [${Array.from({ length: 20 }, (_, i) => `10.3.0.${i + 1}`).join(', ')}]`),
    '4:14 cluster.more_vips: must have at most 19 addresses without excluded: true, got 20',
  ],
]
