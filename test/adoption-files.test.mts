// Lines that others, or the article's steps, have left in a unit's override and in sysctl.d: which go, which stay, which are
// refused.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserError } from '../engine/base/errors.ts'
import { isChange, type Task } from '../engine/runner/task.ts'
import { noOtherSysctls } from '../tasks/cluster/adoption/sysctl-lines.ts'
import { unitOverride, withoutRoutesScript } from '../tasks/cluster/adoption/unit-override.ts'
import { override } from './adoption/article.ts'

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

const settings = { 'net.ipv4.ip_forward': 1, 'net.ipv4.conf.eth0/7.rp_filter': 2 }
const sysctls = (takeOver: boolean) => noOtherSysctls('/etc/sysctl.d/99-zz-keepalived.conf', settings, { takeOver })
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

test.run()
