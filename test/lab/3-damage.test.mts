// Damage done by hand to a cluster of level 2: check mode finds it, the run repairs it, one by one.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nodes, on, playbook, startLab } from './cluster.ts'

const node = 'ns1'

test.before(async () => {
  await startLab()
  assert.is((await playbook('level2')).code, 0)
})

const damages: [name: string, script: string, tasks: RegExp[]][] = [
  ['the SNAT rule deleted', 'iptables -t nat -F POSTROUTING', [/^iptables rule/]],
  ['a DROP before the VRRP rule', 'iptables -I INPUT 1 -p 112 -j DROP', [/^iptables rule/]],
  [
    'the rules at boot emptied',
    'echo true >/etc/keepalived/iptables.sh',
    [/^file \/etc\/keepalived\/iptables\.sh/, /^service keepalived-iptables/],
  ],
  ['a sysctl changed', 'echo 0 >/proc/sys/net/ipv4/vs/conntrack', [/^sysctl net\.ipv4\.vs\.conntrack/]],
  ['the sysctls at boot removed', 'rm /etc/sysctl.d/99-zz-keepalived.conf', [/^file \/etc\/sysctl\.d/]],
  [
    'keepalived.conf edited and loaded',
    `sed -i '/10\\.2\\.1\\.3/,/}/s/retry 3/retry 9/' /etc/keepalived/keepalived.conf; systemctl reload keepalived`,
    [/^file .*keepalived\.conf/, /^service keepalived /],
  ],
  ['a file touched after the service loaded it', 'touch /etc/keepalived/keepalived.conf', [/^service keepalived /]],
  ['keepalived stopped', 'systemctl stop keepalived', [/^service keepalived /]],
  ['named stopped', 'systemctl stop named', [/^service named/]],
  ['the module not loaded at boot', 'rm /etc/modules-load.d/ip_vs.conf', [/^file \/etc\/modules-load\.d\/ip_vs\.conf/]],
  [
    'the drop-in removed',
    'rm /etc/systemd/system/keepalived.service.d/keepalived-playbooks.conf',
    [/^file .*keepalived\.service\.d/, /^service keepalived /],
  ],
  [
    'the zone edited',
    `sed -i s/nameserver-1/nameserver-9/ /etc/bind/db.load.balance; rndc reload`,
    [/^file \/etc\/bind\/db/, /^service named/],
  ],
  [
    'keepalived.conf readable by all',
    'chmod 644 /etc/keepalived/keepalived.conf',
    [/^file .*keepalived\.conf/, /^service keepalived /],
  ],
  ['the host name gone from /etc/hosts', `sed -i '/ns1/d' /etc/hosts`, [/^host name/]],
]
for (const [name, script, tasks] of damages) {
  test(name, async () => {
    await on(node, script)
    const check = await playbook('level2', '--check', '--limit', node)
    assert.is(check.code, 2, check.text)
    const announced = check.document.hosts![0]!.changes.map(({ task }) => task)
    assert.is(announced.length, tasks.length, announced.join('; '))
    for (const [index, task] of tasks.entries()) assert.match(announced[index]!, task)
    const run = await playbook('level2', '--limit', node, '--no-verify')
    assert.is(run.code, 0, run.text)
    assert.equal(
      run.document.hosts![0]!.changes.map(({ task }) => task),
      announced,
    )
  })
}

test('others’ rules are left alone, and the repaired cluster is well', async () => {
  const run = await playbook('level2')
  assert.is(run.code, 0, run.text)
  assert.match(await on(node, 'iptables-save'), '-A INPUT -p vrrp -j DROP')
  await on(node, 'iptables -D INPUT -p 112 -j DROP')
})

test('the secret is in no output, in no world-readable file and in no process list', async () => {
  const diff = await playbook('level2', '--check', '--diff', '--verbose')
  assert.not.match(diff.text + JSON.stringify(diff.document), 'KPSjXfRG')
  for (const name of nodes) {
    const readable = await on(
      name,
      `grep -rlF KPSjXfRG /etc /run /var/lib /var/log /tmp 2>/dev/null | xargs -r stat -c '%a %n' | grep -v '[0-9]0 ' || true`,
    )
    assert.is(readable, '')
  }
})

test('rollback: the newest run is undone, and the playbook repairs it again', async () => {
  const damage = `
sed -i 's/advert_int 1/advert_int 2/' /etc/keepalived/keepalived.conf
chmod 600 /etc/keepalived/keepalived.conf
echo 0 >/proc/sys/net/ipv4/vs/expire_nodest_conn
iptables -t nat -F POSTROUTING
rm /etc/modules-load.d/ip_vs.conf`
  const state = `
cat /etc/keepalived/keepalived.conf /proc/sys/net/ipv4/vs/expire_nodest_conn
stat -c %a /etc/keepalived/keepalived.conf
iptables-save -t nat | grep SNAT || true
ls /etc/modules-load.d`
  await on(node, damage)
  const before = await on(node, state)
  assert.is((await playbook('level2', '--limit', node, '--no-verify')).code, 0)
  assert.is((await playbook('rollback', '--check', '--limit', node)).code, 2)
  assert.is.not(await on(node, state), before)
  const rollback = await playbook('rollback', '--limit', node)
  assert.is(rollback.code, 0, rollback.text)
  assert.is(await on(node, state), before)
  assert.is((await playbook('level2')).code, 0)
})

test.run()
