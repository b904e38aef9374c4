// What files mean becomes an inventory, which is rendered again and compared: the settings of one instance, and its checks.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inventoryText } from '../engine/import/text.ts'
import { conf2 } from './adoption/article.ts'
import {
  dnsCheck,
  imported,
  instance,
  inventoryTextOf,
  keysOf,
  needsOf,
  pair,
  tracksDns,
  two,
  written,
} from './import-files.ts'
import { importConf } from '../engine/import/import.ts'
import { recipes, variants, inventoryOf } from './variants.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'

test('mails: a sender of each node, and none where the inventory has no mails', () => {
  const mails = (to: string, from: string) =>
    `global_defs { notification_email { ${to} }\n ${from}\n smtp_server 10.2.1.9 }\n${dnsCheck}${instance(`smtp_alert\n ${tracksDns}`)}`
  const by = (a: string, b: string) => imported({ 'a.conf': a, 'b.conf': b }, two)
  const own = by(mails('x', 'notification_email_from a'), mails('x', 'notification_email_from b'))
  assert.equal([needsOf(own), own.refused], [[], []])
  assert.match(inventoryTextOf(own), /email: .*from: a,/)
  assert.match(inventoryTextOf(own), /address: 10.2.1.3, email_from: b \}/)
  for (const [first, second] of [
    [mails('x', ''), mails('x', 'notification_email_from b')],
    [mails('**', 'notification_email_from a'), mails('**', 'notification_email_from b')],
    [mails('', ''), mails('x', 'notification_email_from b')],
  ] as const)
    assert.equal(by(first, second).refused, [])
})

test('the smallest set-up: who answers at a port that is checked is not replaced', () => {
  const result = imported(pair(tracksDns, dnsCheck), two)
  assert.is(
    inventoryTextOf(result),
    `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  vip_prefix: 24
  instance: V
  checks:
    dns: { port: 53 }
  service: { type: none }
  snmp: { enabled: false }
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`,
  )
  assert.equal([result.unsaid, result.refused], [[], []])
})

test('the article itself', () => {
  const result = imported({ 'keepalived.conf': conf2 }, two)
  assert.equal([result.unsaid, result.draft.level], [[], 2])
  assert.equal(keysOf(result), [
    'auth_pass: { env: VRRP_PASS } # an environment variable with the password of the files',
    'health_check: { interval: 10 }',
  ])
})

/** Lines of an instance, what stands before it, and the keys that they become. */
const said: [name: string, lines: string, before: string, keys: string[]][] = [
  ['another interface', 'interface ens3', '', ['interface: ens3']],
  ['another virtual_router_id', 'virtual_router_id 51', '', ['virtual_router_id: 51']],
  ['advert_int', 'advert_int 3', '', ['advert_int: 3']],
  ['down_timer_adverts', 'down_timer_adverts 5', '', ['down_timer_adverts: 5']],
  ['VRRP version 3', 'version 3\n advert_int 0.5', '', ['advert_int: 0.5', 'vrrp_version: 3']],
  ['VRRP version 3 of all', '', 'global_defs { vrrp_version 3 }', ['vrrp_version: 3']],
  ['track_interface', 'track_interface { eth0\n eth1 }', '', ['track_interfaces: [ eth1 ]']],
  [
    'GARP',
    'garp_master_refresh 60',
    'global_defs { vrrp_garp_interval 0.01 }',
    ['garp: { refresh: 60, interval_ms: 10 }'],
  ],
  ['notify', 'notify_master "/bin/a b"\n notify_stop /bin/c', '', ['notify: { master: /bin/a b, stop: /bin/c }']],
  [
    'notify of all changes',
    'notify /bin/n.sh',
    '',
    [
      'notify: { master: /bin/n.sh INSTANCE V MASTER, backup: /bin/n.sh INSTANCE V BACKUP, fault: /bin/n.sh INSTANCE V FAULT, stop: /bin/n.sh INSTANCE V STOP }',
    ],
  ],
  ['notify as a user', 'notify_fault /bin/a bob', '', ['notify: { fault: /bin/a, user: bob }']],
  ['startup delay', '', 'global_defs { vrrp_startup_delay 9 }', ['startup_delay: 9']],
  [
    'mails',
    'smtp_alert',
    'global_defs { notification_email { a@x.org b@x.org }\n notification_email_from k@x.org\n smtp_server 10.2.1.9 }',
    ['email: { to: [ a@x.org, b@x.org ], from: k@x.org, server: 10.2.1.9 }'],
  ],
  [
    'mails through a server with a name',
    'smtp_alert',
    'global_defs { notification_email { a@x.org }\n notification_email_from k@x.org\n smtp_server mail.x.org }',
    ['email: { to: [ a@x.org ], from: k@x.org, server: mail.x.org }'],
  ],
  [
    'mails of users of the mail server, through another port',
    'smtp_alert',
    'global_defs { notification_email { a }\n notification_email_from root\n smtp_server 10.2.1.9 587 }',
    ['email: { to: [ a ], from: root, server: 10.2.1.9, port: 587 }'],
  ],
  ['another multicast group', '', 'global_defs { vrrp_mcast_group4 224.0.0.99 }', ['mcast_group: 224.0.0.99']],
  ['the usual multicast group', '', 'global_defs { vrrp_mcast_group4 224.0.0.18 }', []],
  [
    'track_process',
    'track_process { x weight -5 }',
    'vrrp_track_process x { process /usr/sbin/y\n quorum 1\n weight 3 }',
    ['checks:', 'x: { process: y, weight: -5 }'],
  ],
  [
    'addresses of both families',
    'virtual_ipaddress { 2001:db8::5/64 }',
    '',
    ['more_vips: [ { address: 2001:db8::5, prefix: 64 } ]'],
  ],
  [
    'lines without a key',
    'dont_track_primary',
    'global_defs { max_auto_priority 5 }',
    ['keepalived: { global: [ max_auto_priority 5 ], instance: [ dont_track_primary ] }'],
  ],
  [
    'routes',
    'virtual_routes { 10.9.0.0/16 via 10.2.1.1 dev eth0 }',
    '',
    ['keepalived: { instance: [ "virtual_routes {", 10.9.0.0/16 via 10.2.1.1 dev eth0, "}" ] }'],
  ],
  [
    'further addresses',
    'virtual_ipaddress { 10.2.1.6/24\n 10.9.0.5/24 dev eth1 label eth1:vip }\n virtual_ipaddress_excluded { 2001:db8::5/64\n 10.2.1.7 }',
    '',
    [
      'more_vips: [ { address: 10.2.1.6, prefix: 24 }, { address: 10.9.0.5, prefix: 24, interface: eth1, label: eth1:vip }, { address: 2001:db8::5, prefix: 64 }, { address: 10.2.1.7, excluded: true } ]',
    ],
  ],
  [
    'an instance of IPv6',
    '',
    instance(tracksDns, { name: 'V-six', vip: 'fd00::5/64' }),
    ['instances: { V-six: { vip: fd00::5, vip_prefix: 64, virtual_router_id: 5 } }'],
  ],
  [
    'a router with two sides',
    '',
    instance(`interface eth1\n ${tracksDns}`, { name: 'in', vip: '10.9.1.1', id: 9 }) +
      'vrrp_sync_group G { group { V\n in } }',
    ['instances: { in: { vip: 10.9.1.1, virtual_router_id: 9, interface: eth1 } }', 'sync: true'],
  ],
  ['a group of one', '', 'vrrp_sync_group G { group { V }\n notify_master /bin/g }', ['notify: { master: /bin/g }']],
]
for (const [name, lines, before, wanted] of said)
  test(`said: ${name}`, () => {
    const result = imported(pair(`${lines}\n  ${tracksDns}`, `${dnsCheck}${before}\n`), two)
    assert.equal([keysOf(result), needsOf(result), result.refused], [wanted, [], []])
  })

/** The script of a check, and what it becomes. */
const checks: [script: string, check: string, timeout?: string][] = [
  ['killall -0 haproxy', 'process: haproxy'],
  ['/usr/bin/killall -0 haproxy && exit 0 || exit 1', 'process: haproxy'],
  ['pidof /usr/sbin/nginx', 'process: nginx'],
  ['/usr/bin/pgrep -x mysqld >/dev/null 2>&1', 'process: mysqld'],
  ['nc -z -w1 127.0.0.1 80', 'port: 80'],
  ['/bin/nc -z localhost 6443', 'port: 6443'],
  ['</dev/tcp/127.0.0.1/80', 'port: 80'],
  ['ss -ntl | grep :3306', 'port: 3306'],
  ['curl -sf http://127.0.0.1/health', 'url: http://127.0.0.1/health'],
  [
    '/usr/bin/curl -o /dev/null --silent --fail -m 2 https://localhost:6443/healthz',
    'url: https://localhost:6443/healthz',
  ],
  ['timeout 2 bash -c "</dev/tcp/127.0.0.1/80"', 'port: 80'],
  ['/usr/bin/timeout -k 1 -s KILL 2s pidof nginx', 'process: nginx'],
  ['/etc/keepalived/check.sh -v', 'command: /etc/keepalived/check.sh -v, user: root', ' timeout: 3,'],
  ['timeout 2 /etc/check.sh', 'command: /etc/check.sh, user: root', ' timeout: 3,'],
  ['nc -z 10.9.9.9 80', 'command: /usr/bin/nc -z 10.9.9.9 80, user: root', ' timeout: 3,'],
  [
    'systemctl is-active --quiet nginx',
    'command: /usr/bin/systemctl is-active --quiet nginx, user: root',
    ' timeout: 3,',
  ],
]
for (const [script, check, timeout = ''] of checks)
  test(`a check: ${script}`, () => {
    const own = `vrrp_script chk_own {\n  script ${script.includes('"') ? script : `"${script}"`}\n  interval 5\n  timeout 3\n  fall 3\n  rise 2\n  weight -10\n}\n`
    const result = imported(pair('track_script { dns\n chk_own }', dnsCheck + own), two)
    assert.equal(keysOf(result), ['checks:', `own: { ${check}, interval: 5,${timeout} fall: 3, rise: 2, weight: -10 }`])
    assert.equal(needsOf(result), [])
  })

test('a check that is ended: by keepalived, by timeout, or as root before its next run', () => {
  const result = (lines: string) =>
    imported(pair('track_script { dns\n own }', `${dnsCheck}vrrp_script own {\n fall 2\n rise 1\n ${lines}\n}\n`), two)
  const byTimeout = result('script "timeout 9 /bin/a"\n user nobody')
  assert.equal(keysOf(byTimeout), ['checks:', 'own: { command: /bin/a, timeout: 9 }'])
  assert.equal(needsOf(byTimeout), [])
  const byRoot = result('script "/bin/a"\n user root\n interval 4\n timeout 9')
  assert.equal(keysOf(byRoot), ['checks:', 'own: { command: /bin/a, user: root, interval: 4 }'])
  assert.equal([needsOf(byRoot), byRoot.refused], [[], []])
  assert.ok(byRoot.added.some((why) => why.startsWith('what root runs')))
  assert.not.ok(byTimeout.added.some((why) => why.startsWith('what root runs')))
})

test('no word shows a password', () => {
  for (const password of ['x%~', 'x%~yzabcdef']) {
    const result = imported(pair(`authentication { auth_type PASS\n auth_pass ${password} }`), two)
    assert.not.match(JSON.stringify([result, inventoryTextOf(result)]), /x%~/)
  }
})

test('names of hosts and files are data in the inventory, whatever is in them', () => {
  const odd = [{ name: 'a: { b', address: '10.2.1.2' }]
  const result = imported({ 'a.conf': instance() }, odd)
  assert.match(result.refused.join(), /each key must be a host name/)
  assert.match(
    inventoryText(result.draft, ['x\ncluster: y']),
    /^# x\?cluster: y\ncluster:\n[^]*"a: \{ b": \{ address: 10.2.1.2 \}/,
  )
})

test('nothing to import', () =>
  assert.throws(
    () => imported({ 'a.conf': 'global_defs { }' }),
    /a.conf: neither a vrrp_instance nor a virtual_server/,
  ))

test('what the playbooks write is imported as the inventory that it is from', () => {
  for (const [name, text, level] of [...variants, ...recipes]) {
    // The second interface is in no keepalived.conf.
    if (level === 3) continue
    // What a node asks of its own service has the address of the node, and the import finds checks that differ.
    if (name === 'level1-services' || name === 'level1-health') continue
    const { cluster, hosts } = inventoryOf(text)
    const files = hosts.map((host) => configuration({ cluster, host, hosts }, level))
    const paths = written(Object.fromEntries(files.map((file, index) => [`${hosts[index]!.name}.conf`, file])))
    const result = importConf(
      paths.map((file) => ({ file })),
      hosts.map(({ name: host, address }) => ({ name: host, address })),
    )
    const missing = result.unsaid.map(({ text: what }) => what)
    assert.equal([name, ...missing, ...result.refused], [name])
  }
})

test.run()
