// What is wrong with a host: its disk, its packages, sudo, its clock, its power.
import * as lab from '../../../lab/lab.ts'
import { kill, on, until } from '../../lab/cluster.ts'
import type { Row } from '../row.ts'

const state = '/var/lib/keepalived-playbooks'

/** ns2 lacks a package. */
const withoutPackage = `[ "$(hostname)" != ns2 ] || dpkg --purge ipvsadm`
const onNs2 = (script: string) => () => on('ns2', script)

/** A fault of ns2, before the run. */
const fault = (name: string, script: string, undo: string, ends: Row['ends'], more: Partial<Row> = {}): Row => ({
  fault: name,
  when: 'before the run',
  inject: onNs2(script),
  heal: onNs2(undo),
  ends,
  ...more,
})

/** Without a connection, and with no way to it. */
const later = (seconds: number, script: string) => `systemd-run --quiet --on-active=${seconds} bash -c '${script}'`

const lockPackages = `import fcntl, time
lock = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep(15)`

/** A task that takes long. */
const slow = { WORSE: 'touch /run/slow; sleep 45', BETTER: 'rm -f /run/slow', DONE: '[ -e /run/slow ]' }
const worse = { script: 'test/lab/worse.mts' }
const changing = /^ns2 +changed /m

export const host: Row[] = [
  fault(
    'disk full on /',
    `fallocate -l $(($(stat -f -c '%f * %S' /) - 4000000)) /full; cat /dev/zero >/full2 2>/dev/null || true`,
    'rm -f /full /full2',
    [/No space left|can't be taken/],
  ),
  fault(
    'disk full on /var',
    `mkdir -p /run/small; mount -t tmpfs -o size=8m,mode=700 tmpfs /run/small; cp -a ${state}/. /run/small
mount --bind /run/small ${state}; cat /dev/zero >${state}/full 2>/dev/null || true`,
    `umount ${state}; umount /run/small`,
    [/No space left|can't be taken/],
  ),
  fault('read-only /var', 'mount --bind /var /var; mount -o remount,ro,bind /var', 'umount -l /var', [
    /can't be taken, so nothing was begun/,
  ]),
  fault(
    'package manager locked',
    `systemd-run --quiet --collect python3 -c '${lockPackages}'; sleep 1`,
    'true',
    ['healthy'],
    { damage: withoutPackage },
  ),
  fault(
    'package manager fails half way',
    'echo post-invoke=false >/etc/dpkg/dpkg.cfg.d/fails',
    'rm /etc/dpkg/dpkg.cfg.d/fails',
    [/install .*exit code 100/],
    { damage: withoutPackage },
  ),
  fault(
    'package manager killed -9 half way',
    `echo 'post-invoke=kill -9 $PPID' >/etc/dpkg/dpkg.cfg.d/fails`,
    'rm /etc/dpkg/dpkg.cfg.d/fails',
    [/install .*exit code 100/],
    { damage: withoutPackage },
  ),
  {
    fault: 'a task hangs longer than --timeout',
    when: 'during the changes',
    ...worse,
    args: ['--timeout', '25'],
    env: slow,
    ends: ['rolled back', /took longer than 25 s/],
  },
  {
    fault: 'power failure of ns2',
    when: 'during the changes',
    meanwhile: { at: changing, act: () => kill('ns2') },
    heal: () => lab.start('ns2'),
    ends: ['rolled back', /ns2.*(lost|reached)/],
  },
  {
    fault: 'reboot of ns2',
    when: 'during the changes',
    ...worse,
    env: {
      WORSE: 'touch /var/tmp/rebooted; systemctl reboot; sleep 60',
      BETTER: 'rm -f /var/tmp/rebooted',
      DONE: '[ -e /var/tmp/rebooted ]',
    },
    heal: () => until(() => on('ns2', 'systemctl is-system-running --wait || true; rm -f /var/tmp/rebooted')),
    ends: ['rolled back', /ns2.*(lost|reached)/],
  },
  fault(
    'sudo withdrawn',
    `mv /etc/sudoers.d/admin /root/; ${later(60, 'mv /root/admin /etc/sudoers.d/')}`,
    '[ -e /etc/sudoers.d/admin ]',
    [/sudo/],
  ),
  {
    fault: 'sudo withdrawn',
    when: 'during the changes',
    meanwhile: {
      at: changing,
      act: () => on('ns2', `mv /etc/sudoers.d/admin /root/; ${later(40, 'mv /root/admin /etc/sudoers.d/')}`),
    },
    ends: ['rolled back', /sudo/],
  },
  fault('clock of ns2 a day ahead', 'date -s "+1 day"', 'date -s "-1 day"', ['healthy'], { level: 3 }),
  fault('clock of ns2 a day behind', 'date -s "-1 day"', 'date -s "+1 day"', ['healthy'], { level: 3 }),
  {
    fault: 'clock of ns2 a day ahead',
    when: 'during the changes',
    meanwhile: { at: changing, act: () => on('ns2', 'date -s "+1 day"') },
    heal: onNs2('date -s "-1 day"'),
    ends: ['healthy'],
  },
  fault(
    'journald drops lines',
    `mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\\nRateLimitIntervalSec=1h\\nRateLimitBurst=1\\n' >/etc/systemd/journald.conf.d/drops.conf
systemctl restart systemd-journald`,
    'rm -r /etc/systemd/journald.conf.d; systemctl restart systemd-journald',
    ['healthy'],
    { level: 3 },
  ),
]
