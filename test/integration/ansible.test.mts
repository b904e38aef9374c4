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

test('a value that is wrong is told by its variable, and what does not map is told too', () => {
  const wrong = write(
    'wrong/hosts.ini',
    '[dns]\na ansible_host=10.2.1.2\nb ansible_host=10.2.9.3\n[dns:vars]\nkeepalived_vip=10.2.1\nkeepalived_network=10.2.1.0/24\n',
  )
  const why = (file: string) => {
    try {
      loadInventory(file)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  assert.is(
    why(wrong),
    `${wrong}: keepalived_vip: cluster.vip: must be an IPv4 address, got "10.2.1"\n` +
      `${wrong}: b keepalived_address: hosts.b.address: must be in cluster.network 10.2.1.0/24, got "10.2.9.3"`,
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

test('where Ansible is not installed, or a vault stays closed, that is told', () => {
  const path = process.env.PATH
  const configured = process.env.ANSIBLE_CONFIG!
  try {
    process.env.ANSIBLE_CONFIG = write(
      'closed.cfg',
      readFileSync(configured, 'utf8').replace('vault-password', 'other-password'),
    )
    write('other-password', 'wrong\n')
    assert.throws(() => loadInventory(ini), /a value of a vault can not be read: ansible-vault ended with exit code 1/)
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
