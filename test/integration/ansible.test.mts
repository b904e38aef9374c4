// Inventories of Ansible, read by the real ansible-inventory, whose vaults the real ansible-vault opens.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../../inventory/load.ts'
import type { Inventory } from '../../inventory/types.ts'

const folder = mkdtempSync(join(tmpdir(), 'ansible-'))
test.after(() => rmSync(folder, { recursive: true }))
const write = (name: string, text: string, mode = 0o600) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), text)
  chmodSync(join(folder, name), mode)
  return join(folder, name)
}
// Neither the machine's configuration nor the user's.
process.env.ANSIBLE_CONFIG = write('ansible.cfg', '[defaults]\nvault_password_file = vault-password\n')
process.env.ANSIBLE_NOCOLOR = '1'
write('vault-password', 'open sesame\n')

const hosts = `[dns]
ns2 ansible_host=10.2.1.3 ansible_port=2222 keepalived_identity=second
ns1 ansible_host=10.2.1.2 keepalived_second='{"address": "10.2.1.6"}' ansible_password=pw1

[web]
w1 ansible_host=10.2.1.40

[servers:children]
dns
web

[askers]
c1 ansible_user=guest keepalived_client=true
`
const ini = write('ini/hosts.ini', hosts)
const vault = (text: string) =>
  execFileSync('ansible-vault', ['encrypt_string', '--name', 'keepalived_auth_pass', text], {
    encoding: 'utf8',
  }).trimEnd()
write(
  'ini/group_vars/dns.yml',
  `ansible_user: admin
ansible_become_password: pw2
keepalived_vip: 10.2.1.5
keepalived_network: 10.2.1.0/24
keepalived_service: { type: http, port: 8080 }
keepalived_preempt: 'false'
${vault('KPSjXfRG')}
ntp: [10.2.1.1]
`,
)

test('groups, addresses, connections, keys of the cluster and of hosts, a vault and other variables', () => {
  const { cluster, hosts: nodes, groups, clients, notes } = loadInventory(ini)
  assert.equal(
    nodes.map(({ name, address, identity, second, vars, ssh }) => ({ name, address, identity, second, vars, ssh })),
    [
      {
        ...{ name: 'ns2', address: '10.2.1.3', identity: 'second', second: undefined, vars: { ntp: ['10.2.1.1'] } },
        ssh: { host: '10.2.1.3', user: 'admin', port: 2222, become_password: 'pw2' },
      },
      {
        ...{ name: 'ns1', address: '10.2.1.2', identity: 'ns1', vars: { ntp: ['10.2.1.1'] } },
        second: { address: '10.2.1.6', interface: 'eth1' },
        ssh: { host: '10.2.1.2', user: 'admin', password: 'pw1', become_password: 'pw2' },
      },
    ],
  )
  const { vip, auth_pass, preempt, services } = cluster
  assert.equal([vip, auth_pass, preempt, Object.keys(services)], ['10.2.1.5', 'KPSjXfRG', false, ['http']])
  assert.equal(
    groups.map(({ name, hosts: members }) => [name, members]),
    [
      ['dns', ['ns2', 'ns1']],
      ['servers', ['ns2', 'ns1']],
    ],
  )
  assert.equal(clients, [{ name: 'c1', ssh: { host: 'c1', user: 'guest' } }])
  assert.equal(notes, [])
})

test('a folder, a program and a file without a suffix are inventories of Ansible as well, YAML of ours is ours', () => {
  const names = (file: string) => loadInventory(file).hosts.map(({ name }) => name)
  assert.equal(names(write('ini/hosts', hosts)), ['ns2', 'ns1'])
  // In a folder Ansible passes by what ends in .ini.
  assert.equal(names(dirname(ini)), ['ns2', 'ns1'])
  const program = write(
    'ini/list.sh',
    `#!/bin/sh\necho '{"dns": {"hosts": ["a", "b"]}, "_meta": {"hostvars": {"a": {"ansible_host": "10.2.1.2"}, "b": {"ansible_host": "10.2.1.3"}}}}'\n`,
    0o755,
  )
  assert.equal(names(program), ['a', 'b'])
  const own =
    'cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts: { x: { address: 10.2.1.2 }, y: { address: 10.2.1.3 } }\n'
  assert.equal(names(write('ours', own)), ['x', 'y'])
})

/** @returns why an inventory is refused */
function why(file: string, level?: 3): string {
  try {
    loadInventory(file, level && { level })
  } catch (error) {
    return (error as Error).message
  }
  return ''
}
const vars = '[dns:vars]\nkeepalived_vip=10.2.1.5\nkeepalived_network=10.2.1.0/24\n'
/** An inventory of two nodes. @param more behind their names, and at the end */
const pair = (name: string, [first, second]: [first: string, second: string], more = '') =>
  write(
    `${name}/hosts.ini`,
    `[dns]\na.x ansible_host=10.2.1.2 ${first}\nb ansible_host=10.2.1.3 ${second}\n${vars}${more}`,
  )

const wrong: [what: string, file: string, lines: string[], level?: 3][] = [
  [
    'connections',
    pair('ssh', ['ansible_ssh_port=abc ansible_ssh_user="a b"', ''], 'ansible_become_pass=""\n'),
    [
      'ansible_become_pass of a.x: its value is empty',
      'ansible_ssh_port of a.x: must be a whole number from 1 to 65535, got "abc"',
      'ansible_ssh_user of a.x: must be a user name of letters, digits, "_", ".", "@" and "-", got "a b"',
    ],
  ],
  [
    'addresses that are two times there',
    pair('twice', ['', 'keepalived_address=10.2.1.2 ansible_host=b.example.org'], 'keepalived_gateway=10.2.1.5\n'),
    [
      'keepalived_gateway: must differ from keepalived_vip, which is "10.2.1.5"',
      'ansible_host of a.x: must be an address of its own, but "10.2.1.2" is keepalived_address of b',
      'keepalived_address of b: must differ from ansible_host of a.x, which is "10.2.1.2"',
    ],
  ],
  [
    'keys in maps, and what goes with others',
    pair(
      'maps',
      [`keepalived_second='{"adress": "x"}'`, ''],
      'keepalived_preempt_delay=3\nkeepalived_auth_pass=long-secret\n',
    ),
    [
      'keepalived_auth_pass: its value must hold text of 4 to 8 printable ASCII',
      'keepalived_preempt_delay: has a meaning only with keepalived_preempt: true',
      'keepalived_second.address of a.x: is missing; it must be an IPv4 address',
      'keepalived_second.adress of a.x: unknown key "adress" (did you mean "address"?)',
    ],
  ],
  [
    'clients',
    pair('clients', ['', ''], '[c]\nB keepalived_client=true\n'),
    ['keepalived_client of B: must differ from host b, which is "b"'],
  ],
  [
    'a client that is a node',
    pair('both', ['keepalived_client=true', '']),
    [
      'a.x has keepalived_vip, so it is a node, and keepalived_client: clients are other hosts, take one of the two away',
    ],
  ],
  [
    'what a level needs',
    pair('level', ['', '']),
    [
      'hosts that have keepalived_vip: level 3 needs a second interface on every host (keepalived_second: { address: … }), missing on a.x, b',
    ],
    3,
  ],
  [
    'one node alone',
    write('one/hosts.ini', `[dns]\na ansible_host=10.2.1.2\n${vars}[web]\nb ansible_host=10.2.1.3\n`),
    [
      'a alone has the variable keepalived_vip, and a cluster has two nodes or more: say it for the others too, as for their group (docs/ansible.md)',
    ],
  ],
]
for (const [what, file, lines, level] of wrong)
  test(`mistakes are told in words of Ansible: ${what}`, () => {
    const said = why(file, level).split('\n')
    assert.is(said.length, lines.length, said.join('\n'))
    for (const [place, line] of lines.entries()) assert.ok(said[place]!.startsWith(`${file}: ${line}`), said[place])
  })

test('a key that the cluster and hosts have is of the cluster where all nodes say the same, and else of hosts', () => {
  const delays = (own: [string, string], all: string) => {
    const { cluster, hosts: nodes } = loadInventory(pair('both', own, `keepalived_preempt=yes\n${all}`))
    return [cluster.preempt_delay, ...nodes.map(({ preempt_delay }) => preempt_delay)]
  }
  assert.equal(delays(['', ''], 'keepalived_preempt_delay=30\n'), [30, undefined, undefined])
  assert.equal(delays(['keepalived_preempt_delay=40', ''], 'keepalived_preempt_delay=30\n').slice(1), [40, 30])
})

test('what an INI file can not say by itself: maps and true in groups of variables, numbers that are names', () => {
  const file = pair(
    'typed',
    ['keepalived_identity=7 ansible_user=1000', `keepalived_second='{"address": "10.2.1.7"}'`],
    'keepalived_service={"type": "http", "managed": false, "port": 8080}\nkeepalived_preempt=yes\n',
  )
  const { cluster, hosts: nodes, place } = loadInventory(file)
  assert.equal([cluster.services.http?.type, cluster.preempt], ['http', true])
  assert.equal([nodes[0]!.identity, nodes[0]!.ssh.user, nodes[1]!.second?.address], ['7', '1000', '10.2.1.7'])
  // Refusals that come later call it by the same words.
  assert.is(place(['hosts', 'a.x', 'address']), `${file}: ansible_host of a.x`)
  assert.is(place(['cluster', 'services', 'http', 'port']), `${file}: keepalived_service.port`)
})

test('a value that is wrong is told by its variable, and what does not map is told too', () => {
  const wrong = write(
    'wrong/hosts.ini',
    '[dns]\na ansible_host=10.2.1.2\nb ansible_host=10.2.9.3\n[dns:vars]\nkeepalived_vip=10.2.1\nkeepalived_network=10.2.1.0/24\n',
  )
  assert.is(
    why(wrong),
    `${wrong}: keepalived_vip: must be an IPv4 address, got "10.2.1"\n` +
      `${wrong}: ansible_host of b: must be in keepalived_network 10.2.1.0/24, got "10.2.9.3"`,
  )
  const two = write(
    'two/hosts.ini',
    `[a]\na1 ansible_host=10.2.1.2\na2 ansible_host=10.2.1.3\n[a:vars]\nkeepalived_vip=10.2.1.5\n[b]\nb1 ansible_host=10.2.1.12\nb2 ansible_host=10.2.1.13 ansible_connection=local\n[b:vars]\nkeepalived_vip=10.2.1.15\n[all:vars]\nkeepalived_network=10.2.1.0/24\nkeepalived_vipp=1\nansible_ssh_extra_args=-v\n`,
  )
  assert.is(
    why(two),
    `${two}: keepalived_vip of b1 is not that of a1: one cluster at a time, by its group: ${two}:GROUP`,
  )
  const inventory: Inventory = loadInventory(`${two}:b`)
  assert.is(inventory.cluster.vip, '10.2.1.15')
  assert.equal(inventory.notes, [
    'keepalived_vipp is no key of cluster or of a host, and says nothing',
    'ansible_ssh_extra_args has no meaning here: what it says of SSH goes into ~/.ssh/config',
    'ansible_connection of b2 is "local", which has no meaning here: SSH is as ~/.ssh/config says, and sudo makes root',
  ])
  const template = write('template/hosts.ini', `${hosts}[dns:vars]\nkeepalived_vip={{ x }}\n`)
  assert.is(
    why(template),
    `${template}: keepalived_vip of ns2 is a template, which ansible-inventory does not fill in: give its value`,
  )
  assert.is(why(`${two}:c`), `${two}: there is no group c`)
  assert.match(why(`${ini}:web`), 'no host has the variable keepalived_vip')
})

test('what is the same on all nodes is said of all of them: of some alone it is refused, whichever', () => {
  const only = (host: string, other: string) =>
    `keepalived_preempt is said of ${host}, and not of ${other}: it is the same on all nodes, so say it for all, as for their group`
  const of = (name: string, ...more: [string, string]) => pair(name, more)
  const [first, second] = [of('first', 'keepalived_preempt=true', ''), of('second', '', 'keepalived_preempt=true')]
  assert.is(why(first), `${first}: ${only('a.x', 'b')}`)
  assert.is(why(second), `${second}: ${only('b', 'a.x')}`)
  const differ = of('differ', 'keepalived_preempt=true', 'keepalived_preempt=false')
  assert.match(why(differ), 'keepalived_preempt of b is not that of a.x')
  assert.ok(loadInventory(of('same', 'keepalived_preempt=true', 'keepalived_preempt=yes')).cluster.preempt)
})

test('a host that has what nodes have, and no virtual IP, is told', () => {
  const forgotten = write(
    'forgotten/hosts.ini',
    '[dns]\na ansible_host=10.2.1.2 keepalived_vip=10.2.1.5\nb ansible_host=10.2.1.3 keepalived_vip=10.2.1.5\n' +
      'c ansible_host=10.2.1.4 keepalived_identity=x\nd keepalived_client=true keepalived_identity=y\n' +
      '[all:vars]\nkeepalived_network=10.2.1.0/24\nkeepalived_interface=eth1\n',
  )
  assert.equal(loadInventory(forgotten).notes, ['c has keepalived_identity and no keepalived_vip, so it is no node'])
})

test('where Ansible is not installed, or a vault stays closed, that is told', () => {
  const path = process.env.PATH
  const configured = process.env.ANSIBLE_CONFIG!
  try {
    process.env.ANSIBLE_CONFIG = write(
      'closed.cfg',
      readFileSync(configured, 'utf8').replace('vault-password', 'other-password'),
    )
    write('other-password', 'wrong\n')
    assert.throws(
      () => loadInventory(ini),
      /hosts\.ini: keepalived_auth_pass of ns2: a value of a vault can not be read: ansible-vault ended with exit code 1; give Ansible/,
    )
    process.env.PATH = '/nowhere'
    assert.throws(
      () => loadInventory(ini),
      /hosts\.ini: ansible-inventory can not be run: there is no program ansible-inventory: install ansible-core here/,
    )
  } finally {
    process.env.PATH = path
    process.env.ANSIBLE_CONFIG = configured
  }
})

test.run()
