// What files mean becomes an inventory, which is rendered again and compared: what is the same, what could not be said.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { inventoryText } from '../engine/import/text.ts'
import { conf2 } from './adoption/article.ts'
import { dnsCheck, imported, instance, pair, tracksDns, two, written } from './import-files.ts'
import { importConf } from '../engine/import/import.ts'
import { recipes, variants, inventoryOf } from './variants.ts'
import { configuration } from '../tasks/cluster/keepalived-conf.ts'

const inventory = (result: ReturnType<typeof imported>) => inventoryText(result.draft, [])
const needs = ({ unsaid }: ReturnType<typeof imported>) => [...new Set(unsaid.map(({ need }) => need))]

/** The keys of `cluster` that a set-up needs beside those of its first address, and without SNMP. */
const keys = (result: ReturnType<typeof imported>) =>
  inventory(result)
    .split('hosts:\n')[0]!
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => line !== '' && !/^(cluster:$|vip:|vip_prefix:|network:|instance:|snmp: { enabled: false }$)/.test(line),
    )

test('mails: a sender of each node, and none where the inventory has no mails', () => {
  const mails = (to: string, from: string) =>
    `global_defs { notification_email { ${to} }\n ${from}\n smtp_server 10.2.1.9 }\n${dnsCheck}${instance(`smtp_alert\n ${tracksDns}`)}`
  const by = (a: string, b: string) => imported({ 'a.conf': a, 'b.conf': b }, two)
  const own = by(mails('x', 'notification_email_from a'), mails('x', 'notification_email_from b'))
  assert.equal([needs(own), own.refused], [[], []])
  assert.match(inventory(own), /email: .*from: a,/)
  assert.match(inventory(own), /address: 10.2.1.3, email_from: b \}/)
  for (const [first, second] of [
    [mails('x', ''), mails('x', 'notification_email_from b')],
    [mails('**', 'notification_email_from a'), mails('**', 'notification_email_from b')],
    [mails('', ''), mails('x', 'notification_email_from b')],
  ] as const)
    assert.equal(by(first, second).refused, [])
})

test('the smallest set-up becomes the smallest inventory', () => {
  const result = imported(pair(tracksDns, dnsCheck), two)
  assert.is(
    inventory(result),
    `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  vip_prefix: 24
  instance: V
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
  assert.equal(keys(result), [
    'auth_pass: { env: VRRP_PASS } # an environment variable with the password of the files',
    'health_check: { interval: 10 }',
  ])
})

/** Lines of an instance, what stands before it, and the keys that they become. */
const said: [name: string, lines: string, before: string, keys: string[]][] = [
  ['another interface', 'interface ens3', '', ['interface: ens3']],
  ['another virtual_router_id', 'virtual_router_id 51', '', ['virtual_router_id: 51']],
  ['advert_int', 'advert_int 3', '', ['advert_int: 3']],
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
    assert.equal([keys(result), needs(result), result.refused], [wanted, [], []])
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
    assert.equal(keys(result), ['checks:', `own: { ${check}, interval: 5,${timeout} fall: 3, rise: 2, weight: -10 }`])
    assert.equal(needs(result), [])
  })

test('a check that is ended: by keepalived, by timeout, or as root before its next run', () => {
  const result = (lines: string) =>
    imported(pair('track_script { dns\n own }', `${dnsCheck}vrrp_script own {\n fall 2\n rise 1\n ${lines}\n}\n`), two)
  const byTimeout = result('script "timeout 9 /bin/a"\n user nobody')
  assert.equal(keys(byTimeout), ['checks:', 'own: { command: /bin/a, timeout: 9 }'])
  assert.equal(needs(byTimeout), [])
  const byRoot = result('script "/bin/a"\n user root\n interval 4\n timeout 9')
  assert.equal(keys(byRoot), ['checks:', 'own: { command: /bin/a, user: root, interval: 4 }'])
  assert.equal([needs(byRoot), byRoot.refused], [[], []])
  assert.ok(byRoot.added.some((why) => why.startsWith('what root runs')))
  assert.not.ok(byTimeout.added.some((why) => why.startsWith('what root runs')))
})

test('priorities: the order of hosts alone, unless checks move them', () => {
  const files = (lines: string) => ({
    'low.conf': dnsCheck + instance(`${lines}\n ${tracksDns}`, { priority: 50 }),
    'high.conf': dnsCheck + instance(`${lines}\n ${tracksDns}`, { state: 'MASTER', priority: 150 }),
  })
  const plain = imported(files('preempt_delay 9'), two)
  assert.equal(keys(plain), ['preempt: true', 'preempt_delay: 9'])
  assert.match(inventory(plain), /ns2: \{ address: 10.2.1.3 \}\n {2}ns1: \{ address: 10.2.1.2 \}\n$/)
  const weighted = imported(files('track_interface { eth1 weight -60 }'), two)
  assert.match(inventory(weighted), /ns2: \{ address: 10.2.1.3, priority: 150 \}\n {2}ns1: .*priority: 50 \}\n$/)
  assert.equal(
    [keys(weighted), needs(weighted)],
    [['preempt: true', 'track_interfaces: [ { name: eth1, weight: -60 } ]'], []],
  )
  assert.equal(keys(imported(files('nopreempt'), two)), [])
})

test('names and addresses: from the files where these tell', () => {
  const unicast = (own: string, peer: string) =>
    `${dnsCheck}global_defs { router_id ${own.replaceAll('.', '-')}x }` +
    instance(`unicast_src_ip ${own}\n unicast_peer { ${peer} }\n ${tracksDns}`)
  const one = imported({ 'keepalived.conf': unicast('10.2.1.7', '10.2.1.8') })
  assert.match(
    inventory(one),
    /unicast: true\n {2}snmp: \{ enabled: false \}\nhosts:\n {2}node1: \{ address: 10.2.1.7 \}\n {2}node2: \{ address: 10.2.1.8 \}\n$/,
  )
  const silent = (peer: string) => dnsCheck + instance(`unicast_peer { ${peer} }\n ${tracksDns}`)
  const both = imported({ 'lb1/keepalived.conf': silent('10.2.1.8'), 'lb2/keepalived.conf': silent('10.2.1.7') })
  assert.match(inventory(both), /lb1: \{ address: 10.2.1.7 \}\n {2}lb2: \{ address: 10.2.1.8 \}\n$/)
  assert.equal([...needs(one), ...needs(both)], [])
  // Two files of three nodes.
  const three = imported({
    'lb1/keepalived.conf': silent('10.2.1.8\n 10.2.1.9'),
    'lb2/keepalived.conf': silent('10.2.1.7\n 10.2.1.9'),
  })
  assert.match(
    inventory(three),
    /lb1: \{ address: 10.2.1.7 \}\n {2}lb2: \{ address: 10.2.1.8 \}\n {2}node3: \{ address: 10.2.1.9 \}\n$/,
  )
  const byId = imported({
    'a.conf': 'global_defs { router_id web_1 }' + instance(),
    'b.conf': 'global_defs { router_id web_2 }' + instance(),
  })
  assert.equal(Object.keys(byId.draft.hosts), ['web-1', 'web-2'])
})

const networks: [vip: string, network: string][] = [
  ['10.2.1.5/16', '10.2.0.0/16'],
  ['10.2.1.5/30', '10.2.1.0/24 # assumed, as 10.2.1.5/30 is no network of hosts'],
  ['10.2.2.5/24', '10.2.0.0/22 # assumed, as 10.2.2.5/24 does not hold all nodes'],
  ['10.2.1.5', '10.2.1.0/24 # assumed, as 10.2.1.5 has no prefix length'],
]
for (const [vip, network] of networks)
  test(`the network of ${vip}`, () => {
    const file = dnsCheck + instance(tracksDns, { vip })
    assert.ok(inventory(imported({ 'a.conf': file, 'b.conf': file }, two)).includes(`network: ${network}\n`))
  })

test('lines for hosts: one file for all', () => {
  const file = `@ns1 $OWN=10.2.1.2\n@ns1 $PEER=10.2.1.3\n@ns2 $OWN=10.2.1.3\n@ns2 $PEER=10.2.1.2\n${dnsCheck}`
  const text = file + instance(`unicast_src_ip $OWN\n unicast_peer {\n $PEER\n }\n ${tracksDns}`)
  for (const result of [imported({ 'keepalived.conf': text }), imported({ 'a.conf': text, 'b.conf': text })])
    assert.match(inventory(result), /hosts:\n {2}ns1: \{ address: 10.2.1.2 \}\n {2}ns2: \{ address: 10.2.1.3 \}\n$/)
})

test('what no file tells: marked places, which the schema refuses', () => {
  const result = imported({ 'keepalived.conf': instance('', { vip: '10.2.1.1' }) })
  const text = inventory(result)
  assert.match(text, 'network: 10.2.1.0/24 # assumed, as 10.2.1.1 has no prefix length')
  assert.match(text, 'gateway: ADDRESS-OF-THE-ROUTER # the router of the network')
  assert.match(text, 'service: { type: none }')
  assert.match(text, 'node1: { address: ADDRESS-OF-NODE1 } # the address of node1')
  const [file] = written({ 'inventory.yaml': text })
  assert.throws(() => inventoryOf(text), /gateway: must be an IPv4 address, got "ADDRESS-OF-THE-ROUTER"/)
  assert.ok(file)
  assert.equal(needs(result), [])
})

test('real servers that are no nodes are hosts of their own, by the method that passes clients on to them', () => {
  const real = (address: string, weight: number) => `real_server ${address} 80 { weight ${weight}\n TCP_CHECK { } }\n`
  const server = `virtual_server 10.2.1.5 80 { protocol TCP\n lb_algo wrr\n lb_kind DR\n ${real('10.2.1.9', 2)}${real('10.2.1.2', 1)} }\n`
  const result = imported(pair('', server), two)
  assert.equal(needs(result), [])
  const text = inventory(result)
  assert.match(text, 'balancing: { scheduler: wrr, method: dr }')
  // One of the nodes is a real server as well.
  assert.match(text, 'ns1: { address: 10.2.1.2 }')
  assert.match(text, 'ns2: { address: 10.2.1.3, role: director }')
  assert.match(text, 'real1: { address: 10.2.1.9, role: real_server, weight: 2 }')
})

/** Lines of an instance, what stands beside it, and what could not be said. */
const unsaid: [name: string, lines: string, beside: string, needs: string[]][] = [
  ['a MAC of your own', 'use_vmac vrrp.5 02:00:00:00:00:05', '', ['a virtual MAC of your own, or ipvlan']],
  [
    'track_process with arguments',
    'track_process { x }',
    'vrrp_track_process x { process y "--all" }',
    ['track_file, track_bfd, and track_process with more than a name'],
  ],
]
for (const [name, lines, beside, wanted] of unsaid)
  test(`unsaid: ${name}`, () => {
    const result = imported(pair(`${lines}\n  ${tracksDns}`, `${dnsCheck}${beside}\n`), two)
    assert.equal(needs(result).toSorted(), wanted.toSorted())
    assert.match(result.unsaid[0]!.text, /\.conf:\d+:\d+ /)
  })

test('what only a shell understands: marked places for scripts', () => {
  const check =
    'vrrp_script chk_own {\n script "/bin/a | grep é"\n timeout 3\n fall 2\n rise 1\n user nobody\n weight -5\n}\n'
  const lines = 'notify_master "/bin/a > /tmp/b"\n notify_fault /bin/c\n track_script { own-x\n chk_own\n dns }'
  const result = imported(pair(lines, dnsCheck + check), two)
  assert.equal(keys(result), [
    'checks:',
    'own: { command: SCRIPT-FOR-OWN, weight: -5 } # the path of a script on every node that runs /bin/a | grep ?',
    'notify: { master: SCRIPT-FOR-NOTIFY-MASTER, fault: /bin/c } # the path of a script on every node that runs /bin/a > /tmp/b',
  ])
  assert.equal([result.unsaid, result.refused], [[], []])
  assert.throws(() => inventoryOf(inventory(result)), /command: must be an absolute path.*got "SCRIPT-FOR-OWN"/)
  // Another program is another.
  const other = {
    'a.conf': pair(lines, dnsCheck + check)['a.conf']!,
    'b.conf': pair(lines, dnsCheck + check.replace('grep', 'wc'))['b.conf']!,
  }
  assert.equal(needs(imported(other, two)), ['checks that nodes do not share'])
})

test('a password of IPv6 is none', () => {
  const six = instance(`authentication { auth_type PASS\n auth_pass abcd }\n${tracksDns}`, {
    name: 'S',
    vip: 'fd00::5',
  })
  const result = imported(pair(tracksDns, dnsCheck + six), two)
  assert.equal([needs(result), result.added.some((why) => why.includes('VRRP_PASS'))], [[], false])
})

test('authentication AH', () => {
  const result = imported(pair(`authentication { auth_type AH\n auth_pass abcd }\n${tracksDns}`, dnsCheck), two)
  assert.equal(needs(result), [])
  assert.is(keys(result)[1], 'auth_type: AH')
})

test('a virtual MAC: the name of its interface, and where adverts go, may be others', () => {
  const told = (lines: string) => {
    const result = imported(pair(`${lines}\n ${tracksDns}`, dnsCheck), two)
    assert.equal([needs(result), keys(result)], [[], ['vmac: true']])
    return result.added.some((why) => why.startsWith('the interface of a virtual MAC'))
  }
  assert.not(told('use_vmac\n vmac_xmit_base'))
  assert.not(told('use_vmac vrrp.5\n vmac_xmit_base'))
  assert.ok(told('use_vmac'))
  assert.ok(told('use_vmac outside\n vmac_xmit_base'))
})

test('adverts elsewhere than the virtual IP', () => {
  const lines = `unicast_src_ip 10.9.0.2/24\n unicast_peer { 10.9.0.3/24 }`
  const peers = imported({ 'a.conf': instance(lines, { vip: '10.2.1.5 dev eth1' }) })
  assert.equal([needs(peers), peers.refused], [[], []])
  assert.match(inventory(peers), 'network: 10.9.0.0/24 # assumed by the addresses of the nodes')
  assert.match(inventory(peers), 'vip_interface: eth1')
  // In another network, on the same interface.
  const same = imported({ 'a.conf': instance(lines.replaceAll('10.9.0', '172.16.9')) })
  assert.equal([needs(same), same.refused], [[], []])
  assert.match(inventory(same), 'vip_interface: eth0')
  const unknown = imported({ 'a.conf': instance('', { vip: '10.2.1.5 dev eth1' }) })
  assert.equal([needs(unknown), unknown.refused], [[], []])
  assert.match(inventory(unknown), 'network: NETWORK-OF-THE-NODES # the network in which the nodes send adverts')
  assert.throws(() => inventoryOf(inventory(unknown)), /network: must be an IPv4 network/)
  const further = imported(
    pair(tracksDns, dnsCheck + instance(tracksDns, { name: 'W', vip: '10.2.1.6 dev eth1', id: 6 })),
    two,
  )
  assert.equal(needs(further), [])
  assert.match(inventory(further), 'W: { vip: 10.2.1.6, vip_interface: eth1 }')
})

test('two programs for one change: one script that runs both', () => {
  const result = imported(pair(`notify /bin/n\n notify_master /bin/m\n ${tracksDns}`, dnsCheck), two)
  assert.equal(needs(result), [])
  assert.match(inventory(result), 'that runs /bin/m; /bin/n INSTANCE V MASTER')
})

test('interfaces that all instances track', () => {
  const of = (device: string, rest: object) => instance(`interface ${device}\n track_interface { eth0\n eth1 }`, rest)
  const text = of('eth0', {}) + of('eth1', { name: 'W', vip: '10.9.1.6', id: 6 })
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal(keys(result), [
    'instances: { W: { vip: 10.9.1.6, interface: eth1 } }',
    'track_interfaces: [ eth0, eth1 ]',
    'service: { type: none }',
  ])
  assert.equal(needs(result), [])
})

test('services: several of them, and one over a program', () => {
  const server = (port: number, check: string, protocol = 'TCP', scheduler = 'rr') =>
    `virtual_server 10.2.1.5 ${port} {\n delay_loop 1\n lb_algo ${scheduler}\n protocol ${protocol}\n` +
    two
      .map(({ address }) => ` real_server ${address} ${port} {\n ${check.replaceAll('ADDRESS', address)}\n }\n`)
      .join('') +
    '}\n'
  const several = imported(
    pair(
      '',
      server(80, 'HTTP_GET { url { path /up } }') +
        server(25, 'TCP_CHECK { connect_port 25 }') +
        server(514, 'UDP_CHECK { }', 'UDP') +
        server(5432, 'MISC_CHECK { misc_path "/bin/check -q ADDRESS 5432" }'),
    ),
    two,
  )
  assert.equal(several.draft.level, 2)
  assert.equal(several.draft.cluster.services, {
    http80: { type: 'http', port: undefined, real_port: undefined, managed: false, host: '10.2.1.5', path: '/up' },
    tcp25: { type: 'tcp', port: 25 },
    udp514: { type: 'udp', port: 514 },
    tcp5432: { type: 'tcp', port: 5432, check: '/bin/check -q' },
  })
  assert.equal([needs(several), several.refused], [[], []])
  const one = imported(pair('', server(25, 'TCP_CHECK { }')), two)
  assert.equal([keys(one), needs(one)], [['service: { type: tcp, port: 25 }'], []])
  const other = imported(pair('', server(25, 'TCP_CHECK { }') + server(26, 'TCP_CHECK { }', 'TCP', 'lc')), two)
  assert.equal(needs(other), ['values of one virtual server alone'])
  // Each address serves all.
  const some = imported(pair('virtual_ipaddress { 10.2.1.6 }', server(25, 'TCP_CHECK { }')), two)
  assert.equal(needs(some), ['services of some virtual IPs alone'])
})

test('a password that the schema does not take: put another into the environment', () => {
  const { added, unsaid } = imported(
    pair(`authentication { auth_type PASS\n auth_pass abc }\n${tracksDns}`, dnsCheck),
    two,
  )
  assert.equal([unsaid, added.some((why) => why.includes('VRRP_PASS'))], [[], true])
  // Eight characters count.
  const long = imported(pair(`authentication { auth_type PASS\n auth_pass abcdefghij }\n${tracksDns}`, dnsCheck), two)
  assert.not.ok(long.added.some((why) => why.includes('VRRP_PASS')))
})

test('words that keepalived does not know are in no inventory, as keepalived leaves them out', () => {
  const result = imported(
    pair(`netify_backup /a\n ${tracksDns}`, `${dnsCheck}OS: x\nglobal_defs { notificationd y }\n`),
    two,
  )
  assert.equal([keys(result), result.unsaid], [[], []])
})

test('unicast of both families: a node has two addresses, also one whose file is not there', () => {
  const one = (vip: string, own: string, peer: string, more = {}) =>
    instance(`unicast_src_ip ${own}\n unicast_peer { ${peer} }\n ${tracksDns}`, { vip, ...more })
  const six = one('2001:db8::5/64', '2001:db8::2', '2001:db8::3', { name: 'SIX', id: 6 })
  const result = imported({ 'a.conf': dnsCheck + one('10.2.1.5/24', '10.2.1.2', '10.2.1.3') + six })
  assert.equal([needs(result), result.refused], [[], []])
  assert.match(inventory(result), 'node1: { address: 10.2.1.2, address6: 2001:db8::2 }')
  assert.match(inventory(result), 'node2: { address: 10.2.1.3, address6: 2001:db8::3 }')
})

test('what the schema refuses is left out, and the rest is proved', () => {
  const server =
    'virtual_server 10.2.1.5 53 { protocol UDP\n lb_algo fo\n real_server 10.2.1.2 53 { DNS_CHECK { type txt\n name health.load.balance. } } }\n'
  const lines = 'track_interface { longer-than-fifteen }\n unicast_src_ip fe80::2\n unicast_peer { fe80::3 }'
  const result = imported({ 'a.conf': server + instance(lines) })
  assert.equal(result.refused.map((line) => line.split(':')[0]!).toSorted(), [
    'cluster.balancing.scheduler',
    'cluster.track_interfaces[0]',
    'hosts.node1.address',
    'hosts.node2.address',
  ])
  assert.match(inventory(result), /node1: \{ address: ADDRESS-OF-NODE1, role: director \}/)
  assert.ok(result.unsaid.some(({ text }) => text.endsWith('lvs_sched fo; the inventory makes it rr')))
})

test('a virtual server that the inventory can not have at all is not taken for its own model', () => {
  const reals = [1060, 2060].map((port) => `real_server 10.2.1.9 ${port} { weight 1 }\n`)
  const server = `virtual_server 10.2.1.5 5060 { protocol UDP\n lb_algo sh\n ${reals.join('')} }\n`
  const found = needs(imported(pair('', server), two))
  assert.ok(found.includes('real servers on several ports'))
})

/** Files of two nodes with two instances. */
function instances(lines: string, priorities = [100, 100, 100, 100], beside = '') {
  const [a, b, c, d] = priorities
  const file = (first?: number, second?: number) =>
    dnsCheck +
    instance(tracksDns, { priority: first }) +
    instance(lines, { name: 'W', vip: '10.2.1.6', id: 6, priority: second }) +
    beside
  return { 'a.conf': file(a, b), 'b.conf': file(c, d) }
}

test('instances: what one has and the other has not', () => {
  const fewer = imported(instances(''), two)
  // The service is checked for all.
  assert.equal([needs(fewer), keys(fewer)], [[], ['instances: { W: { vip: 10.2.1.6 } }']])
  assert.ok(fewer.added.includes('all instances are checked alike'))
  const told = imported(instances(`${tracksDns}\n garp_master_delay 1`), two)
  assert.equal([needs(told), keys(told)], [[], ['instances: { W: { vip: 10.2.1.6, garp: { delay: 1 } } }']])
  const own = imported(instances(`${tracksDns}\n advert_int 2`), two)
  assert.equal(needs(own), ['an instance with values of its own'])
  assert.not.ok(own.added.includes('all instances are checked alike'))
})

test('instances with checks and interfaces of their own; what is the same has one name', () => {
  const check = (name: string, what: string) =>
    `vrrp_script ${name} {\n script "/usr/bin/pgrep -x ${what}"\n timeout 3\n fall 2\n rise 1\n}\n`
  const own = 'track_script { a\n b }\n track_interface { eth0\n eth2 }'
  const text =
    check('a', 'one') +
    check('b', 'two') +
    instance('track_script { a }\n track_interface { eth1 }') +
    instance(own, { name: 'W', vip: '10.2.1.6', id: 6 }) +
    instance('', { name: 'X', vip: '10.2.1.7', id: 7 })
  const result = imported({ 'a.conf': text, 'b.conf': text }, two)
  assert.equal([needs(result), result.refused], [[], []])
  assert.match(inventory(result), 'a: { process: one }')
  assert.match(
    inventory(result),
    'W: { vip: 10.2.1.6, checks: { a: { process: one }, b: { process: two } }, track_interfaces: [ eth2 ] }, ' +
      'X: { vip: 10.2.1.7, checks: {}, track_interfaces: [] }',
  )
})

test('instances that are on another node each', () => {
  const wanted = ['preempt: true', 'instances: { W: { vip: 10.2.1.6, prefer: ns2 } }']
  const files = instances(tracksDns, [150, 90, 90, 150])
  const both = imported(files, two)
  assert.equal([keys(both), needs(both)], [wanted, []])
  // Of two nodes, one file tells.
  const alone = imported({ 'a.conf': files['a.conf'] }, two)
  assert.equal([keys(alone), needs(alone)], [wanted, []])
  const other = imported({ 'b.conf': files['b.conf'] }, two.toReversed())
  assert.equal(keys(other), ['preempt: true', 'prefer: ns1', 'instances: { W: { vip: 10.2.1.6 } }'])
  assert.equal(needs(other), [])
  const stays = imported(instances(`${tracksDns}\n nopreempt`, [150, 90, 90, 150]), two)
  assert.equal([keys(stays), needs(stays)], [['prefer: ns1', 'instances: { W: { vip: 10.2.1.6 } }'], []])
})

test('instances with programs of their own', () => {
  const text = (more: string) =>
    dnsCheck +
    instance(`notify /n\n ${tracksDns}`) +
    instance(`${more}\n ${tracksDns}`, { name: 'W', vip: '10.2.1.6', id: 6 })
  const result = imported({ 'a.conf': text('notify /n'), 'b.conf': text('notify /n') }, two)
  assert.match(
    inventory(result),
    /instances: \{ W: \{ vip: 10.2.1.6, notify: \{ master: \/n INSTANCE W MASTER, backup: /,
  )
  assert.equal(needs(result), [])
  const none = imported({ 'a.conf': text(''), 'b.conf': text('') }, two)
  assert.match(inventory(none), 'instances: { W: { vip: 10.2.1.6, notify: {} } }')
  assert.equal(needs(none), [])
  const script = imported({ 'a.conf': text('notify_stop "/a | /b"'), 'b.conf': text('notify_stop "/a | /b"') }, two)
  assert.match(inventory(script), 'notify: { stop: SCRIPT-FOR-W-NOTIFY-STOP } }')
  assert.equal([needs(script), script.refused], [[], []])
})

test('instances in a group: all, or some', () => {
  const all = imported(instances(tracksDns, [150, 150, 90, 90], 'vrrp_sync_group G { group { V\n W } }'), two)
  assert.equal(keys(all), ['preempt: true', 'instances: { W: { vip: 10.2.1.6 } }', 'sync: true'])
  assert.equal(needs(all), [])
  const third = instance(tracksDns, { name: 'X', vip: '10.2.1.7', id: 7 })
  const some = imported(instances(tracksDns, undefined, `${third}vrrp_sync_group G { group { V\n W } }`), two)
  assert.equal(needs(some), ['a sync group of some instances'])
})

test('priorities count by what checks make of them', () => {
  const files = (lower: number, weight: number) => {
    const check = `vrrp_script own {\n script "/bin/a"\n user nobody\n timeout 3\n fall 2\n rise 1\n weight ${weight}\n}\n`
    const of = (one: number, other: number) =>
      check +
      instance('track_script { own }', { priority: one }) +
      instance('track_script { own }', { name: 'W', vip: '10.2.1.6', id: 6, priority: other })
    return imported({ 'a.conf': of(150, lower), 'b.conf': of(lower, 150) }, two)
  }
  // The preferred node is above the other by one, and a failed check puts it below in both.
  assert.equal(needs(files(140, -20)), [])
  assert.equal(needs(files(100, -20)), ['an order of the nodes for each instance'])
})

test('no word shows a password', () => {
  for (const password of ['x%~', 'x%~yzabcdef']) {
    const result = imported(pair(`authentication { auth_type PASS\n auth_pass ${password} }`), two)
    assert.not.match(JSON.stringify([result, inventory(result)]), /x%~/)
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
    /a.conf: neither a virtual_ipaddress nor a virtual_server/,
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
