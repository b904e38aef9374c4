// What the tasks for SELinux make of what their probes printed, by the table.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Facts } from '../engine/runner/facts.ts'
import { isChange, type Planned } from '../engine/runner/task.ts'
import { selinux } from '../tasks/selinux/selinux.ts'
import { change, facts, type Row } from './planned.ts'

const selinuxTasks = (how: 'enforce' | 'learn', state: Facts['selinux'] = 'enforcing', role?: 'real_server') =>
  selinux({ facts: { ...facts, selinux: state }, host: { role }, cluster: { selinux: how } })
const [connects, , watches] = selinuxTasks('enforce')
const quick = { selinux: 'enforce', bfd: { interval_ms: 70, multiplier: 5 } } as const
const [, , usesBfd] = selinux({ facts: { ...facts, selinux: 'enforcing' }, host: {}, cluster: quick })
const confined = 'keepalived_connect_any --> on\n'
const asked = '/sys/fs/selinux/class/dir/perms/watch\n'
const may = '/var/lib/selinux/targeted/active/modules/400/keepalived_playbooks\n'

const [begins, , allows, learnsFrom] = selinuxTasks('learn').slice(3)
const [learned, loads, enforces] = selinuxTasks('enforce').slice(3)
const end = '; end of rules\n'
const permissivePlace = '/var/lib/selinux/targeted/active/modules/400/permissive_keepalived_t\n'
const ownFileOf = (content: string) => `${content}\ntext|regular file|600|root:root\n`
/** As audit2allow prints them, and what is no rule. */
const said = `
#============= keepalived_t ==============

#!!!! This avc can be allowed using the boolean 'domain_can_mmap_files'
allow keepalived_t admin_home_t:file { getattr open read };
allow keepalived_t self:capability sys_admin;
`
const twoRules =
  '(allow keepalived_t admin_home_t (file (getattr open read)))\n(allow keepalived_t self (capability (sys_admin)))\n'

const rows: Row[] = [
  ['no keepalived domain', connects!, '', undefined],
  ['off', connects!, 'keepalived_connect_any --> off\n', 'keepalived_connect_any off'],
  ['on', connects!, 'keepalived_connect_any --> on\n', undefined],
  ['keepalived may not watch', watches!, `${confined}${asked}`, ''],
  ['keepalived may watch', watches!, `${confined}${asked}${may}`, undefined],
  ['nobody asks whether it may', watches!, confined, undefined],
  ['BFD, where nobody asks whether it may watch', usesBfd!, confined, ''],
  ['keepalived may use BFD', usesBfd!, `${confined}${asked}${may}`, undefined],
  ['what confines keepalived is not there', watches!, asked, undefined],
  ['learning begins', begins!, '', ''],
  ['it has begun', begins!, ownFileOf('1795790000\n'), undefined],
  ['nothing was ever learned', learned!, end, undefined, 0],
  ['learning is over, and nothing came of it', learned!, `\n${end}`, undefined, 0],
  ['what is in the file already', learned!, `${said}${end}${ownFileOf(twoRules)}`, undefined],
  ['rules that are not loaded', allows!, 'learning\nrules\n', ''],
  ['rules that are loaded, while it learns more', allows!, 'learning\nrules\nloaded\n', undefined],
  ['learning ends, and more may be in the file', loads!, 'learning\nrules\nloaded\n', 'keepalived_learned, as it was'],
  ['rules that are loaded', loads!, 'rules\nloaded\n', undefined],
  ['no rules', loads!, 'learning\n', undefined],
  ['it does not learn yet', learnsFrom!, `${confined}learning\n`, 'keepalived_t enforcing'],
  ['it learns', learnsFrom!, `${confined}learning\n${permissivePlace}`, undefined],
  ['learning ends', enforces!, `${confined}learning\n${permissivePlace}`, 'keepalived_t permissive'],
  ['others have made it permissive', enforces!, `${confined}${permissivePlace}`, undefined],
  ['what confines keepalived is not there, so nothing to learn', learnsFrom!, 'learning\n', undefined],
]
for (const [name, task, printed, before, code] of rows) {
  test(name, () => assert.is(change(task, printed, code)?.before, before))
}

test('where SELinux does not work, nothing is asked of it', () => {
  for (const state of ['absent', 'disabled'] as const) assert.equal(selinuxTasks('learn', state), [])
  assert.is(selinuxTasks('enforce', 'permissive').length, 6)
  assert.equal(selinuxTasks('learn', 'enforcing', 'real_server'), [])
})

test('a module of SELinux whose rules change is set again', () => {
  const changing = (path: string): Planned => ({ changes: (one) => one === path })
  const printed = { text: `${confined}${asked}${may}`, code: 0 }
  const answer = watches!.plan(printed, changing('/etc/keepalived/keepalived_playbooks.cil'))
  assert.ok(isChange(answer))
})

test('what SELinux has learned goes into the file as rules of its own language, once each', () => {
  const first = '(allow keepalived_t self (capability (sys_admin)))\n'
  const answer = change(learned!, `${said}${end}${ownFileOf(first)}`)!
  assert.is(
    answer.after,
    `# mode 600, owner root:root\n${first}(allow keepalived_t admin_home_t (file (getattr open read)))\n`,
  )
  assert.is(change(loads!, 'rules\nloaded\n', 0, { changes: () => true })!.before, 'keepalived_learned, as it was')
})

test('what SELinux has learned can not be read: that is said, and it is not forgotten', () =>
  assert.throws(
    () => change(learned!, `failed=there is no audit2allow\n${end}`),
    /^what SELinux has learned can not be read: there is no audit2allow\. .* rm \/etc\/keepalived\/selinux_learns_since$/,
  ))

test.run()
