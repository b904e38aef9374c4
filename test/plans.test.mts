// Plan functions by the table: what a probe printed, and what the task makes of it. No host but this one is needed.
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Host } from '../inventory/types.ts'

import { factsProbe, parseFacts } from '../engine/runner/facts.ts'
import { localTransport } from '../engine/transport/local.ts'
import { makePlan } from '../engine/runner/plan.ts'
import { sh } from '../engine/base/sh.ts'
import { type Planned, type Task, unchanged } from '../engine/runner/task.ts'
import { withSerial } from '../services/dns/zone.ts'
import { file } from '../tasks/file.ts'
import { packages } from '../tasks/packages.ts'
import { iptables } from '../tasks/os/firewall/iptables.ts'
import { kernelModule } from '../tasks/kernel-module.ts'
import { line } from '../tasks/line.ts'
import { service } from '../tasks/service.ts'
import { twoInterfaces } from '../tasks/cluster/ipvs.ts'
import { sysctl } from '../tasks/sysctl.ts'
import { change, facts, type Row } from './planned.ts'

const [moduleFile, moduleLive] = kernelModule('ip_vs')
const [sysctlFile, forward] = sysctl('/etc/sysctl.d/x.conf', { 'net.ipv4.ip_forward': 1 })
const named = service('named', { reloadOn: ['/etc/bind/zone'] })
/** @param loaded the second in which the service was loaded @param written and its file, in the same minute */
const state = (active: string, enabled: string, reload: string, loaded: string, written?: string) =>
  [
    `UnitFileState=${enabled}\nActiveState=${active}\nNeedDaemonReload=${reload}`,
    `StateChangeTimestamp=${loaded && `Tue 2026-11-24 23:38:${loaded} UTC`}`,
    ...(written ? [`written=${Date.parse('2026-11-24T23:38:00Z') / 1000 + Number(written)}`] : []),
    '',
  ].join('\n')

const rows: Row[] = [
  ['install: all there', packages({ facts }, 'a', 'b'), 'a\ninstalled\nb\ninstalled\n', undefined],
  ['install: one missing', packages({ facts }, 'a', 'b'), 'a\ninstalled\n', 'a'],
  ['install: removed, configuration left', packages({ facts }, 'a'), 'a\n', ''],
  ['install: a name that begins like another', packages({ facts }, 'bind9'), 'bind9-dnsutils\ninstalled\n', ''],
  ['file: absent', file('/f', 'x\n'), '', ''],
  ['file: right', file('/f', 'x\n'), 'x\n\ntext|regular file|644|root:root\n', undefined],
  ['file: empty and wanted so', file('/f', ''), '\ntext|regular empty file|644|root:root\n', undefined],
  [
    'file: no last newline',
    file('/f', 'x\n'),
    'x\ntext|regular file|644|root:root\n',
    '# mode 644, owner root:root\nx',
  ],
  ['file: wrong mode', file('/f', 'x\n'), 'x\n\ntext|regular file|666|root:root\n', '# mode 666, owner root:root\nx\n'],
  [
    'file: wrong owner',
    file('/f', 'x\n'),
    'x\n\ntext|regular file|644|bind:bind\n',
    '# mode 644, owner bind:bind\nx\n',
  ],
  ['line: there', line('/f', 'x'), '3:x\n', undefined, 0],
  ['line: not there', line('/f', 'x'), '', '', 1],
  ['line: no such file', line('/f', 'x'), '', '', 2],
  ['module file: absent', moduleFile!, '', ''],
  ['module: loaded', moduleLive!, '', undefined, 0],
  ['module: not loaded', moduleLive!, '', '', 1],
  ['sysctl file: absent', sysctlFile!, '', ''],
  ['sysctl: right', forward!, '/proc/sys/net/ipv4/ip_forward=1\n', undefined],
  ['sysctl: wrong', forward!, '/proc/sys/net/ipv4/ip_forward=0\n', 'net.ipv4.ip_forward = 0'],
  ['sysctl: another is right', forward!, '/proc/sys/net/ipv4/ip_forward_use_pmtu=1\n', ''],
  ['sysctl: the key does not exist yet', forward!, '', '', 1],
  ['service: as wanted', named, state('active', 'enabled', 'no', '10.500000', '10.4'), undefined],
  ['service: as wanted, systemd tells whole seconds', named, state('active', 'enabled', 'no', '10', '9.9'), undefined],
  [
    'service: file newer than its load',
    named,
    state('active', 'enabled', 'no', '10.500000', '10.6'),
    'named: enabled, running, not up to date',
  ],
  [
    'service: stopped',
    named,
    state('inactive', 'enabled', 'no', '10.500000'),
    'named: enabled, not running, not up to date',
  ],
  [
    'service: failed',
    named,
    state('failed', 'enabled', 'no', '10.500000'),
    'named: enabled, not running, not up to date',
  ],
  [
    'service: not enabled',
    named,
    state('active', 'disabled', 'no', '10.500000'),
    'named: not enabled, running, up to date',
  ],
  [
    'service: enabled by netplan, below /run',
    service('systemd-networkd'),
    state('active', 'enabled-runtime', 'no', '10.500000'),
    undefined,
  ],
  [
    'service: enabled until the next boot',
    named,
    state('active', 'enabled-runtime', 'no', '10.500000'),
    'named: not enabled, running, up to date',
  ],
  [
    'service: unit changed',
    named,
    state('active', 'enabled', 'yes', '10.500000'),
    'named: enabled, running, not up to date',
  ],
  [
    'service: not installed',
    named,
    'UnitFileState=\nActiveState=inactive\nNeedDaemonReload=no\n',
    'named: not enabled, not running, not up to date',
  ],
]
for (const [name, task, printed, before, code] of rows) {
  test(name, () => assert.is(change(task, printed, code)?.before, before))
}

test('sysctl: the dot of a VLAN is no separator, and an interface that is gone is no failure', () => {
  const second = { interface: 'eth0.20', address: '10.2.1.6' }
  const vlans = twoInterfaces({ interface: 'eth0.10', second } as Host)
  const [bootFile, first] = sysctl('/etc/sysctl.d/x.conf', vlans)
  assert.match(change(bootFile!, '')!.after, '\nnet.ipv4.conf.eth0/10.rp_filter = 2\n')
  const { apply, undo } = change(first!, '/proc/sys/net/ipv4/conf/eth0.10/rp_filter=1\n')!
  assert.is(apply.text, 'echo 2 >/proc/sys/net/ipv4/conf/eth0.10/rp_filter')
  assert.match(undo.text, /^\[ ! -e \S+eth0\.10\/rp_filter \] \|\| echo 1 >/)
})

test('file: anything but a regular file is refused', () => {
  assert.throws(() => change(file('/f', 'x'), '\ntext|symbolic link|777|root:root\n'), /\/f is a symbolic link/)
})

test('file: undo brings back the old bytes, mode and owner', () => {
  const undo = change(
    file('/f', 'x'),
    `${Buffer.from([0xff, 0]).toString('base64')}\nbase64|regular file|600|bind:bind\n`,
  )!.undo.text
  assert.match(undo, '/wA=')
  assert.match(undo, 'chmod 600')
  assert.match(undo, 'chown bind:bind')
})

test('service: what it will be is told', () => {
  const { after } = change(named, state('inactive', 'disabled', 'no', ''))!
  assert.is(after, 'named: enabled, running, up to date')
})

test('service: one that is masked is refused', () => {
  // Of a mask until the next boot, systemctl takes nothing away without the option.
  for (const [state, command] of [
    ['masked', 'unmask named'],
    ['masked-runtime', 'unmask --runtime named'],
  ])
    assert.throws(
      () => change(named, `UnitFileState=${state}\nActiveState=inactive\nNeedDaemonReload=no\n`),
      new RegExp(`^named is masked, so that nothing starts it: systemctl ${command}$`),
    )
})

test('service: a reload is owed when an earlier task changes its file, and a restart where it cannot reload', () => {
  const planned: Planned = { changes: (path) => path === '/etc/bind/zone' }
  const running = state('active', 'enabled', 'no', '10.500000')
  assert.match(change(named, running, 0, planned)!.apply.text, 'systemctl reload-or-restart named')
  const restarts = service('snmpd', { restartOn: ['/etc/bind/zone'] })
  assert.match(change(restarts, running, 0, planned)!.apply.text, 'systemctl restart snmpd')
})

test('service: a changed drop-in makes systemd read it, and leaves the service running', () => {
  const task = service('keepalived', { unitFiles: ['/drop-in'] })
  const { text } = change(task, state('active', 'enabled', 'no', '10.500000'), 0, {
    changes: (path) => path === '/drop-in',
  })!.apply
  assert.match(text, 'systemctl daemon-reload')
  // Its [Install] section may be another.
  assert.match(text, 'systemctl enable -q keepalived')
  assert.not.match(text, 'restart')
})

test('zone: the serial grows when the zone changes, and only then', () => {
  const zone = (text: string) => withSerial((serial) => `${text} ${serial} ; serial`, 1000)
  assert.is(zone('a')(undefined), 'a 1000 ; serial')
  assert.is(zone('a')('a 1000 ; serial'), 'a 1000 ; serial')
  assert.is(zone('b')('a 1000 ; serial'), 'b 1001 ; serial')
  assert.is(zone('b')('a 5 ; serial'), 'b 1000 ; serial')
})

const ours = '-A INPUT -i eth0 -p vrrp -m comment --comment keepalived-playbooks-in -j ACCEPT'
const [, rules] = iptables.tasks(
  [{ name: 'in', accept: 'in', interface: 'eth0', protocol: '112' }],
  [{ device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }],
)
const saved = (...chain: string[]) => `*filter\n${chain.join('\n')}\nexact keepalived-playbooks-in\n`
const placed: [name: string, chain: string[], right: boolean][] = [
  ['alone', [ours], true],
  ['twice', [ours, ours], false],
  ['before a drop', [ours, '-A INPUT -j DROP'], true],
  ['behind a drop', ['-A INPUT -j DROP', ours], false],
  ['behind a drop of another protocol', ['-A INPUT -p tcp -j DROP', ours], true],
  ['behind a drop of VRRP', ['-A INPUT -p vrrp -j DROP', ours], false],
  ['behind a drop of all but TCP', ['-A INPUT ! -p tcp -j DROP', ours], false],
  ['behind a drop on another interface', ['-A INPUT -i eth1 -j DROP', ours], true],
  ['behind a drop on all interfaces of a kind', ['-A INPUT -i eth+ -j DROP', ours], false],
  ['behind an accept', ['-A INPUT -j ACCEPT', ours], true],
  ['behind a log', ['-A INPUT -j LOG', ours], true],
  ['behind a chain that may drop', ['-A INPUT -j ufw-before-input', ours], false],
  ['behind a chain for SSH', ['-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd', ours], true],
  ['a drop in another chain', ['-A FORWARD -j DROP', ours], true],
]
for (const [name, chain, right] of placed) {
  test(`iptables: ${name}`, () => assert.is(change(rules!, saved(...chain)) === undefined, right))
}

test('iptables: a rule with our comment and other words is replaced', () => {
  const found = change(rules!, `*filter\n${ours.replace('ACCEPT', 'DROP')}\n`)!
  assert.is(found.before, ours.replace('ACCEPT', 'DROP'))
  assert.match(found.apply.text, '-I INPUT 1 -p 112')
})

test('plan: each task knows what those before it change', () => {
  const writes: Task = {
    name: 'writes',
    probe: sh`true`,
    resources: ['/f'],
    plan: () => ({ before: '', after: 'x', apply: sh`true`, undo: sh`true` }),
  }
  const asks: Task = {
    ...writes,
    name: 'asks',
    resources: [],
    plan: (_, planned) => (planned.changes('/f') ? unchanged('asked') : unchanged()),
  }
  const printed = [
    { text: '', code: 0 },
    { text: '', code: 0 },
  ]
  assert.is(makePlan([writes, asks], printed).unchanged[0]!.why, 'asked')
  assert.is(makePlan([asks, writes], printed).unchanged[0]!.why, undefined)
})

test('facts: a distribution, those that it is like, and the mode of SELinux', () => {
  const found = parseFacts('os=Rocky Linux 9\nids=rocky rhel centos fedora\nselinux=Enforcing\ninit=systemd\n')
  assert.equal(found.ids, ['rocky', 'rhel', 'centos', 'fedora'])
  assert.is(found.selinux, 'enforcing')
  assert.equal(parseFacts('ids= \n').ids, [])
})

test('facts: what this machine says of itself', async () => {
  const { stdout } = await localTransport().run(factsProbe.text, { timeout: 60 })
  const { hostname, kernel, bootId, init, now, os, selinux } = parseFacts(stdout.toString())
  const files = ['sys/kernel/hostname', 'sys/kernel/osrelease', 'sys/kernel/random/boot_id', '1/comm']
  assert.equal(
    [hostname, kernel, bootId, init],
    files.map((name) => readFileSync(`/proc/${name}`, 'utf8').trim()),
  )
  assert.match(readFileSync('/etc/os-release', 'utf8'), `PRETTY_NAME="${os}"`)
  assert.ok(Math.abs(now - Date.now() / 1000) < 3600)
  assert.match(selinux, /^(enforcing|permissive|disabled|absent)$/)
})

test.run()
