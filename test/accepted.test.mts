// What keepalived, and the host without it, say of a configuration before anything is changed: tried in a namespace, with the
// words of keepalived 2.2.7, and with keepalived itself where it is installed.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../engine/base/sh.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, isChange, type Planned, tasksOf } from '../engine/runner/task.ts'
import type { Level } from '../inventory/levels.ts'
import { schema } from '../inventory/schema.ts'
import { command, interfaceName } from '../inventory/values.ts'
import { servicesOf } from '../services/all.ts'
import { accepted } from '../tasks/accepted.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { configuration, keepalivedConf } from '../tasks/cluster/keepalived-conf.ts'
import { refusal } from '../tasks/cluster/keepalived-refusal.ts'
import { namedFor, namedOnHost } from '../tasks/cluster/named-on-host.ts'
import { installedPackages } from '../tasks/packages.ts'
import { targetOf } from '../tasks/target.ts'
import { cluster, file, load } from './inventory/samples.mts'

const folder = mkdtempSync(join(tmpdir(), 'accepted-'))
test.after(() => rmSync(folder, { recursive: true }))

const nothing: Planned = { changes: () => false }
const changing = (...words: string[]): Planned => ({ changes: (word) => word !== undefined && words.includes(word) })

function target(text: string, level: Level = 2) {
  const inventory = load(text, { level })
  return targetOf(inventory, inventory.hosts[0]!, parseFacts('ids=debian\ninit=systemd'))
}

/** A program that judges: it refuses lines with "bad", and needs what stands beside its file. */
const judge = (program: string) => ({
  program,
  validate: sh`[ -e "\${file%/*}/beside" ] || echo 'nothing beside'; ! grep -n bad "$file"`,
  refusal: (said: string, code: number, planned: Planned) =>
    planned.changes('later') ? undefined : `refused ${code}: ${said}`,
})

const etc = join(folder, 'etc')
const path = join(etc, 'some.conf')

/** @returns what a plan says: a refusal, or `fine` */
function tried(content: string, { program = 'bash', planned = nothing } = {}): string {
  const task = accepted(path, content, judge(program))
  const text = execFileSync('unshare', ['--map-root-user', 'bash', '-c', task.probe.text], { encoding: 'utf8' })
  try {
    const answer = task.plan({ text, code: 0 }, planned)
    assert.not.ok(isChange(answer))
    return 'why' in answer ? answer.why! : 'fine'
  } catch (error) {
    return (error as Error).message
  }
}

test('a file is judged in its place before it is written, and the host stays as it was', () => {
  mkdirSync(etc)
  writeFileSync(join(etc, 'beside'), '')
  assert.is(tried('bad\n'), 'refused 1: 1:bad')
  assert.equal(readdirSync(etc), ['beside'])
  writeFileSync(path, 'old\n')
  assert.is(tried("good\nit's $bad\n"), "refused 1: 2:it's $bad")
  assert.is(tried('good\n'), 'fine')
  assert.is(readFileSync(path, 'utf8'), 'old\n')
})

test('a file that is right already is not judged, nor one whose program is not there yet, nor one that later tasks mend', () => {
  assert.is(tried('bad\n', { program: 'no-such-program' }), 'fine')
  assert.is(tried('bad\n', { planned: changing('later') }), 'bash can judge it only after earlier changes')
  writeFileSync(path, 'bad\n')
  assert.is(tried('bad\n'), 'fine')
})

const own = (block: string, ...lines: string[]) => cluster('keepalived:', `  ${block}: [${lines.join(', ')}]`)
const lineOf = (text: string, level: Level, wanted: string) =>
  configuration(target(text, level), level)
    .split('\n')
    .findIndex((row) => row.trim() === wanted) + 1

test("a line of the user's own is told by its place in the inventory, once for all of its blocks", () => {
  const text = own('virtual_server', 'alpha', 'foo bar')
  const first = lineOf(text, 2, 'foo bar')
  const said = `(${keepalivedConf}: Line ${first}) Unknown keyword 'foo'\n(${keepalivedConf}: Line ${first + 41}) Unknown keyword 'foo'`
  assert.is(
    refusal(target(text), 2, said, 5, nothing),
    'keepalived -t refuses the configuration that this run would write (exit code 5):\n' +
      `${file}:5:29 cluster.keepalived.virtual_server[1] "foo bar": Unknown keyword 'foo'\n` +
      'Correct that in the inventory or on the host, and run again',
  )
})

test('a line of one instance is told by its place there', () => {
  const text = cluster('instances: { W: { vip: 10.2.1.8, keepalived: [foo bar] } }')
  const line = lineOf(text, 1, 'foo bar')
  assert.match(
    refusal(target(text), 1, `(Line ${line}) Unknown keyword 'foo'`, 5, nothing)!,
    `\n${file}:4:49 cluster.instances.W.keepalived[0] "foo bar": Unknown keyword 'foo'\n`,
  )
})

test('a line of one host is told by its place there, and stands on no other', () => {
  const text = cluster().replace('10.2.1.2 }', '10.2.1.2, keepalived: { global: [foo bar], file: [foo bar] } }')
  const lines = ['global', 'file'].map((block, index) => {
    const rows = configuration(target(text, 1), 1).split('\n')
    const line = [rows.findIndex((row) => row.trim() === 'foo bar'), rows.findLastIndex((row) => row === 'foo bar')][
      index
    ]!
    return [block, line + 1] as const
  })
  for (const [block, line] of lines)
    assert.match(
      refusal(target(text, 1), 1, `(Line ${line}) Unknown keyword 'foo'`, 5, nothing)!,
      `hosts.ns1.keepalived.${block}[0] "foo bar": Unknown keyword 'foo'\n`,
    )
  const { cluster: all, hosts } = target(text, 1)
  assert.not.match(configuration({ cluster: all, host: hosts[1]!, hosts }, 1), 'foo bar')
})

test('what follows from such a line is left out, and a line of ours that reads the same is none', () => {
  const text = own('instance', 'priority 300', '"advert_int 1"')
  const line = lineOf(text, 1, 'priority 300')
  const said = `(Line ${line}) number '300' outside range [1, 255]
(Line ${line}) (VI_1) Priority not valid! must be between 1 & 255. Using default 100
(VI_1) something else`
  assert.match(
    refusal(target(text), 1, said, 5, nothing)!,
    `\n${file}:5:16 cluster.keepalived.instance[0] "priority 300": number '300' outside range [1, 255]; (VI_1) Priority not valid! must be between 1 & 255. Using default 100\nCorrect`,
  )
  const ours = lineOf(text, 1, 'advert_int 1')
  assert.match(
    refusal(target(text), 1, `(Line ${ours}) odd`, 5, nothing)!,
    `\n${keepalivedConf}:${ours} "advert_int 1": odd\n`,
  )
})

test('words without a line, of an included file, and none at all', () => {
  const said = (text: string) => refusal(target(cluster()), 1, text, 2, nothing)!.split('\n')[1]
  assert.is(
    said('Disabling track script a due to insecure'),
    `${keepalivedConf}: Disabling track script a due to insecure`,
  )
  assert.is(said('(/etc/more.conf: Line 4) odd'), `${keepalivedConf}: (/etc/more.conf: Line 4) odd`)
  assert.is(said(''), 'it does not say why')
})

test('what packages or earlier tasks bring is left to the run, but for lines of the user', () => {
  const text = own('instance', 'foo bar')
  const missing = 'Disabling track script service since not found/accessible'
  assert.is(refusal(target(text), 1, missing, 5, changing(installedPackages)), undefined)
  const user = `(Line ${lineOf(text, 1, 'user nobody')}) Unable to set uid/gid for script\n(VI_1) track script service not found, ignoring...`
  assert.is(refusal(target(text), 1, user, 5, changing('nobody')), undefined)
  const both = `${missing}\n(Line ${lineOf(text, 1, 'foo bar')}) Unknown keyword 'foo'`
  assert.match(
    refusal(target(text), 1, both, 5, changing(installedPackages))!,
    'cluster.keepalived.instance[0] "foo bar"',
  )
})

const everything = cluster(
  'track_interfaces: [no-eth1, { name: no-eth2, weight: 5 }]',
  'more_vips: [{ address: 10.2.1.8, interface: no-eth3 }]',
  'notify: { master: /etc/absent/a x, backup: /etc/absent/b, fault: /etc/absent/c, stop: /etc/absent/d, user: absent1 }',
  'instances:',
  '  two:',
  '    vip: 10.2.1.9',
  '    interface: no-eth4',
  '    more_vips: [{ address: 10.2.1.10, interface: no-eth5 }]',
  '    notify: { master: /etc/absent/e, backup: /etc/absent/f, fault: /etc/absent/g, stop: /etc/absent/h, user: absent2 }',
  'checks: { one: { command: /etc/absent/i, user: absent3 } }',
  'balancing: { quorum: { up: /etc/absent/j, down: /etc/absent/k }, real_server_up: /etc/absent/l, real_server_down: /etc/absent/m }',
  'services:',
  '  a: { type: tcp, port: 1, check: /etc/absent/n }',
  '  b: { type: udp, port: 2, check: /etc/absent/o }',
)

const elsewhere = cluster(
  'vip_interface: no-eth6',
  'instances:',
  '  two:',
  '    vip: 10.2.1.9',
  '    vip_interface: no-eth7',
  '    track_interfaces: [no-eth8, { name: no-eth9, weight: 5 }]',
  '    checks: { two: { command: /etc/absent/p, user: absent4 } }',
)

interface Node {
  pattern?: string
  properties?: object
  additionalProperties?: unknown
  items?: unknown
  oneOf?: readonly unknown[]
}

test('every key of the inventory that names a program, a user or an interface for keepalived is looked at', () => {
  const user = schema.properties.cluster.properties.notify.properties.user.pattern
  const patterns: (string | undefined)[] = [command.pattern, user, interfaceName.pattern]
  const keys: string[] = []
  // What keys of any name have, and items, stand for one of them each.
  const walk = (node: unknown, where: string) => {
    if (typeof node !== 'object' || node === null) return
    const { pattern, properties, additionalProperties, items, oneOf = [] } = node as Node
    if (patterns.includes(pattern)) keys.push(where)
    for (const [key, value] of Object.entries(properties ?? {})) walk(value, `${where}.${key}`)
    for (const one of [additionalProperties, items, ...oneOf]) walk(one, `${where}.*`)
  }
  walk(schema.properties.cluster, '')
  // Of service and services, those that are one key are one; the interface of all hosts is looked at with each of them.
  const named = keys.filter((key) => key !== '.interface' && !key.startsWith('.service.'))
  const all = [namedFor(target(everything, 2), 2), namedFor(target(elsewhere, 1), 1)].flat()
  const got = all.map(({ path: [, ...rest] }) => `.${rest.join('.')}`)
  const found = got.map((key) =>
    key
      .replace(/^\.(instances|checks|services)\.\w+/, '.$1.*')
      .replace(/\.checks\.\w+/, '.checks.*')
      .replaceAll(/\.\d+/g, '.*'),
  )
  const missing = named.filter((key) => !found.includes(key.replace('.services.*.*.', '.services.*.')))
  assert.equal(missing, [])
})

/** @returns what is said of a host that has nothing of it */
function without(text: string, planned = nothing, level: Level = 2): string[] {
  const task = namedOnHost(target(text, level), level)
  const { stdout, status } = spawnSync('bash', ['-c', task.probe.text], { encoding: 'utf8' })
  try {
    assert.equal(task.plan({ text: stdout, code: status! }, planned), { unchanged: true })
    return []
  } catch (error) {
    return (error as Error).message.split('\n')
  }
}

test('without keepalived, what the inventory names is looked for on the host', () => {
  const said = without(everything)
  assert.is(said.length, 5 + 15 + 3)
  assert.is(without(elsewhere, nothing, 1).length, 4 + 1 + 1)
  assert.ok(
    said.includes(
      `${file}:6:21 cluster.notify.master: there is no program /etc/absent/a on this host that can be run: put it there (chmod 755), then run again`,
    ),
  )
  assert.ok(
    said.includes(
      `${file}:13:50 cluster.checks.one.user: there is no user absent3 on this host: make it (useradd --system absent3), or name another one`,
    ),
  )
  assert.ok(
    said.includes(
      `${file}:4:39 cluster.track_interfaces[1].name: there is no interface no-eth2 on this host: set it up, or name another one`,
    ),
  )
})

test('keepalived is tried with the files that it is to watch, which earlier tasks make, and none of them stays', () => {
  const bin = join(folder, 'watching')
  mkdirSync(bin)
  // As 2.3.3 does with track files.
  const complain = `#!/bin/bash
for path in $(grep -oE '/etc/keepalived/(standby|drain/[a-z0-9]+)' "$3"); do [ -e "$path" ] || echo "realpath() for $path"; done
grep -c 'drain/' "$3" >/etc/asked`
  writeFileSync(join(bin, 'keepalived'), complain, { mode: 0o755 })
  const task = keepalived(target(cluster()), 2).find(({ name }) => name.startsWith('keepalived accepts'))!
  const script = `mount -t tmpfs none /etc && mkdir /etc/keepalived && export PATH=${bin}:$PATH
${task.probe.text}
[ -s /etc/asked ] && ls -A /etc/keepalived`
  const printed = execFileSync('unshare', ['--map-root-user', '--mount', 'bash', '-c', script], { encoding: 'utf8' })
  assert.is(printed, 'judged=0\n\n')
})

test('a unit that systemd does not know is told, where no package brings it', () => {
  const text = cluster('service: { type: tcp, port: 99, unit: postgresq }')
  const task = namedOnHost(target(text), 2)
  const said = (state: string, planned = nothing) => {
    const script = `systemctl() { [ "$*" != 'show -p LoadState -- postgresq' ] || echo LoadState=${state}; }\n${task.probe.text}`
    const printed = { text: execFileSync('bash', ['-c', script], { encoding: 'utf8' }), code: 0 }
    try {
      return task.plan(printed, planned)
    } catch (error) {
      return (error as Error).message
    }
  }
  assert.is(
    said('not-found'),
    `${file}:4:41 cluster.service.unit: systemd knows no postgresq.service on this host: install what brings it, or name another one`,
  )
  assert.equal(said('loaded'), { unchanged: true })
  assert.equal(said('not-found', changing(installedPackages)), { unchanged: true })
  assert.equal(said('not-found', changing('/etc/systemd/system/postgresq.service')), { unchanged: true })
})

test('a unit may be named as systemd does, with its kind', () => {
  for (const unit of ['cups.socket', 'cups.service', 'cups@lp', 'my.app']) {
    const task = namedOnHost(target(cluster(`service: { type: tcp, port: 99, unit: ${unit} }`)), 2)
    const whole = unit.startsWith('cups.') ? unit : `${unit}.service`
    // systemctl(1): what has no kind is a service.
    const script = `systemctl() {
local name=\${!#}
[[ $name =~ [.](service|socket)$ ]] || name=$name.service
[ "$name" = ${whole} ] && echo LoadState=loaded || echo LoadState=not-found
}
${task.probe.text}`
    assert.is(execFileSync('bash', ['-c', script], { encoding: 'utf8' }), '', unit)
    const said = () => task.plan({ text: `unit ${unit}`, code: 0 }, nothing)
    assert.throws(said, (error: Error) => error.message.includes(`systemd knows no ${whole} on`))
  }
})

test('of hosts with one role, directors need what keepalived uses, and real servers what they serve', () => {
  const text = `
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  service: { type: tcp, port: 99, unit: postgresq }
  track_interfaces: [eth7]
  checks: { a: { command: /opt/a, hosts: [lb2] } }
hosts:
  lb1: { address: 10.2.1.2, role: director }
  lb2: { address: 10.2.1.3, role: director, notify: { stop: /opt/b } }
  web1: { address: 10.2.1.4, role: real_server }
`
  const { hosts, cluster } = load(text, { level: 2 })
  const named = hosts.map((host) => namedFor({ cluster, host }, 2).map(({ name }) => name))
  assert.equal(named, [['eth7'], ['/opt/b', '/opt/a', 'eth7'], ['postgresq']])
})

test('what is there is right, and so is what earlier tasks bring, by name or with packages', () => {
  assert.equal(without(cluster('notify: { master: /bin/true x }', 'track_interfaces: [lo]')), [])
  assert.equal(without(cluster('notify: { master: /etc/x }'), changing('/etc/x')), [])
  const packaged = 'checks: { a: { command: /usr/bin/absent -x, user: absent } }'
  assert.is(without(cluster(packaged)).length, 2)
  assert.equal(without(cluster(packaged), changing(installedPackages)), [])
  assert.is(without(cluster('notify: { master: /usr/local/bin/absent }'), changing(installedPackages)).length, 1)
  assert.is(without(cluster('notify: { master: /etc/passwd }')).length, 1)
  assert.equal(without(cluster('track_interfaces: [no-eth1]', 'keepalived: { global: [dynamic_interfaces] }')), [])
  assert.equal(without(cluster('balancing: { real_server_up: /etc/x }'), nothing, 1), [])
})

test('where keepalived comes with the run, the place in the inventory is told as well', () => {
  const text = own('instance', 'alpha', 'foo bar')
  const on = target(text, 1)
  const [task] = keepalived(on, 1).filter(({ name }) => name === `file ${keepalivedConf}`)
  const answer = task!.plan({ text: '', code: 0 }, nothing)
  assert.ok(isChange(answer))
  const line = lineOf(text, 1, 'foo bar')
  const script = `mount -t tmpfs none /etc; mkdir /etc/keepalived
echo root:x:0:0::/:/bin/sh >/etc/passwd; echo root:x:0: >/etc/group
keepalived() { echo "($3: Line ${line}) Unknown keyword 'foo'" >&2; return 5; }
exec() { "$@"; }
set -e
${answer.apply.text}`
  const { status, stdout } = spawnSync('unshare', ['--map-root-user', '--mount', 'bash', '-c', script], {
    encoding: 'utf8',
  })
  assert.is(status, 1)
  assert.is(
    stdout,
    `keepalived -t refuses the new configuration (exit code 5): (${keepalivedConf}: Line ${line}) Unknown keyword 'foo'\n` +
      `line ${line} is ${file}:5:23 cluster.keepalived.instance[1]\n`,
  )
})

test('a certificate that does not fit its key is refused by nginx before anything is changed, and nginx leaves nothing behind', () => {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const said =
    'nginx: [emerg] SSL_CTX_use_PrivateKey("/k") failed (SSL: error:05800074:x509 certificate routines::key values mismatch)'
  const log = '/var/log/nginx/keepalived-questions.log'
  writeFileSync(
    join(bin, 'nginx'),
    `#!/bin/bash\n>${log}\nprintf '%s\\n' '${said}' 'nginx: configuration file x test failed' >&2\nexit 1\n`,
    { mode: 0o755 },
  )
  const on = target(cluster('service: { type: https, certificate: /c, key: /k, host: a.example.com }'), 1)
  const task = tasksOf(flatten(servicesOf(on.cluster).map((one) => one.tasks(on)))).find(({ name }) =>
    name.startsWith('nginx'),
  )!
  const script = `PATH=${bin}:$PATH
mount -t tmpfs none /etc && mkdir -p /etc/nginx/conf.d
${task.probe.text}
[ ! -e ${log} ] || echo left`
  const text = execFileSync('unshare', ['--map-root-user', '--mount', 'bash', '-c', script], { encoding: 'utf8' })
  assert.throws(
    () => task.plan({ text, code: 0 }, nothing),
    (error: Error) =>
      error.message ===
      `nginx refuses /etc/nginx/conf.d/keepalived-health.conf, which this run would write: ${said}. Correct that on the host, and run again`,
  )
  assert.equal(task.plan({ text, code: 0 }, changing('/k')), {
    unchanged: true,
    why: 'nginx can judge it only after earlier changes',
  })
})

test('keepalived itself, where it is installed, says the same of a line of the user', () => {
  if (spawnSync('keepalived', ['--version']).status !== 0) return
  const text = own('instance', 'foo bar').replace('hosts:', '  interface: lo0\nhosts:')
  const made = accepted(keepalivedConf, configuration(target(text, 1), 1), {
    program: 'keepalived',
    validate: sh`keepalived -t -f "$file"`,
    refusal: (said, code, planned) => refusal(target(text, 1), 1, said, code, planned),
  })
  const printed = execFileSync('unshare', ['--map-root-user', 'bash', '-c', made.probe.text], { encoding: 'utf8' })
  assert.throws(
    () => made.plan({ text: printed, code: 0 }, nothing),
    new RegExp(`\n${file}:5:16 cluster.keepalived.instance\\[0\\] "foo bar": Unknown keyword 'foo'\n`),
  )
})

test.run()
