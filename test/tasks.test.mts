// Tasks on a host of their own: real bash and files; what would ask the machine itself is a stub ahead in the PATH.
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Script, sh } from '../engine/base/sh.ts'
import { type Change, isChange, type Task } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import { file } from '../tasks/file.ts'
import { line } from '../tasks/line.ts'
import { packages } from '../tasks/packages.ts'
import { resourceOf } from '../tasks/resources.ts'
import { service } from '../tasks/service.ts'
import { sysctl } from '../tasks/sysctl.ts'
import type { Target } from '../tasks/target.ts'
import { folder, inFreshFolders, path } from './engine-host.ts'

inFreshFolders()
test.before.each(() => {
  mkdirSync(path('stubs'), { recursive: true })
})

const shown = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined)

/** A program that the scripts find first. */
function stub(name: string, body: string): void {
  writeFileSync(path(`stubs/${name}`), `#!/bin/bash\n${body}\n`)
  chmodSync(path(`stubs/${name}`), 0o755)
}

async function bash(script: Script): Promise<{ text: string; code: number }> {
  const text = `PATH=${path('stubs')}:$PATH LC_ALL=C\n${script.text.replaceAll('/run/keepalived-playbooks', path('run'))}`
  const { stdout, code } = await localTransport().run(text, { timeout: 60 })
  return { text: stdout.toString('utf8'), code: code! }
}

/** What the task wants to change now. */
async function wants(task: Task): Promise<Change | undefined> {
  const answer = task.plan(await bash(task.probe), { changes: () => false })
  return isChange(answer) ? answer : undefined
}

/** Runs a script of a change, as the engine does. @returns what it printed */
async function make(script: Script): Promise<string> {
  const { text, code } = await bash(sh`at_end() { "$@"; }; ( set -euo pipefail; ${script} ) 2>&1`)
  assert.is(code, 0, text)
  return text
}

const contents: [name: string, text: string][] = [
  ['with a NUL byte', 'a\0b\nother\n'],
  ['without a last newline', 'other'],
  ['with a NUL byte at its end', 'other\n\0'],
  ['that is empty', ''],
]
for (const [name, text] of contents) {
  test(`line: a file ${name} comes back as it was, with its mode`, async () => {
    writeFileSync(path('hosts'), text)
    chmodSync(path('hosts'), 0o640)
    const { apply, undo } = (await wants(line(path('hosts'), 'ours')))!
    await make(apply)
    assert.match(shown('hosts')!, /(^|\n)ours\n$/)
    await make(undo)
    assert.is(shown('hosts'), text)
    assert.is(statSync(path('hosts')).mode & 0o777, 0o640)
  })
}

for (const [name, bytes] of [
  ...contents,
  ['with newlines at both ends', '\n\nother\n\n'],
  ['with a tab, a backslash and a percent sign', '\t\\n%s\r\n'],
  ['in UTF-8', 'né\n'],
  ['in another encoding', Buffer.from([0x6e, 0xe9, 0x0a])],
] as const) {
  test(`file: one ${name} is known as it is, and comes back so`, async () => {
    writeFileSync(path('conf'), bytes)
    chmodSync(path('conf'), 0o640)
    if (typeof bytes === 'string') assert.is(await wants(file(path('conf'), bytes, { mode: '640' })), undefined)
    const { apply, undo } = (await wants(file(path('conf'), 'ours\n')))!
    await make(apply)
    assert.is(shown('conf'), 'ours\n')
    await make(undo)
    assert.equal(readFileSync(path('conf')), Buffer.from(bytes))
    assert.is(statSync(path('conf')).mode & 0o777, 0o640)
  })
}

test('undo takes the folders away that came with a file, and no others', async () => {
  mkdirSync(path('there'))
  const change = (await wants(file(path('there/one/two/file'), 'x\n')))!
  await make(change.apply)
  assert.is(shown('there/one/two/file'), 'x\n')
  await make(change.undo)
  assert.equal([existsSync(path('there')), existsSync(path('there/one'))], [true, false])
  await make(change.apply)
  writeFileSync(path('there/one/theirs'), '')
  await make(change.undo)
  assert.equal(readdirSync(path('there/one')), ['theirs'])
})

test('line: the file is replaced in one step, and a link stays one', async () => {
  writeFileSync(path('real'), 'one\n')
  symlinkSync('real', path('link'))
  const { apply, undo } = (await wants(line(path('link'), 'ours')))!
  for (const script of [apply, undo]) {
    const { ino } = statSync(path('real'))
    await make(script)
    assert.ok(lstatSync(path('link')).isSymbolicLink())
    assert.is.not(statSync(path('real')).ino, ino)
  }
  assert.is(shown('real'), 'one\n')
})

for (const [kind, task] of [
  ['file', () => file(path('new/file'), 'text\n')],
  ['line', () => line(path('new/file'), 'text')],
] as const)
  test(`${kind}: what a power failure leaves behind is gone after the next run, and after the undo`, async () => {
    const { apply, undo } = (await wants(task()))!
    for (const next of [apply, undo]) {
      stub('sync', 'kill -KILL $PPID')
      assert.is.not((await bash(sh`( set -euo pipefail; ${apply} ) 2>&1`)).code, 0)
      assert.is(readdirSync(path('new')).length, 1, 'what is half done')
      rmSync(path('stubs/sync'))
      await make(next)
      assert.equal(existsSync(path('new')) ? readdirSync(path('new')) : [], next === apply ? ['file'] : [])
      if (next === apply) rmSync(path('new/file'))
    }
  })

test('line: a file that was not there is removed again', async () => {
  const { apply, undo } = (await wants(line(path('new'), 'ours')))!
  await make(apply)
  assert.is(shown('new'), 'ours\n')
  assert.is(statSync(path('new')).mode & 0o777, 0o644)
  await make(undo)
  assert.is(shown('new'), undefined)
})

/** systemctl of one service: `state` and `at` are what it shows, a load makes `at` the present time. */
function stubService(state = 'active'): void {
  writeFileSync(path('active'), state)
  stub(
    'systemctl',
    `case "$1" in
  show) if [ "$*" = 'show -p Id --value daemon' ]; then echo daemon.service; exit; fi
    [ -e ${path('at')} ] || date -u +'%a %F %T.%6N UTC' >${path('at')}
    printf 'UnitFileState=enabled\\nActiveState=%s\\nNeedDaemonReload=no\\nStateChangeTimestamp=%s\\n' "$(cat ${path('active')})" "$(cat ${path('at')})";;
  restart | reload-or-restart) echo "$1" >>${path('loads')}; rm -f ${path('at')}; [ ! -e ${path('broken')} ] || exit 1;;
esac`,
  )
}

const daemon = () => service('daemon', { reloadOn: [path('conf'), path('absent')] })
async function loaded(): Promise<void> {
  stubService()
  writeFileSync(path('conf'), 'one')
  await make((await wants(sooner()))!.apply)
}
/** The service as it is planned where an earlier task of the run changes its file. */
const sooner = (): Task => ({ ...daemon(), plan: (printed) => daemon().plan(printed, { changes: () => true }) })

test('service: what a playbook has loaded is up to date, whatever the times of its files say', async () => {
  await loaded()
  assert.is(await wants(daemon()), undefined)
  assert.is(statSync(path('run/loaded/daemon')).mode & 0o77, 0)
  const future = new Date(Date.now() + 3600_000)
  utimesSync(path('conf'), future, future)
  chmodSync(path('conf'), 0o600)
  assert.is(await wants(daemon()), undefined)
})

test('service: another content is not up to date, whatever the times of its files say', async () => {
  await loaded()
  writeFileSync(path('conf'), 'two')
  utimesSync(path('conf'), 0, 0)
  const change = await wants(daemon())
  assert.match(change!.before, 'not up to date')
  await make(change!.apply)
  assert.is(await wants(daemon()), undefined)
})

test('service: a load that failed is still to be done, though its time is later than that of the file', async () => {
  await loaded()
  writeFileSync(path('conf'), 'two')
  writeFileSync(path('broken'), '')
  const words = `[[ "$*" == *'--since @'*' _SYSTEMD_UNIT=daemon.service' ]] && echo 'conf:7: no such thing'`
  stub('journalctl', words)
  const { code, text } = await bash(sh`( set -euo pipefail; ${(await wants(daemon()))!.apply} ) 2>&1`)
  assert.is(code, 1)
  assert.match(text, 'conf:7: no such thing')
  rmSync(path('broken'))
  const again = await wants(daemon())
  assert.match(again!.before, 'not up to date')
  await make(again!.apply)
  assert.is(await wants(daemon()), undefined)
})

test('service: a file put back with its old time, after somebody loaded another, is not up to date', async () => {
  await loaded()
  writeFileSync(path('conf'), 'theirs')
  await make(sh`systemctl reload-or-restart daemon; systemctl show daemon`)
  assert.is(await wants(daemon()), undefined)
  writeFileSync(path('conf'), 'one')
  utimesSync(path('conf'), 0, 0)
  assert.match((await wants(daemon()))!.before, 'not up to date')
})

test('service: one that is loading or starting is not restarted', async () => {
  for (const state of ['reloading', 'activating']) {
    rmSync(path('run'), { recursive: true, force: true })
    stubService(state)
    writeFileSync(path('conf'), 'one')
    await make(sh`sleep 0.01; rm -f ${path('at')}; systemctl show daemon`)
    assert.is(await wants(daemon()), undefined, state)
    writeFileSync(path('conf'), 'two')
    assert.match((await wants(daemon()))!.apply.text, 'systemctl reload-or-restart daemon')
  }
})

test('service: one that is enabled until the next boot is not enabled, and is by the change and its undo', async () => {
  const [units, links] = [path('root/etc/systemd/system'), path('root/run/systemd/system/multi-user.target.wants')]
  for (const one of [units, links]) mkdirSync(one, { recursive: true })
  writeFileSync(
    join(units, 'daemon.service'),
    '[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n',
  )
  symlinkSync('/etc/systemd/system/daemon.service', join(links, 'daemon.service'))
  const systemctl = `/usr/bin/systemctl --root=${path('root')}`
  stub(
    'systemctl',
    `case "$1" in
  show) printf 'UnitFileState=%s\\nActiveState=active\\nNeedDaemonReload=no\\n' "$(${systemctl} is-enabled daemon)";;
  is-enabled | enable) exec ${systemctl} "$@" 2>/dev/null;;
esac`,
  )
  const change = await wants(service('daemon'))
  assert.match(change!.before, 'not enabled')
  await make(change!.apply)
  assert.is(await wants(service('daemon')), undefined)
  const { restore } = resourceOf('service daemon')!.read(await bash(service('daemon').probe))
  await bash(sh`/usr/bin/systemctl ${`--root=${path('root')}`} disable -q daemon`)
  assert.ok(await wants(service('daemon')))
  await make(restore)
  assert.is(await wants(service('daemon')), undefined)
})

test('service: one whose package is gone can be given back', async () => {
  const text = 'UnitFileState=disabled\nActiveState=inactive\nNeedDaemonReload=no\n'
  const found = resourceOf('service daemon')!.read({ text, code: 0 })
  stub('systemctl', `[ "$1" = daemon-reload ]`)
  await make(found.restore)
})

test('service: one that crashes again and again does not run', () => {
  const text = 'UnitFileState=enabled\nActiveState=activating\nSubState=auto-restart\nNeedDaemonReload=no\n'
  assert.ok(isChange(daemon().plan({ text, code: 0 }, { changes: () => false })))
})

const install = () =>
  packages({ facts: { ids: ['debian'], init: 'systemd' } as Partial<Target['facts']> as Target['facts'] }, 'a', 'b')
const undoInstall = async () => {
  stub('dpkg-query', 'true')
  return make((await wants(install()))!.undo)
}
/** @param goes what apt would remove */
const stubApt = (...goes: string[]) =>
  stub(
    'apt-get',
    `if [ "$1" = -s ]; then ${goes.map((name) => `echo 'Remv ${name} [1.0]';`).join('')} true; else echo "$*" >${path('removed')}; fi`,
  )

test('packages: those that others have come to need stay', async () => {
  stubApt('a', 'ufw', 'b')
  assert.match(await undoInstall(), 'note: left installed, since these would be removed as well: ufw')
  assert.is(shown('removed'), undefined)
})

test('packages: those that nobody needs go', async () => {
  stubApt('a', 'b')
  await undoInstall()
  assert.match(shown('removed')!, /--force-confold remove -- a b\n$/)
})

/** The setting as if its file lay in the folder. */
const forwarding = async () => {
  const [, live] = sysctl('/etc/sysctl.d/x.conf', { 'net.ipv4.ip_forward': 1 })
  const answer = live!.plan({ text: '/proc/sys/net/ipv4/ip_forward=0\n', code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  stub('nft', 'true')
  const text = (script: Script) =>
    script.text
      .replaceAll('/proc/sys', folder)
      .replaceAll('/etc/sys', path('sys'))
      .replaceAll('/run/systemd/netif', path('netif'))
  mkdirSync(path('net/ipv4'), { recursive: true })
  mkdirSync(path('sysctl.d'))
  mkdirSync(path('systemd/network/lan.network.d'), { recursive: true })
  mkdirSync(path('netif/links'), { recursive: true })
  writeFileSync(path('netif/links/2'), `ADMIN_STATE=configured\nNETWORK_FILE=${path('systemd/network/lan.network')}\n`)
  writeFileSync(path('net/ipv4/ip_forward'), '1\n')
  return (script = answer.undo) => make(new Script(text(script)))
}

test('sysctl: forwarding goes back to 0', async () => {
  const undo = await forwarding()
  stub('iptables-save', 'true')
  writeFileSync(
    path('sysctl.d/x.conf'),
    '# Written by keepalived-playbooks; changes by hand are replaced by the next run.\nnet.ipv4.ip_forward = 1\n',
  )
  await undo()
  assert.is(shown('net/ipv4/ip_forward'), '0\n')
})

test('sysctl: forwarding that containers need by now stays, and is told', async () => {
  const undo = await forwarding()
  stub('iptables-save', 'echo "-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE"')
  assert.match(await undo(), 'note: net.ipv4.ip_forward stays 1')
  assert.is(shown('net/ipv4/ip_forward'), '1\n')
})

test('sysctl: forwarding of a router with a fixed address stays, and a rule of ours does not count', async () => {
  const undo = await forwarding()
  stub('iptables-save', 'echo "-A POSTROUTING -o wan0 -j SNAT --to-source 203.0.113.1"')
  assert.match(await undo(), 'note: net.ipv4.ip_forward stays 1')
  stub(
    'iptables-save',
    'echo "-A POSTROUTING -m comment --comment keepalived-playbooks-snat -j SNAT --to-source 10.2.1.5"',
  )
  await undo()
  assert.is(shown('net/ipv4/ip_forward'), '0\n')
})

test('sysctl: an interface that forwards goes back as well, but where others need it by now', () => {
  const [, , eth0] = sysctl('/etc/sysctl.d/x.conf', { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.eth0.forwarding': 1 })
  const undo = (all: number) => {
    const text = `/proc/sys/net/ipv4/ip_forward=${all}\n/proc/sys/net/ipv4/conf/eth0/forwarding=0\n`
    const answer = eth0!.plan({ text, code: 0 }, { changes: () => false })
    assert.ok(isChange(answer))
    return answer.undo.text
  }
  assert.match(undo(0), 'note: net.ipv4.conf.eth0.forwarding stays 1')
  assert.not.match(undo(1), 'stays 1')
})

for (const [file, text] of [
  ['sysctl.d/router.conf', 'net.ipv4.ip_forward=1\n'],
  ['systemd/network/lan.network', '[Network]\nIPForward=ipv4\n'],
  ['systemd/network/lan.network.d/router.conf', '[Network]\nIPMasquerade=both\n'],
  ['systemd/networkd.conf', '[Network]\nIPv4Forwarding=yes\n'],
] as const)
  test(`sysctl: forwarding that a file of others asks for stays, and is told: ${file}`, async () => {
    const undo = await forwarding()
    stub('iptables-save', 'true')
    writeFileSync(path(file), text)
    assert.match(await undo(), path(file))
    assert.is(shown('net/ipv4/ip_forward'), '1\n')
  })

test('sysctl: a file of networkd that no interface has does not count', async () => {
  const undo = await forwarding()
  stub('iptables-save', 'true')
  writeFileSync(path('systemd/network/another.network'), '[Match]\nHost=client\n[Network]\nIPForward=ipv4\n')
  await undo()
  assert.is(shown('net/ipv4/ip_forward'), '0\n')
})

test('what a key names is read as it is, and brought back to that', async () => {
  const { probe, read } = resourceOf(`line in ${path('f')}: a: b`)!
  writeFileSync(path('f'), 'a: b\n')
  const there = read(await bash(probe))
  writeFileSync(path('f'), '')
  const gone = read(await bash(probe))
  assert.equal([there.text, gone.text], ['a: b', ''])
  await make(there.restore)
  assert.is(shown('f'), 'a: b\n')
  await make(gone.restore)
  assert.is(shown('f'), '')
  stubService()
  const running = resourceOf('service daemon')!
  assert.is(running.read(await bash(running.probe)).text, 'daemon: enabled, running, up to date')
  const setting = resourceOf('sysctl kernel.ostype')!
  assert.is(setting.read(await bash(setting.probe)).text, 'kernel.ostype = Linux')
  assert.is(resourceOf('routes and rules'), undefined)
})

test.run()
