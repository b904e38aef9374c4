// What a node gets, made by real bash in a folder; the system's commands only write down what they were told.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadInventory } from '../inventory/load.ts'
import { type Facts, parseFacts } from '../engine/runner/facts.ts'
import { type Change, flatten, isChange, type Task, tasksOf } from '../engine/runner/task.ts'
import { hostName } from '../tasks/host-name.ts'
import { kernelModule } from '../tasks/kernel-module.ts'
import { service } from '../tasks/service.ts'
import { ipvs } from '../tasks/cluster/ipvs.ts'
import { virtualMac } from '../tasks/cluster/virtual-mac.ts'
import { allowVrrp, firewall } from '../tasks/cluster/firewall.ts'
import { network } from '../tasks/cluster/network.ts'
import { routes, routesWatch } from '../tasks/cluster/routes.ts'
import { clusterPackages } from '../tasks/cluster/packages.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { keepalivedConf } from '../tasks/cluster/keepalived-conf.ts'
import { snmpd } from '../tasks/cluster/snmpd.ts'
import { targetOf } from '../tasks/target.ts'
import { folder, inFreshFolders, path } from './engine-host.ts'
import { changeOf, make, system, tell } from './made-up-commands.ts'

inFreshFolders()
test.before.each(() => mkdirSync(folder))

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const facts: Facts = parseFacts(
  'os=Debian\nids=debian\ninit=systemd\nhostname=one\nnow=1\nselinux=absent\nlink=eth0\nnetworkd=/etc/systemd/network/lan.network\n',
)
const target = targetOf(inventory, inventory.hosts[0]!, facts)

const writing = (tasks: readonly Task[], file: string) => tasks.find(({ resources }) => resources?.includes(file))!
const keepalivedFile = changeOf(writing(keepalived(target, 3), keepalivedConf))
const written = path(keepalivedConf)

const modes: [name: string, change: Change, file: string, mode: number][] = [
  ['keepalived.conf holds the password', keepalivedFile, keepalivedConf, 0o640],
  ['snmpd.conf holds the community', changeOf(snmpd(target)[0]!), '/etc/snmp/snmpd.conf.d/keepalived.conf', 0o600],
]
const scripts: [tasks: Task[], name: string][] = [
  [keepalived(target, 3), 'keepalived-notify.sh'],
  [routes(target), 'routes.sh'],
  [firewall(target, 3, allowVrrp), 'iptables.sh'],
]
for (const [tasks, name] of scripts) {
  const file = `/etc/keepalived/${name}`
  modes.push([`${name} can be run`, changeOf(writing(tasks, file)), file, 0o755])
}
for (const [name, { apply }, file, mode] of modes) {
  test(`file modes: ${name}`, () => {
    assert.is(make(apply.text, { keepalived: '' }).status, 0)
    const { mode: found, uid } = statSync(path(file))
    assert.equal([found & 0o777, uid], [mode, 0])
  })
}

const tests: [name: string, keepalived: string, refused?: RegExp][] = [
  ['has nothing to say', 'grep -q router_id "$3"'],
  ['ends by a TERM of its own', 'kill -TERM $$; exit 0'],
  ['fails', 'echo no such interface; exit 4', /refuses the new configuration \(exit code 4\): no such interface/],
  ['warns', 'echo "(Line 7) unknown keyword" >&2', /refuses .* \(exit code 0\): \(Line 7\) unknown keyword/],
]
for (const [name, text, refused] of tests) {
  test(`keepalived.conf: keepalived -t ${name}`, () => {
    mkdirSync(path('etc/keepalived'), { recursive: true })
    writeFileSync(written, 'before')
    const { status, stdout } = make(keepalivedFile.apply.text, {
      keepalived: `[ "$1 $2" = "-t -f" ] || exit 9\n${text}`,
    })
    if (refused) assert.match(stdout, refused)
    assert.is(status, refused ? 1 : 0, stdout)
    assert.is(readFileSync(written, 'utf8') === 'before', refused !== undefined)
    // The new file is gone, whatever became of it.
    assert.equal(readdirSync(path('etc/keepalived')), ['keepalived.conf'])
  })
}

test('keepalived: files before the service, a drain file for each node where it balances', () => {
  const resources = (level: 1 | 3) => keepalived(target, level).flatMap((task) => task.resources ?? [])
  const names = inventory.hosts.map(({ name }) => `/etc/keepalived/drain/${name}`)
  assert.equal(
    resources(1).filter((file) => file.includes('/drain/')),
    [],
  )
  assert.equal(
    resources(3).filter((file) => file.includes('/drain/')),
    names,
  )
  assert.match(keepalived(target, 3).at(-1)!.name, 'service keepalived')
})

test('keepalived: what drains a node stays, anything else becomes 0', () => {
  const flag = writing(keepalived(target, 3), '/etc/keepalived/standby')
  const found = (text: string) => `${text}\ntext|regular file|644|root:root\n`
  const plan = (text: string) => flag.plan({ text: found(text), code: 0 }, { changes: () => false })
  assert.equal(
    ['0\n', '1\n', '1'].map((text) => isChange(plan(text))),
    [false, false, false],
  )
  assert.match(changeOf(flag, found('yes\n')).after, /\n0\n$/)
  assert.match(changeOf(flag).after, /\n0\n$/)
})

test('packages of a level: the service, what every level needs, and its own', () => {
  const named = (level: 1 | 2 | 3) => clusterPackages(target, level).name.replace('install ', '').split(', ')
  const common = ['bind9', 'bind9-dnsutils', 'iptables', 'keepalived']
  assert.equal(
    [1, 2, 3].map((level) => named(level as 1 | 2 | 3).filter((name) => name !== 'snmpd')),
    [
      [...common, 'netcat-openbsd'],
      [...common, 'ipvsadm'],
      [...common, 'ipvsadm'],
    ],
  )
  const { cluster } = target
  const snmp = (enabled: boolean) => ({ ...target, cluster: { ...cluster, snmp: { ...cluster.snmp, enabled } } })
  assert.ok(clusterPackages(snmp(true), 1).name.includes('snmpd'))
  assert.not.ok(clusterPackages(snmp(false), 1).name.includes('snmpd'))
  assert.equal(snmpd(snmp(false)), [])
})

test('routes: a host that has them is left alone', () => {
  const task = routes(target).at(-1)!
  const ip = `case $* in
    *rule*) echo '1020: from 10.2.1.2 lookup 20'; echo '1021: from 10.2.1.6 lookup 21' ;;
    *'table 20') echo '10.2.1.0/24 dev eth0 scope 253 src 10.2.1.2' ;;
    *'table 21') echo 'default via 10.2.1.5 dev eth1'; echo '10.2.1.5 dev eth1 scope 253' ;;
  esac`
  const { stdout } = make(task.probe.text, { ip })
  assert.not.ok(isChange(task.plan({ text: stdout, code: 0 }, { changes: () => false })))
})

test('host name: a host that finds itself is left alone; otherwise a line makes it', () => {
  const task = hostName(target)
  assert.not.ok(isChange(task.plan({ text: '10.2.1.2 STREAM one\n', code: 0 }, { changes: () => false })))
  mkdirSync(path('etc'))
  writeFileSync(path('etc/hosts'), '127.0.0.1 localhost\n')
  const { apply, undo } = changeOf(task)
  make(apply.text, {})
  assert.is(readFileSync(path('etc/hosts'), 'utf8'), `127.0.0.1 localhost\n${target.host.address} one\n`)
  make(undo.text, {})
  assert.is(readFileSync(path('etc/hosts'), 'utf8'), '127.0.0.1 localhost\n')
  rmSync(path('etc/hosts'))
  assert.is(make(undo.text, {}).status, 0)
  assert.not.ok(existsSync(path('etc/hosts')))
})

test('kernel module: loaded and unloaded; one in use is left', () => {
  const { apply, undo } = changeOf(kernelModule('ip_vs')[1]!)
  assert.equal(make(apply.text, { modprobe: tell('modprobe') }).log, ['modprobe -- ip_vs'])
  const used = make(undo.text, { modprobe: tell('modprobe', 'exit 1') })
  assert.equal([used.status, used.log], [0, ['modprobe -r -- ip_vs']])
})

test('sysctl: what the kernel needs to balance, and level 3 for its two interfaces', () => {
  const settings = (level: 2 | 3, cluster = inventory.cluster) =>
    tasksOf(flatten(ipvs({ ...target, cluster }, level))).flatMap(
      ({ name }) => name.match(/^sysctl net\.ipv4\.(.*)/)?.[1] ?? [],
    )
  const balancing = [
    ...['ip_forward = 1', 'vs.conntrack = 1', 'vs.expire_nodest_conn = 1', 'vs.sloppy_tcp = 1'],
    'conf.eth0.forwarding = 1',
  ]
  assert.equal(settings(2), balancing)
  const ofTwo = ['rp_filter = 2', 'arp_ignore = 1', 'arp_announce = 2']
  const devices = ['eth0', 'eth1'].flatMap((device) => ofTwo.map((setting) => `conf.${device}.${setting}`))
  assert.equal(settings(3), [...balancing, ...devices])
  const persisting = { ...inventory.cluster, balancing: { ...inventory.cluster.balancing, persistence: 60 } }
  assert.equal(settings(2, persisting), [...balancing, 'vs.expire_quiescent_template = 1'])
})

test('sysctl: with a virtual MAC, interfaces ask for neighbours in their own name', () => {
  const names = (cluster: typeof inventory.cluster) =>
    tasksOf(flatten(virtualMac({ ...target, cluster }))).flatMap(({ name }) => name.match(/^sysctl (.*)/)?.[1] ?? [])
  const [first] = inventory.cluster.instances
  const instances = [first!, { ...first!, name: 'inside', interface: 'bond0.7' }]
  assert.equal(names({ ...inventory.cluster, instances }), [])
  assert.equal(names({ ...inventory.cluster, instances, vmac: true }), [
    'net.ipv4.conf.eth0.arp_announce = 2',
    'net.ipv4.conf.bond0/7.arp_announce = 2',
  ])
})

/** @returns what systemd is told to do, without what it is asked */
const orders = (script: string) =>
  make(script, system)
    .log.map((call) => call.replace('systemctl ', ''))
    .filter((call) => !/^(show|cat) /.test(call))

const networkd = parseFacts('ids=debian\ninit=systemd\nlink=eth0\nnetworkd=/etc/systemd/network/lan.network\n')
const readers: [tasks: Task[], file: string, told: string][] = [
  [keepalived(target, 3), keepalivedConf, 'reload-or-restart keepalived'],
  [snmpd(target), '/etc/snmp/snmpd.conf.d/keepalived.conf', 'restart snmpd'],
  [firewall(target, 3, allowVrrp), '/etc/keepalived/iptables.sh', 'restart keepalived-iptables.service'],
  [routesWatch(target), '/etc/keepalived/routes.sh', 'restart keepalived-routes.service'],
  [
    network({ ...target, facts: networkd }, 1),
    '/etc/systemd/network/lan.network.d/keepalived.conf',
    'restart systemd-networkd',
  ],
]
for (const [tasks, file, told] of readers) {
  test(`a service takes up a file that has changed: ${told}`, () => {
    const task = tasks.find(({ name }) => name.startsWith('service '))!
    const running = 'UnitFileState=enabled\nActiveState=active\nNeedDaemonReload=no\n'
    const plan = (changed: boolean) =>
      task.plan({ text: running, code: 0 }, { changes: (path) => changed && path === file })
    assert.not.ok(isChange(plan(false)))
    const answer = plan(true)
    assert.ok(isChange(answer))
    assert.equal(orders((answer as Change).apply.text), [told])
  })
}

const states: [name: string, active: string, enabled: string, apply: string[], undo: string[]][] = [
  [
    'stopped and not enabled',
    'inactive',
    'disabled',
    ['is-enabled x', 'enable -q x', 'reset-failed x', 'restart x'],
    ['disable -q x', 'stop x', 'daemon-reload'],
  ],
  [
    'running and not enabled',
    'active',
    'disabled',
    ['is-enabled x', 'enable -q x'],
    ['disable -q x', 'daemon-reload', 'reload-or-restart x'],
  ],
  [
    'stopped and enabled',
    'inactive',
    'enabled',
    ['reset-failed x', 'restart x'],
    ['is-enabled x', 'enable -q x', 'stop x', 'daemon-reload'],
  ],
]
for (const [name, active, enabled, applied, undone] of states) {
  test(`service: ${name}`, () => {
    const { apply, undo } = changeOf(
      service('x'),
      `UnitFileState=${enabled}\nActiveState=${active}\nNeedDaemonReload=no\n`,
    )
    assert.equal(orders(apply.text), applied)
    // The rest waits until the files are back.
    assert.equal(
      orders(`at_end() { late+=("$*"); }\nlate=()\n${undo.text}\nfor one in "\${late[@]}"; do $one; done`),
      undone,
    )
  })
}

test.run()
