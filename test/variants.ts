// Clusters that differ in every value that templates use; for golden files, and for keepalived's own config test.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadInventory } from '../inventory/load.ts'
import type { Inventory, ServiceContent } from '../inventory/types.ts'
import type { Level } from '../inventory/levels.ts'
import { servicesOf } from '../services/all.ts'
import type { Service, ServiceKind } from '../services/service.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'

const cluster = (more: string) => `
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
${more}`
const two = `
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`
const second = `
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`
const five = `
hosts:
${[2, 3, 4, 6, 7].map((octet, i) => `  dns-${i + 1}: { address: 10.2.1.${octet} }`).join('\n')}
`

const apart = `
hosts:
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director }
  web1: { address: 10.2.1.21, role: real_server, weight: 2 }
  web2: { address: 10.2.1.22, role: real_server }
`

/** One of each kind, and some twice. */
const services = `  services:
    dns: { type: dns }
    web: { type: http, header: x-node }
    shop: { type: https, certificate: /etc/ssl/shop.pem, key: /etc/ssl/shop.key, host: shop.example.com, path: /health }
    db: { type: tcp, port: 5432, unit: postgresql }
    sql: { type: tcp, port: 3306, check: /usr/bin/true --fast }
    log: { type: udp, port: 514 }
    ntp: { type: udp, port: 123, check: /usr/bin/true }`

const askedElsewhere = `  services:
    db: { type: tcp, port: 5432, health: { http: /primary, port: 8008 } }
    api: { type: tcp, port: 6443, health: { https: "/livez?a=b", host: api.example.com, status: 401 } }
    page: { type: tcp, port: 8080, health: { http: /, digest: ff20ad2481f97b1754ef3e12ecd3a9cc } }
    sip: { type: udp, port: 5060, health: { port: 5061 } }
    names: { type: udp, port: 53, health: { dns: www.example.org, record: AAAA } }`

/** Name of the variant, the inventory as text, and the level. */
export const variants: [name: string, text: string, level: Level][] = [
  ['level1', cluster('  auth_pass: KPSjXfRG') + two, 1],
  ['level2', cluster('  auth_pass: KPSjXfRG') + two, 2],
  ['level3', cluster('  auth_pass: KPSjXfRG') + second, 3],
  [
    'level1-preempt',
    cluster('  preempt: true\n  preempt_delay: 30\n  keepalived: { global: [vrrp_no_swap], instance: [debug 0] }') +
      two.replace(
        '10.2.1.2',
        "10.2.1.2, preempt_delay: 60, keepalived: { global: [], file: ['static_routes {', '    10.9.0.0/16 via 10.2.1.1 dev eth0', '}'] }",
      ),
    1,
  ],
  [
    'level2-vrrp3',
    cluster('  vrrp_version: 3\n  advert_int: 0.1\n  startup_delay: 0\n  snmp: { enabled: false }') + two,
    2,
  ],
  [
    'level2-ports',
    cluster(`  services:
    web: { type: http, port: 80, real_port: 8080 }
    db: { type: tcp, port: 5432, real_port: 6432, check: /usr/bin/true }
    dns: { type: dns, real_port: 1053 }`) + two,
    2,
  ],
  [
    'level2-own-balancing',
    cluster(`  balancing: { scheduler: mh, flags: [port], persistence: 50 }
  services:
    web: { type: http, balancing: { persistence: 0 } }
    db: { type: tcp, port: 5432, balancing: { scheduler: wlc } }
    log: { type: udp, port: 514, balancing: { scheduler: mh, flags: [fallback] } }`) + two,
    2,
  ],
  ['level1-health', cluster(askedElsewhere) + two, 1],
  ['level2-health', cluster(askedElsewhere) + two, 2],
  [
    'level2-direct',
    cluster(`  balancing: { method: dr, scheduler: wrr }
  service: { type: http }`) + apart,
    2,
  ],
  [
    'level2-tunnel',
    cluster(`  balancing: { method: tun }
  service: { type: http }`) + apart,
    2,
  ],
  [
    'level1-unicast6',
    cluster(`  unicast: true
  instances: { six: { vip: "2001:db8::9", virtual_router_id: 9, garp: { delay: 2 } } }`) +
      two.replaceAll(/(10.2.1.)(\d)/g, '$1$2, address6: "2001:db8::$2"'),
    1,
  ],
  [
    'level1-checks',
    cluster(`  unicast: true
  track_interfaces: [lo, { name: eth1, weight: -20 }]
  checks:
    haproxy: { process: haproxy-2.8, weight: -20 }
    api: { port: 6443, interval: 3, timeout: 5, fall: 4, rise: 2 }
    site: { url: "https://127.0.0.1/health?a=b", weight: 5 }
    own: { command: /usr/bin/true --all a=b, user: root, hosts: [ns1] }
  notify: { master: /bin/true up, fault: /bin/true, user: nobody }
  garp: { delay: 1, refresh: 60, interval_ms: 10 }
  email: { to: [a@example.com, b@example.com], from: k@example.com, server: 10.2.1.9, port: 587 }
  keepalived:
    global: [max_auto_priority 5]
    instance: [debug 0]
    file: ['virtual_server fwmark 4 {', '    lvs_sched rr', '    lvs_method DR',  '    real_server 10.2.1.3 {', '        TCP_CHECK {', '            connect_port 53', '        }', '    }', '}']`) +
      two.replace('10.2.1.3', '10.2.1.3, email_from: b@example.com, notify: { master: /bin/true down }'),
    1,
  ],
  [
    'level2-mcast',
    cluster('  mcast_src_ip: true\n  mcast_group: 224.0.0.19\n  keepalived: { virtual_server: [quorum 1] }') + two,
    2,
  ],
  [
    'level2-balancing',
    cluster(`  balancing:
    scheduler: mh
    flags: [port, fallback]
    persistence: 50
    quorum: { weight: 4, hysteresis: 1, up: /bin/true up, down: /bin/true }
    sorry_server: { address: 10.2.1.9 }
    inhibit_on_failure: true
    alpha: true
    omega: true
    real_server_down: /bin/true`) +
      `
hosts:
  ns1: { address: 10.2.1.2, weight: 3 }
  ns2: { address: 10.2.1.3, weight: 2 }
`,
    2,
  ],
  [
    'level1-addresses',
    cluster(`  service: { type: none }
  prefer: ns1
  sync: true
  auth_pass: KPSjXfRG
  more_vips:
    - 10.2.1.8
    - "2001:db8::5"
    - { address: 10.9.0.5, prefix: 24, interface: eth1, label: "eth1:vip" }
    - { address: 10.9.0.6, excluded: true }
  notify: { master: /bin/true up }
  instances:
    inside: { vip: 10.9.1.1, interface: eth1, notify: { backup: /bin/true, user: nobody } }
    six: { vip: "2001:db8::9", virtual_router_id: 9 }`) + two,
    1,
  ],
  [
    'level2-instances',
    cluster(`  vip_prefix: 24
  vip_label: eth0:v
  instance: WEB
  prefer: ns1
  instances: { other: { vip: 10.2.1.8, vip_prefix: 24, prefer: ns2 } }`) + two,
    2,
  ],
  [
    'level1-unicast-elsewhere',
    cluster(`  unicast: true
  sync: true
  instances: { inside: { vip: 10.9.1.1, interface: eth1 } }`) +
      two.replace(/(address: 10\.2\.1\.(\d))/g, '$1, addresses: { inside: 10.9.1.$2 }'),
    1,
  ],
  [
    'level1-vmac',
    cluster(`  vmac: true
  auth_pass: KPSjXfRG
  auth_type: AH
  checks: { haproxy: { process: haproxy, weight: -20 } }
  track_interfaces: [lo]
  keepalived: { instance: ["virtual_routes {", "10.9.9.0/24 via 10.2.1.1 dev eth0", "}"] }
  instances:
    inside: { vip: 10.9.1.1, interface: eth1, advert_int: 3, checks: { dns: { port: 53 } }, track_interfaces: [], keepalived: [dont_track_primary] }
    six: { vip: "2001:db8::9", virtual_router_id: 5, checks: {}, keepalived: [] }`) + two,
    1,
  ],
  [
    'level1-elsewhere',
    cluster(`  vip_interface: eth1
  vip_prefix: 24
  unicast: true
  service: { type: none }
  auth_pass: KPSjXfRG
  auth_type: AH
  instances: { other: { vip: 10.2.1.8, vip_interface: eth1 } }`).replace('10.2.1.5', '10.9.0.5') + two,
    1,
  ],
  ['level2-elsewhere', cluster('  vip_interface: eth1\n').replace('10.2.1.5', '10.9.0.5') + two, 2],
  [
    'level2-direct-elsewhere',
    cluster('  vip_interface: eth1\n  balancing: { method: dr }').replace('10.2.1.5', '10.9.0.5') + two,
    2,
  ],
  [
    'level2-pools',
    cluster(`  more_vips: [10.2.1.8]
  services:
    web: { type: http, port: 80, hosts: [ns2, web1] }
    db: { type: tcp, port: 5432, hosts: [db1, web1], vips: [10.2.1.8] }
    log: { type: udp, port: 514, vips: [10.2.1.5], hosts: [db1] }`) +
      `
hosts:
  ns1: { address: 10.2.1.2, role: director }
  ns2: { address: 10.2.1.3 }
  web1: { address: 10.2.1.4, role: real_server }
  db1: { address: 10.2.1.40, role: real_server }
`,
    2,
  ],
  ['level1-services', cluster(services) + two, 1],
  ['level2-services', cluster(services) + two, 2],
  ['level3-services', cluster(services) + second, 3],
  ['level1-none', cluster('  service: { type: none }\n  checks: { haproxy: { process: haproxy } }') + two, 1],
  ['level3-quick', cluster('  failover: quick') + second, 3],
  [
    'level2-bfd',
    cluster(`  auth_pass: KPSjXfRG
  bfd: { interval_ms: 50, multiplier: 5 }`) + five,
    2,
  ],
  ['level2-five', cluster('  balancing: { scheduler: wlc }\n  service: { port: 5353 }') + five, 2],
]

const examples = new URL('../inventory/examples/', import.meta.url)

/** The recipes, each at the highest level that it is for. */
export const recipes = readdirSync(examples).map((name): (typeof variants)[number] => {
  const text = readFileSync(new URL(name, examples), 'utf8')
  const level = Math.max(...[...text.matchAll(/level (\d)/g)].map(([, number]) => Number(number)))
  return [name, text, level as Level]
})

/** Reads an inventory from its text, as from a file. */
export function inventoryOf(text: string): Inventory {
  const file = join(tmpdir(), `variant-${process.pid}.yaml`)
  writeFileSync(file, text)
  return loadInventory(file)
}

/** @returns what a cluster serves that serves one thing */
export function onlyService({ cluster }: Pick<Inventory, 'cluster'>): Service {
  const [service, ...more] = servicesOf(cluster)
  if (!service || more.length > 0) throw new Error('not one service alone')
  return service
}

/** @returns what the inventory says of the one service */
export const onlyContent = ({ cluster }: Pick<Inventory, 'cluster'>): ServiceContent =>
  Object.values(cluster.services)[0]!

/**
 * The keepalived.conf of a variant's first host.
 * @param kind of the one service, where no inventory knows it
 */
export function keepalivedConf(text: string, level: Level, kind?: ServiceKind): string {
  const inventory = inventoryOf(text)
  const { cluster, hosts } = inventory
  const own = kind?.(onlyContent(inventory))
  const services = own && [{ name: 'other', clientPort: own.port, ...own }]
  return configuration({ cluster, hosts, host: hosts[0]! }, level, services)
}
