// Lines that others, or the article's steps, have left in a unit's override and in sysctl.d: which go, which stay, which are
// refused.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserError } from '../engine/base/errors.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, isChange, type Task, tasksOf } from '../engine/runner/task.ts'
import type { Host } from '../inventory/types.ts'
import { ipvs } from '../tasks/cluster/ipvs.ts'
import { targetOf } from '../tasks/target.ts'
import { noOtherSysctls } from '../tasks/cluster/adoption/sysctl-lines.ts'
import { unitOverride, withoutRoutesScript } from '../tasks/cluster/adoption/unit-override.ts'
import { override } from './adoption/article.ts'
import { inventoryOf, variants } from './variants.ts'

/** @returns the lines that go, without their places, or why it is refused */
function gone(task: Task, text: string): string[] | string {
  try {
    const answer = task.plan({ text, code: 0 }, { changes: () => false })
    return isChange(answer) ? answer.before.split('\n').filter((_, place) => place % 2 === 1) : []
  } catch (error) {
    return (error as UserError).message
  }
}

const unit = withoutRoutesScript('/etc/keepalived/routes.sh', '/etc/keepalived/keepalived.conf')
const units: [name: string, text: string, gone: string[] | string, path?: string][] = [
  ['of the article', override, ['ExecStartPre=/etc/keepalived/routes.sh']],
  [
    'by a shell, and after the start',
    '[Service]\nExecStartPre=-/bin/sh /etc/keepalived/routes.sh\nExecStartPost=+/etc/keepalived/routes.sh\n',
    ['ExecStartPre=-/bin/sh /etc/keepalived/routes.sh', 'ExecStartPost=+/etc/keepalived/routes.sh'],
  ],
  ['none', '', []],
  ['a comment', '#ExecStartPre=/etc/keepalived/routes.sh\n', []],
  ['other settings', '[Service]\nRestart=on-failure\nExecStartPre=/usr/local/bin/mine\n', []],
  [
    'the same configuration',
    '[Service]\nExecStart=\nExecStart=/usr/sbin/keepalived -f /etc/keepalived/keepalived.conf\n',
    [],
  ],
  [
    'another configuration',
    '[Service]\nExecStart=\nExecStart=/usr/sbin/keepalived -f /etc/other.conf\n',
    '/etc/systemd/system/keepalived.service.d/override.conf:3 starts keepalived with another configuration file ' +
      '("ExecStart=/usr/sbin/keepalived -f /etc/other.conf"): take that out',
  ],
  [
    'another configuration, in the arguments',
    '# -f no\nDAEMON_ARGS="--log-detail --use-file=/etc/other.conf"\n',
    '/etc/default/keepalived:2 starts keepalived with another configuration file ' +
      '("DAEMON_ARGS="--log-detail --use-file=/etc/other.conf""): take that out',
    '/etc/default/keepalived',
  ],
  [
    'VRRP alone',
    'DAEMON_ARGS="-D -P"\n',
    '/etc/default/keepalived:1 starts the VRRP part of keepalived alone ("DAEMON_ARGS="-D -P""): take that out',
    '/etc/default/keepalived',
  ],
  ['what does no harm', 'DAEMON_ARGS="-x -f /etc/keepalived/keepalived.conf -S 7"\n', [], '/etc/default/keepalived'],
  [
    'of the article, in a drop-in of its own',
    override,
    ['ExecStartPre=/etc/keepalived/routes.sh'],
    '/etc/systemd/system/keepalived.service.d/10-routes.conf',
  ],
]
const printed = (text: string, path: string) =>
  text
    .split('\n')
    .map((row, place) => `${path}:${place + 1}:${row}\n`)
    .join('')
for (const [name, text, expected, path = unitOverride] of units)
  test(`unit: ${name}`, () => assert.equal(gone(unit, printed(text, path)), expected))

const settings = { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.eth0/7.rp_filter': 2, 'net.ipv4.conf.eth0.rp_filter': 2 }
const facts = parseFacts('os=Debian\nids=debian\nlink=eth0\nnetworkd=/run/systemd/network/lan.network\n')
const host = { interface: 'eth0' } as Host
const sysctls = (takeOver: boolean) =>
  noOtherSysctls('/etc/sysctl.d/99-zz-keepalived.conf', settings, { takeOver, facts, host })
const lines: [name: string, text: string, gone: string[]][] = [
  ['of the article', '/etc/sysctl.d/99-sysctl.conf:9:net.ipv4.ip_forward=1\n', []],
  ['the same, later', '/etc/sysctl.d/zz.conf:9:net.ipv4.ip_forward = 1\n', []],
  ['another value, earlier', '/etc/sysctl.d/99-sysctl.conf:9:net.ipv4.ip_forward=0\n', []],
  ['another value, later', '/etc/sysctl.d/zz.conf:2:net.ipv4.ip_forward = 0\n', ['net.ipv4.ip_forward = 0']],
  [
    'with slashes',
    '/etc/sysctl.d/zz.conf:2:-net/ipv4/conf/eth0.7/rp_filter=1\n',
    ['-net/ipv4/conf/eth0.7/rp_filter=1'],
  ],
  [
    'by its other name',
    '/etc/sysctl.d/zz.conf:2:net.ipv4.conf.all.forwarding = 0\n',
    ['net.ipv4.conf.all.forwarding = 0'],
  ],
  [
    'a pattern that sets all, later',
    '/etc/sysctl.d/zz.conf:2:net.ipv4.conf.*.forwarding = 0\n',
    ['net.ipv4.conf.*.forwarding = 0'],
  ],
  [
    'a pattern with slashes, later',
    '/etc/sysctl.d/zz.conf:2:net/ipv4/conf/a*/forwarding = 0\n',
    ['net/ipv4/conf/a*/forwarding = 0'],
  ],
  ['a pattern, from which ours are left out', '/etc/sysctl.d/zz.conf:2:net.ipv4.conf.*.rp_filter = 1\n', []],
  ['no pattern that anybody can read', '/etc/sysctl.d/zz.conf:2:net.ipv4.conf.[*.forwarding = 0\n', []],
  ['a pattern, earlier', '/etc/sysctl.d/60.conf:2:net.ipv4.conf.*.forwarding = 0\n', []],
  ['another setting, later', '/etc/sysctl.d/zz.conf:2:net.ipv4.ip_forward_use_pmtu = 0\n', []],
]
for (const [name, text, expected] of lines)
  test(`sysctl: ${name}`, () => {
    assert.equal(gone(sysctls(true), text), expected)
    if (expected.length > 0)
      assert.match(
        gone(sysctls(false), text) as string,
        `/etc/sysctl.d/zz.conf:2 sets "${expected[0]}", and wins at boot over /etc/sysctl.d/99-zz-keepalived.conf`,
      )
    else assert.equal(gone(sysctls(false), text), [])
  })

test('sysctl: what networkd sets for the interface comes later, whatever its file is called', () => {
  const line = 'IPv4Forwarding=no'
  assert.equal(gone(sysctls(true), `/etc/systemd/network/lan.network:5:${line}\n`), [line])
})

test('sysctl: the filter of networkd counts where the level sets one', () => {
  const line = '/etc/systemd/network/lan.network:5:IPv4ReversePathFilter=strict\n'
  assert.equal(gone(sysctls(true), line), ['IPv4ReversePathFilter=strict'])
  for (const key of ['net.ipv4.ip_forward', 'net.ipv4.conf.tunl0.rp_filter'])
    assert.equal(gone(noOtherSysctls('/etc/sysctl.d/x.conf', { [key]: 1 }, { takeOver: true, facts, host }), line), [])
})

test('sysctl: files are found as systemd reads them', () => {
  const folders = ['etc/sysctl.d', 'usr/lib/sysctl.d', 'run/systemd/network', 'etc/systemd/network/lan.network.d']
  const root = mkdtempSync(join(tmpdir(), 'sysctl-'))
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true })
  symlinkSync('/dev/null', join(root, 'etc/sysctl.d/zz.conf'))
  writeFileSync(join(root, 'usr/lib/sysctl.d/zz.conf'), 'net.ipv4.ip_forward = 0\n')
  writeFileSync(join(root, 'usr/lib/sysctl.d/zzz.conf'), '# a = 0\nnet.ipv4.ip_forward = 0\n')
  writeFileSync(join(root, 'run/systemd/network/lan.network'), '[Network]\nIPv4Forwarding=yes\n')
  writeFileSync(
    join(root, 'etc/systemd/network/lan.network.d/x.conf'),
    '[Network]\nIPv4Forwarding = no\nIPv4ReversePathFilter=strict\nIPv4ProxyARP=no\n',
  )
  const { text } = sysctls(false).probe
  const script = text
    .replaceAll(/\{\/etc,\/run/g, `${root}{/etc,/run`)
    .replaceAll(' /run/systemd', ` ${root}/run/systemd`)
  const printed = execFileSync('bash', ['-c', script], { encoding: 'utf8' })
  rmSync(root, { recursive: true })
  assert.is(
    printed.replaceAll(root, ''),
    '/usr/lib/sysctl.d/zzz.conf:2:net.ipv4.ip_forward = 0\n/etc/systemd/network/lan.network.d/x.conf:2:IPv4Forwarding = no\n' +
      '/etc/systemd/network/lan.network.d/x.conf:3:IPv4ReversePathFilter=strict\n',
  )
})

/** What systemd sets at boot by our file and others', in namespaces of their own. */
const atBoot = (...files: [name: string, text: string][]) =>
  execFileSync(
    'unshare',
    [
      ...['--map-root-user', '--net', '--mount', 'bash', '-ec'],
      `for path in /etc /run /usr/local/lib /usr/lib/sysctl.d; do [ ! -d "$path" ] || mount -t tmpfs none "$path"; done
mkdir /etc/sysctl.d
ip link add eth0 type veth
while [ "$#" -gt 0 ]; do printf '%s\n' "$2" >/etc/sysctl.d/"$1".conf; shift 2; done
/usr/lib/systemd/systemd-sysctl 2>/dev/null
cat /proc/sys/net/ipv4/conf/eth0/forwarding`,
      ...['atBoot', '99-zz-keepalived', own, ...files.flat()],
    ],
    { encoding: 'utf8' },
  ).trim()
const target = targetOf(inventoryOf(variants[1]![1]), inventoryOf(variants[1]![1]).hosts[0]!, facts)
const own = tasksOf(flatten(ipvs(target, 2)))
  .flatMap((task) => {
    const answer =
      task.resources?.includes('/etc/sysctl.d/99-zz-keepalived.conf') &&
      task.plan({ text: '', code: 0 }, { changes: () => false })
    return answer && isChange(answer) ? answer.after : []
  })
  .join('\n')
  // By the module ip_vs, which may be missing here.
  .replaceAll(/^net\.ipv4\.vs\..*$/gm, '')

test('sysctl: the first interface forwards after a boot', () => {
  assert.is(atBoot(), '1')
  assert.is(atBoot(['60-cis', 'net.ipv4.conf.eth0.forwarding = 0']), '1')
  // A value that is there already keeps its place before that of others.
  assert.is(atBoot(['10-x', 'net.ipv4.ip_forward = 1'], ['60-cis', 'net.ipv4.conf.eth0.forwarding = 0']), '1')
  assert.is(atBoot(['10-x', 'net.ipv4.ip_forward = 1'], ['60-cis', 'net.ipv4.conf.all.forwarding = 0']), '1')
  assert.is(atBoot(['zz', 'net.ipv4.conf.default.forwarding = 0']), '1')
})

test.run()
