// The inventory: what a valid one comes to, and every mistake with exactly what is said of it.
import type { Facts } from '../engine/runner/facts.ts'
import { targetOf } from '../tasks/target.ts'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv } from 'ajv'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../inventory/load.ts'
import type { Inventory } from '../inventory/types.ts'
import { isNetwork, parseNetwork } from '../inventory/network.ts'
import { schema } from '../inventory/schema.ts'
import { broken } from './inventory/broken.mts'
import { brokenAddresses } from './inventory/broken-addresses.mts'
import { brokenHosts } from './inventory/broken-hosts.mts'
import { cluster, complaint, file, folder, lines, load, messageOf, ns1, smallest } from './inventory/samples.mts'

const root = fileURLToPath(new URL('..', import.meta.url))

for (const [text, ...messages] of [...broken, ...brokenHosts, ...brokenAddresses]) {
  test(`broken: ${messages[0]}`, () => assert.is(complaint(text), lines(...messages)))
}

const defaults = {
  name: 'cluster',
  vip: '10.2.1.5',
  network: '10.2.1.0/24',
  gateway: '10.2.1.1',
  interface: 'eth0',
  virtual_router_id: 5,
  advert_int: 1,
  down_timer_adverts: 3,
  failover: 'usual',
  vrrp_version: 2,
  preempt: false,
  preempt_delay: 0,
  startup_delay: 5,
  instances: [{ name: 'VI_1', virtual_router_id: 5, vips: [{ address: '10.2.1.5', prefix: 32, excluded: false }] }],
  sync: false,
  services: { dns: { type: 'dns', port: 53, health_zone: 'load.balance', health_name: 'health' } },
  health_check: { interval: 1, retries: 2, retry_delay: 1, timeout: 2 },
  balancing: {
    scheduler: 'rr',
    method: 'nat',
    flags: [],
    persistence: 0,
    udp_timeout: 10,
    quorum: { weight: 1, hysteresis: 0 },
    inhibit_on_failure: false,
    alpha: false,
    omega: false,
  },
  drill: {},
  unicast: false,
  vmac: false,
  auth_type: 'PASS',
  checks: {},
  mcast_group: '224.0.0.18',
  track_interfaces: [],
  notify: { user: 'root' },
  garp: { delay: 5, repeat: 5, refresh: 0, refresh_repeat: 1, interval_ms: 0 },
  keepalived: { global: [], instance: [], virtual_server: [], file: [] },
  mcast_src_ip: false,
  firewall: 'auto',
  selinux: 'enforce',
  routing: 'script',
  routing_tables: { first: { number: 20, name: 'table0' }, second: { number: 21, name: 'table1' } },
  snmp: { enabled: true, community: 'public', source: '127.0.0.1' },
}
const node = (number: number, more: object = {}) => ({
  name: `ns${number}`,
  address: `10.2.1.${number + 1}`,
  interface: 'eth0',
  priority: 100,
  weight: 1,
  identity: `nameserver-${number}`,
  ssh: { host: `10.2.1.${number + 1}` },
  ...more,
})

/** All of it but its function. */
const content = ({ place: _place, notes: _notes, ...rest }: Inventory) => rest

test('the smallest inventory gets every default', () => {
  assert.equal(content(load(smallest)), { file, cluster: defaults, hosts: [node(1), node(2)], groups: [], clients: [] })
})

test('JSON is YAML too, and line ends may be those of Windows', () => {
  const { file: _name, ...rest } = content(load(smallest))
  const { hosts, ...others } = {
    cluster: { vip: '10.2.1.5', network: '10.2.1.0/24' },
    hosts: { ns1: { address: '10.2.1.2' }, ns2: { address: '10.2.1.3' } },
  }
  const json = JSON.stringify({ $schema: './schema.json', ...others, hosts }, null, '\t')
  assert.equal(content(load(json)), { file, ...rest })
  assert.equal(content(load(smallest.replaceAll('\n', '\r\n'))), { file, ...rest })
})

test('the lab: a common ssh is merged, its path begins at the inventory', () => {
  const lab = `ssh: { config: ../.lab/ssh_config, user: admin }
cluster: { name: lab, vip: 10.2.1.5, network: 10.2.1.0/24, auth_pass: KPSjXfRG }
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 }, ssh: { host: ns1 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 }, ssh: { host: ns2, user: root, port: 2222, identity_file: ~/key } }
clients: { client: { ssh: { host: client, config: /etc/ssh/other } } }
`
  const config = join(tmpdir(), '.lab/ssh_config')
  const second = (address: string) => ({ address, interface: 'eth1' })
  assert.equal(content(load(lab, { level: 3 })), {
    file,
    cluster: { ...defaults, name: 'lab', auth_pass: 'KPSjXfRG' },
    hosts: [
      node(1, { second: second('10.2.1.6'), ssh: { host: 'ns1', config, user: 'admin' } }),
      node(2, {
        second: second('10.2.1.7'),
        ssh: { host: 'ns2', config, user: 'root', port: 2222, identity_file: join(homedir(), 'key') },
      }),
    ],
    groups: [],
    clients: [{ name: 'client', ssh: { host: 'client', config: '/etc/ssh/other', user: 'admin' } }],
  })
})

for (const key of ['config', 'identity_file'] as const)
  test(`ssh.${key}: a home as ssh_config has it, or refused with its place`, () => {
    const text = (path: string) => ns1(`ssh: { ${key}: ${path} }`)
    const root = execFileSync('getent', ['passwd', 'root'], { encoding: 'utf8' }).split(':')[5]!
    const ways = {
      '~/key': join(homedir(), 'key'),
      '~root/.ssh/key': join(root, '.ssh/key'),
      './~nosuch/key': join(folder, '~nosuch/key'),
      './$HOME/key': join(folder, '$HOME/key'),
      '"./${HOME}/key"': join(folder, '${HOME}/key'),
      '/a~b/$c': '/a~b/$c',
    }
    for (const [path, meant] of Object.entries(ways)) assert.is(load(text(path)).hosts[0]!.ssh[key], meant, path)
    const column = key === 'config' ? 44 : 51
    const refused = (path: string) =>
      complaint(text(path))
        .replace(`${file}:5:${column} hosts.ns1.ssh.${key}: `, '')
        .replace(/: .*, got /, ' | ')
    assert.is(refused('~nosuch/key'), 'begins with the home of a user whom there is not here | "~nosuch/key"')
    assert.is(refused('"~"'), 'must be the path of a file, and this is a home | "~"')
    assert.is(refused('~root'), 'must be the path of a file, and this is a home | "~root"')
    for (const path of ['$HOME/key', '"${HOME}/key"', '"/srv/${USER}/key"'])
      assert.match(refused(path), /^has a variable, and none are filled in here \| /)
  })

test('with preempt priorities fall in the order of the file', () => {
  const text = cluster('preempt: true', 'preempt_delay: 30', 'gateway: 10.2.1.254', 'virtual_router_id: 51')
  const inventory = load(
    text.replace('ns1', 'zz').replace('10.2.1.3', '10.2.1.4').replace('hosts:', 'hosts:\n  m: { address: 10.2.1.9 }'),
  )
  assert.equal(
    inventory.hosts.map(({ name, priority, identity }) => [name, priority, identity]),
    [
      ['m', 100, 'nameserver-1'],
      ['zz', 99, 'nameserver-2'],
      ['ns2', 98, 'nameserver-3'],
    ],
  )
  const { preempt, preempt_delay, gateway, virtual_router_id } = inventory.cluster
  assert.equal([preempt, preempt_delay, gateway, virtual_router_id], [true, 30, '10.2.1.254', 51])
})

test('a directive does not bring back YAML 1.1, where `no` is false', () => {
  assert.is(load(`%YAML 1.1\n---\n${cluster('name: no')}`).cluster.name, 'no')
})

test('VRRP version 3 takes fractions of a second', () => {
  for (const seconds of [0.01, 0.29, 1.15, 40.95])
    assert.is(load(cluster('vrrp_version: 3', `advert_int: ${seconds}`)).cluster.advert_int, seconds)
})

test('a key in quotes is no merge key', () => {
  const { hosts } = load(smallest.replace('1.3 ', '1.3, vars: { "<<": 1 } '))
  assert.equal(hosts.at(-1)!.vars, { '<<': 1 })
})

test('aliases are followed', () => {
  const text = smallest
    .replace('10.2.1.2 }', '10.2.1.2, ssh: &login { user: admin } }')
    .replace('1.3 ', '1.3, ssh: *login ')
  assert.equal(
    load(text).hosts.map(({ ssh }) => ssh),
    [
      { host: '10.2.1.2', user: 'admin' },
      { host: '10.2.1.3', user: 'admin' },
    ],
  )
})

test('aliases without end are refused', () => {
  const tooMuch = `${file}: its YAML aliases (*) contain themselves, or unfold to too much`
  const many = (name: string) => `[${Array(11).fill(`*${name}`).join(', ')}]`
  assert.is(complaint(`a: &a [x]\nb: &b ${many('a')}\nc: &c ${many('b')}\n`), tooMuch)
  assert.is(complaint(`${smallest}clients: &c { ssh: *c }\n`), tooMuch)
})

test('what is nested without end is refused in one line', () => {
  const deep = `${'['.repeat(5000)}${']'.repeat(5000)}`
  const text = smallest.replace('1.2 }', `1.2, vars: { a: ${deep} } }`)
  assert.match(complaint(text), new RegExp(`^${file}:5:\\d+ YAML: nested too deeply$`))
})

test('names may be as long as files, rules and questions that are named after them allow', () => {
  const zone = `${'ab.'.repeat(57)}abcde`
  const host = `${'n.'.repeat(99)}nn`
  assert.is(
    complaint(cluster(`service: { health_name: 'no.123456789', health_zone: ${zone} }`).replace('ns1', host)),
    'valid',
  )
})

test('level 3 needs a second interface everywhere', () => {
  const one = smallest.replace('10.2.1.2 }', '10.2.1.2, second: { address: 10.2.1.6 } }')
  const words = 'level 3 needs a second interface on every host (second: { address: … }), missing on'
  assert.is(complaint(smallest, { level: 3 }), lines(`4:1 hosts: ${words} ns1, ns2`))
  assert.is(complaint(one, { level: 3 }), lines(`4:1 hosts: ${words} ns2`))
  assert.is(complaint(one, { level: 2 }), 'valid')
})

test('a virtual MAC is for level 1, an address elsewhere than the nodes for levels 1 and 2', () => {
  const vmac = cluster('vmac: true')
  const elsewhere = cluster('vip_interface: eth1').replace('10.2.1.5', '10.9.0.5')
  for (const text of [vmac, elsewhere]) assert.is(complaint(text, { level: 1 }), 'valid')
  assert.is(
    complaint(vmac, { level: 2 }),
    lines(
      '4:9 cluster.vmac: must be left out at level 2: answers of real servers would come back by another interface than its rules are for',
    ),
  )
  assert.is(complaint(elsewhere, { level: 2 }), 'valid')
  assert.match(
    complaint(elsewhere.replaceAll(/(10\.2\.1\.[23]) }/g, '$1, second: { address: $17 } }'), { level: 3 }),
    'cluster.vip_interface: must be left out at level 3, whose routes are for the interface of the nodes',
  )
})

test('hosts of one service are for level 2', () => {
  const text = cluster('service: { type: http, hosts: [ns1, ns2] }')
  assert.is(complaint(text, { level: 2 }), 'valid')
  assert.is(
    complaint(text, { level: 1 }),
    lines('4:33 cluster.service.hosts: must be left out at level 1, where every host serves everything'),
  )
})

test('an address alone is for level 1', () => {
  const text = cluster('service: { type: none }')
  const at = '4:20 cluster.service.type: must be a service at level'
  assert.is(complaint(text, { level: 1 }), 'valid')
  assert.equal(load(text).cluster.services, {})
  assert.is(complaint(text, { level: 2 }), lines(`${at} 2, which sends clients to it; got none`))
})

test('the name of another host does nothing to a terminal', () => {
  const text = smallest.replace('ns1', '"ns1\\e"').concat('groups: { web: { hosts: [ns1] } }\n')
  const said = complaint(text, { level: 3 })
  assert.match(said, 'missing on ns1…, ns2\n')
  assert.match(said, 'got "ns1" (did you mean "ns2"?)')
  assert.not.match(said, '\x1b')
})

test('another port of real servers: level 2 alone', () => {
  const text = cluster('service: { type: tcp, port: 80, real_port: 8080 }')
  assert.is(complaint(text, { level: 2 }), 'valid')
  assert.match(
    complaint(text, { level: 1 }),
    '4:46 cluster.service.real_port: must be left out at level 1; level 2 can send clients to another port',
  )
})

test('a host is not reached by its second address at level 3, where answers leave by the virtual IP', () => {
  const text = smallest
    .replace('1.2 }', '1.2, second: { address: 10.2.1.6 }, ssh: { host: 10.2.1.6 } }')
    .replace('1.3 }', '1.3, second: { address: 10.2.1.7 } }')
  const at = '5:73 hosts.ns1.ssh.host: must be an address of its own, but "10.2.1.6" is hosts.ns1.second.address, '
  assert.is(complaint(text, { level: 3 }), lines(`${at}whose answers level 3 sends through the virtual IP`))
  assert.is(complaint(text, { level: 2 }), 'valid')
})

test('hosts and clients behind one address are told apart by their ports, and by the configuration of SSH', () => {
  const way = (more: string) => `ssh: { host: gate, ${more} }`
  const text = smallest.replace('1.2 }', `1.2, ${way('port: 1')} }`).replace('1.3 }', `1.3, ${way('port: 2')} }`)
  assert.is(complaint(`${text}clients: { c: { ${way('config: other')} } }\n`), 'valid')
})

test('priorities may be low, the community well known in one network, and a private zone of two labels', () => {
  const low = smallest.replace('1.2 }', '1.2, priority: 2 }').replace('1.3 }', '1.3, priority: 2 }')
  assert.is(complaint(low), 'valid')
  for (const line of [
    'snmp: { source: 10.0.0.0/8 }',
    'snmp: { source: 0.0.0.0/0, community: other }',
    'snmp: { source: 0.0.0.0/0, enabled: false }',
    'service: { health_zone: health.lan }',
    'auth_pass: a~SEQ@1',
  ])
    assert.is(complaint(cluster(line)), 'valid')
})

test('a value has a place; a default has that of the nearest key above it', () => {
  const { place } = load(smallest)
  assert.is(place(['hosts', 'ns2', 'address']), `${file}:6:19 hosts.ns2.address`)
  assert.is(place(['hosts', 'ns2', 'ssh', 'host']), `${file}:6:3 hosts.ns2.ssh.host`)
  assert.is(place(['cluster', 'services', 'dns', 'port']), `${file}:1:1 cluster.service.port`)
})

test('a file that is none, or holds nothing', () => {
  const absent = join(folder, 'absent.yaml')
  assert.is(messageOf(absent), `can not read the inventory ${absent}: there is no such file`)
  for (const text of ['', '\n', '# nothing\n', '---\n', 'null\n'])
    assert.is(complaint(text), `${file}: is empty; inventory/example.yaml shows what belongs there`)
})

test('UTF-16 is read where it begins with its mark; without one it is told as that', () => {
  const little = Buffer.from(`\ufeff${smallest}`, 'utf16le')
  for (const bytes of [little, Buffer.from(little).swap16(), Buffer.from(`\ufeff${smallest}`)]) {
    writeFileSync(file, bytes)
    assert.is(messageOf(file), 'valid')
  }
  writeFileSync(file, little.subarray(2))
  assert.is(messageOf(file), lines('1:2 YAML: a NUL byte; save the file as text in UTF-8'))
})

test('the file is named as it was given', () => {
  const before = process.cwd()
  process.chdir(folder)
  try {
    writeFileSync('short.yaml', smallest.replace('10.2.1.5', 'x'))
    assert.is(messageOf('short.yaml'), 'short.yaml:2:8 cluster.vip: must be an IPv4 address, got "x"')
  } finally {
    process.chdir(before)
  }
})

test('vars are free data: the cluster, then the groups in their order, then the host; the later win', () => {
  const inventory = load(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, vars: { site: berlin, ports: [80, 443], who: cluster } }
hosts:
  ns1: { address: 10.2.1.2, vars: { site: paris } }
  ns2: { address: 10.2.1.3 }
  ns3: { address: 10.2.1.4 }
groups:
  web: { hosts: [ns2, ns1], vars: { site: rome, who: web, __proto__: { root: /srv } } }
  edge: { hosts: &edge [ns1], vars: { who: edge } }
  none: { hosts: [] }
  alike: { hosts: *edge }`)
  const known = inventory.hosts.map((host) => {
    const { vars, groups } = targetOf(inventory, host, { ids: ['debian'], init: 'systemd' } as Partial<Facts> as Facts)
    return [groups, JSON.stringify(vars)]
  })
  assert.equal(known, [
    [['web', 'edge', 'alike'], '{"site":"paris","ports":[80,443],"who":"edge","__proto__":{"root":"/srv"}}'],
    [['web'], '{"site":"rome","ports":[80,443],"who":"web","__proto__":{"root":"/srv"}}'],
    [[], '{"site":"berlin","ports":[80,443],"who":"cluster"}'],
  ])
})

test('networks', () => {
  const { has, ...network } = parseNetwork('172.16.255.254/12')
  const meaning = { cidr: '172.16.0.0/12', address: '172.16.0.0', first: '172.16.0.1', broadcast: '172.31.255.255' }
  assert.equal(network, meaning)
  assert.equal(['172.31.0.1', '172.32.0.1', '172.15.255.255', '200.0.0.1'].map(has), [true, false, false, false])
  for (const text of ['10.0.0.0', '10.0.0.0/', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/8 ', '::/8', '10.0.0.0/-1'])
    assert.not(isNetwork(text, 0, 32), text)
})

test('the schema is one', () => {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, logger: false, validateFormats: false })
  assert.ok(ajv.validateSchema(schema), ajv.errorsText())
})

test('the example is the article, and fits a screen', () => {
  const example = join(root, 'inventory/example.yaml')
  const inventory = loadInventory(example, { level: 3 })
  const second = (address: string) => ({ second: { address, interface: 'eth1' } })
  assert.equal(content(inventory), {
    file: example,
    cluster: { ...defaults, name: 'dns', auth_pass: 'KPSjXfRG' },
    hosts: [
      node(1, { ...second('10.2.1.6'), ssh: { host: '10.2.1.2', user: 'admin' } }),
      node(2, { ...second('10.2.1.7'), ssh: { host: '10.2.1.3', user: 'admin' } }),
    ],
    groups: [],
    clients: [],
  })
  assert.ok(readFileSync(example, 'utf8').split('\n').length <= 50)
})

test('what the documentation shows is valid', () => {
  const shown = [...readFileSync(join(root, 'docs/inventory.md'), 'utf8').matchAll(/```yaml\n(.*?)```/gs)]
  assert.is(shown.length, 2)
  for (const [, text] of shown) assert.is(load(text!).cluster.vip, '10.2.1.5')
})

test.run()
