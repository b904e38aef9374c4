// Each mistake that the import warns of: the line, what it says, and that the page lists it.
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imported, instance } from './import-files.ts'

const script = (lines: string) => `vrrp_script c {\n${lines}\n}\n`
const good = ' timeout 1\n fall 2\n user nobody\n'
const tracks = 'track_script { c }'
const global = (lines: string) => `global_defs {\n${lines}\n}\n`
const balanced = (lines: string, server = '10.2.1.5 80') => `virtual_server ${server} {\n${lines}\n}\n`
const real = (port = 80, check = 'TCP_CHECK { }') => `real_server 10.2.1.7 ${port} { ${check} }\n`
const fine = 'protocol TCP\nlb_algo rr\nlb_kind NAT\nquorum 1\n'

/** The code of a mistake, the file that has it, the line, and words that it is told in. */
const single: [code: string, file: string, line: number, what: RegExp][] = [
  ['check-without-timeout', script('script /a') + instance(tracks), 1, /^c may take as long as interval/],
  ['check-without-fall', script('script /a') + instance(tracks), 1, /a single slow answer moves/],
  ['check-without-user', script('script /a') + instance(tracks), 1, /^c is run by keepalived_script .*, else by root$/],
  ['check-as-root', script(' script /a\n user root') + instance(tracks), 3, /^c is run by root$/],
  ['no-script-security', script('script /a') + instance(tracks), 1, /even where others may write them/],
  ['killall', script(' script "killall -0 x"') + instance(tracks), 2, /sees a process, not a service/],
  ['check-not-tracked', script('script /a') + instance(), 1, /no instance tracks it/],
  ['check-not-defined', instance('track_script {\n d\n }'), 11, /track_script d names no vrrp_script/],
  ['shell-in-check', script(' script "a | b"') + instance(tracks), 2, /through a shell only where/],
  [
    'check-of-keepalived',
    script(' script "killall -0 keepalived"') + instance(tracks),
    2,
    /looks at keepalived itself/,
  ],
  ['quotes-of-quotes', script(' script \\"/a\\"') + instance(tracks), 2, /takes the quotes for a part of its path/],
  [
    'check-weight-in-sync-group',
    `vrrp_sync_group G { group { V\n W } }\n${script(`script /a\n weight 2\n${good}`)}${instance(tracks)}${instance('', { name: 'W', vip: '10.2.1.6', id: 6 })}`,
    20,
    /^c has a weight, and V is in a sync group: keepalived leaves the check out$/,
  ],
  [
    'group-without-instance',
    `vrrp_sync_group G { group { V\n W } }\n${instance('')}`,
    1,
    /^vrrp_sync_group G has W, which is no vrrp_instance$/,
  ],
  ['notify-twice', instance('notify_master /a\nnotify_master /b'), 11, /^notify_master is said already/],
  ['vmac-called-like-a-switch', instance('use_vmac off'), 10, /^use_vmac off turns the virtual MAC on/],
  ['router-id-out-of-range', instance('', { id: 300 }), 5, /^virtual_router_id 300 is none/],
  [
    'label-of-ipv6',
    instance('', { vip: 'fe80::5/64 label eth0:1' }),
    8,
    /^fe80::5\/64 is of IPv6, which has no labels/,
  ],
  ['nopreempt-called-like-a-switch', instance('nopreempt no'), 10, /^nopreempt no is nopreempt/],
  [
    'several-keywords-in-a-line',
    instance('authentication { auth_type PASS auth_pass abcd }'),
    10,
    /^keepalived leaves auth_pass out, as auth_type stands before it/,
  ],
  [
    'script-without-quotes',
    script(' script /a b -c') + instance(tracks),
    2,
    /^c runs \/a alone: keepalived leaves b -c out$/,
  ],
  [
    'notify-argument-without-quotes',
    instance('notify_master /a master'),
    10,
    /^notify_master: keepalived takes master for a user, and does not run \/a/,
  ],
  [
    'notify-script-of-the-playbooks',
    instance('notify /etc/keepalived/keepalived-notify.sh'),
    10,
    /^the playbooks write a script of their own to \/etc\/keepalived\/keepalived-notify.sh$/,
  ],
  ['instance-twice', instance('') + instance('', { vip: '10.2.1.6', id: 6 }), 13, /^vrrp_instance V is there already/],
  ['include-of-nothing', `${instance('')}include no/*.conf\n`, 12, /names no file that is here/],
  [
    'check-stops-keepalived',
    script(' script "pgrep x || systemctl stop keepalived"') + instance(tracks),
    2,
    /ends keepalived/,
  ],
  ['no-prefix-length', instance('', { vip: '10.2.1.5' }), 8, /^10.2.1.5 has no prefix length/],
  ['nopreempt-with-master', instance('nopreempt', { state: 'MASTER' }), 10, /^nopreempt has no effect/],
  [
    'nopreempt-with-weight',
    script(`script /a\n weight 2\n${good}`) + instance(`${tracks}\n nopreempt`),
    19,
    /no other takes/,
  ],
  ['preempt-delay-with-master', instance('preempt_delay 5', { state: 'MASTER' }), 10, /^preempt_delay has no effect/],
  ['preempt-delay-with-nopreempt', instance('preempt_delay 5\nnopreempt'), 10, /no effect with nopreempt/],
  ['unknown-state', instance('', { state: 'SLAVE' }), 3, /^state SLAVE is unknown, and becomes BACKUP$/],
  ['priority-out-of-range', instance('', { priority: 300 }), 6, /^priority 300 is none/],
  ['priority-255', instance('', { priority: 255 }), 6, /owner of an address/],
  [
    'priority-255-with-weight',
    script(`script /a\n weight 2\n${good}`) + instance(tracks, { priority: 255 }),
    14,
    /never changes/,
  ],
  [
    'router-id-shared-by-instances',
    instance() + instance('', { name: 'W', vip: '10.2.1.6' }),
    16,
    /^W has the virtual_router_id of V/,
  ],
  ['both-families', instance('', { vip: '10.2.1.5/24\n fe80::5/64' }), 8, /IPv4 and IPv6/],
  ['own-interface-tracked', instance('track_interface {\n eth0\n }'), 11, /tracked anyhow/],
  ['sync-daemon-without-ipvs', instance('lvs_sync_daemon_interface eth0'), 10, /nothing to send/],
  [
    'mail-without-server',
    `${global(' notification_email {\n me@here.net\n }\n smtp_alert')}${instance()}`,
    2,
    /no mail is ever sent$/,
  ],
  ['sample-password', instance('authentication { auth_type PASS\n auth_pass 1111 }'), 11, /that of many samples/],
  [
    'long-password',
    instance('authentication { auth_type PASS\n auth_pass abcdefghij }'),
    11,
    /^only 8 of the 10 characters/,
  ],
  ['auth-ah', instance('authentication { auth_type AH\n auth_pass abcd }'), 10, /RFC 3768/],
  [
    'strict-with-authentication',
    global('vrrp_strict') + instance('authentication { auth_pass abcd }'),
    2,
    /^vrrp_strict does not go with/,
  ],
  [
    'authentication-with-ipv6',
    instance('authentication { auth_pass abcd }', { vip: 'fe80::5/64' }),
    10,
    /which has no password/,
  ],
  ['group-as-source', instance('mcast_src_ip 225.1.2.3'), 10, /^225\.1\.2\.3 is the address of a group/],
  ['unicast-without-source', instance('unicast_peer { 10.2.1.3 }'), 10, /without unicast_src_ip/],
  ['no-unicast-peer', instance('unicast_peer { }'), 10, /adverts go by multicast/],
  ['own-address-among-peers', instance('unicast_src_ip 10.2.1.2\n unicast_peer {\n 10.2.1.2\n }'), 12, /own address$/],
  [
    'multicast-source-with-unicast',
    instance('mcast_src_ip 10.2.1.2\n unicast_peer { 10.2.1.3 }'),
    10,
    /^mcast_src_ip says nothing/,
  ],
  ['sample-router-id', global(' router_id LVS_DEVEL') + instance(), 2, /LVS_DEVEL is that of the sample/],
  ['mail-without-alert', global('notification_email { a@x.org }') + instance(), 2, /no mail is ever sent/],
  ['sample-mail', global('notification_email { a@firewall.loc }') + instance(), 2, /those of the sample/],
  ['unknown-keyword', instance('netify_backup /a'), 10, /^netify_backup is unknown \(did you mean "notify_backup"\?\)/],
  [
    'unmatched-brace',
    instance() + 'global_defs {\n router_id a\n',
    12,
    /^global_defs is not closed at the end of the file, and/,
  ],
  ['obsolete-keyword', global('lvs_id x') + instance(), 2, /^lvs_id is a keyword no longer/],
  ['no-sorry-server', instance() + balanced(`protocol TCP\n${real()}`), 12, /clients go nowhere/],
  ['one-real-server', instance() + balanced(fine + real()), 17, /nothing to balance/],
  ['no-health-check', instance() + balanced(fine + real(80, 'weight 1')), 17, /^10.2.1.7 80 has no check/],
  ['sample-persistence', instance() + balanced(`persistence_timeout 50\n${fine}${real()}`), 13, /that of the sample/],
  ['dr-without-sysctls', instance() + balanced(`lb_kind DR\n${real()}`), 13, /must not answer ARP/],
  ['dr-with-another-port', instance() + balanced(`lb_kind DR\n${real(8080)}`), 14, /can not change port 80 to 8080/],
  ['no-forwarding-method', instance() + balanced(real()), 12, /^without lb_kind it is NAT/],
  [
    'unknown-forwarding-method',
    instance() + balanced(`lb_kind FNAT\n${real()}`),
    13,
    /^lb_kind FNAT: there is no such/,
  ],
  ['lower-case-forwarding-method', instance() + balanced(`lb_kind nat\n${real()}`), 13, /lower case/],
  ['unknown-scheduler', instance() + balanced(`lb_algo loadbalance\n${real()}`), 13, /no such scheduler/],
  ['no-protocol', instance() + balanced(real()), 12, /^without protocol/],
  ['virtual-server-without-vip', instance() + balanced(real(), '10.2.1.6 80'), 12, /^no instance holds 10.2.1.6/],
  ['sample-virtual-server', instance() + balanced(real(), '10.10.10.2 1358'), 12, /is of the sample$/],
]
for (const [code, file, line, what] of single)
  test(code, () => {
    const found = imported({ 'a.conf': file }).hazards.filter((one) => one.code === code)
    assert.is(found.length, 1, JSON.stringify(found))
    assert.is(found[0]!.place.line, line)
    assert.match(found[0]!.what, what)
    assert.ok(found[0]!.cure)
  })

/** The same for what two files do not agree on. */
const between: [code: string, first: string, second: string, what: RegExp][] = [
  [
    'router-id-on-several-nodes',
    global('router_id x') + instance(),
    global('router_id x') + instance(),
    /^router_id x is that of another/,
  ],
  ['equal-priorities', instance(), instance(), /^priority 100 is the same/],
  [
    'several-masters',
    instance('', { state: 'MASTER' }),
    instance('', { state: 'MASTER' }),
    /several nodes begin as MASTER/,
  ],
  ['check-on-some-nodes', script('script /a') + instance(tracks), instance(), /^b tracks no script/],
  [
    'weight-too-small',
    script('script /a\n weight -20') + instance(tracks, { priority: 150 }),
    script('script /a\n weight -20') + instance(tracks),
    /^c moves the priority by 20, and the nodes are 50 apart/,
  ],
  ['virtual-ips-differ', instance(), instance('', { vip: '10.2.1.6/24' }), /adverts are not taken/],
  ['nopreempt-on-some-nodes', instance('nopreempt'), instance(), /not on all nodes/],
  [
    'passwords-differ',
    instance('authentication { auth_pass abcd }'),
    instance('authentication { auth_pass abce }'),
    /takes itself for the only one/,
  ],
  [
    'one-source-on-several-nodes',
    instance('unicast_src_ip 10.2.1.2\n unicast_peer { 10.2.1.3 }'),
    instance('unicast_src_ip 10.2.1.2\n unicast_peer { 10.2.1.3 }'),
    /^unicast_src_ip 10\.2\.1\.2 is that of another node$/,
  ],
  ['router-ids-differ', instance(), instance('', { id: 6 }), /^virtual_router_id differs/],
]
for (const [code, first, second, what] of between)
  test(`between nodes: ${code}`, () => {
    const found = imported({ 'a.conf': first, 'b.conf': second }).hazards.filter((one) => one.code === code)
    assert.is(found.length, 1, JSON.stringify(found))
    assert.match(found[0]!.what, what)
  })

test('words behind an address that keepalived does not know', () => {
  const file = instance('', { vip: '10.2.1.5/24 dev eth0 lable eth0:1' })
  const found = imported({ 'a.conf': file }).hazards.filter(({ code }) => code === 'unknown-keyword')
  assert.equal(
    found.map(({ what }) => what),
    [
      'lable is unknown (did you mean "label"?), and keepalived leaves it out',
      'eth0:1 is unknown, and keepalived leaves it out',
    ],
  )
})

test('no virtual_router_id at all, and a second script in a line of track_script', () => {
  const found = (file: string) => imported({ 'a.conf': file }).hazards.map(({ what }) => what)
  const without = instance().replace('virtual_router_id 5', '')
  assert.ok(found(without).includes('there is no virtual_router_id, and keepalived leaves the instance out'))
  const both = script('script /a') + instance('track_script { c d weight -5 }')
  assert.ok(found(both).includes('d is unknown, and keepalived leaves it out'))
})

test('words that are no keywords, users of programs and quoted words are right in a line', () => {
  const lines = 'notify_master /a nobody\n notify_backup "/b backup"\n nopreempt\n track_script { c weight 2 reverse }'
  const codes = imported({ 'a.conf': script(' script "/a interval"\n interval 2') + instance(lines) }).hazards
  const wrong = /^(several-keywords|script-without|notify-arg|nopreempt-called|unknown-keyword)/
  assert.equal(
    codes.filter(({ code }) => wrong.test(code)),
    [],
  )
  const bare = imported({ 'a.conf': script(' script timeout 2 /a') + instance(tracks) }).hazards
  assert.not.ok(bare.some(({ code }) => code === 'several-keywords-in-a-line'))
})

test('a weight that is greater than the difference of priorities: no warning', () => {
  const file = (priority: number) => script('script /a\n weight -20') + instance(tracks, { priority })
  const { hazards } = imported({ 'a.conf': file(110), 'b.conf': file(100) })
  assert.not.ok(hazards.some(({ code }) => code === 'weight-too-small'))
})

test('a file without mistakes: no warning', () => {
  const lines = `${tracks}\n authentication { auth_type PASS\n auth_pass s3cR3t%x }`
  const file = (name: string, priority: number) =>
    `${global(`router_id ${name}\n enable_script_security\n script_user nobody`)}${script(`script /a\n${good}`)}${instance(lines, { priority })}`
  assert.equal(imported({ 'a.conf': file('ns1', 100), 'b.conf': file('ns2', 90) }).hazards, [])
})

test('docs/import.md lists each of them, and no other', () => {
  const page = readFileSync(new URL('../docs/import.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, code]) => code!)
  assert.equal(listed.toSorted(), [...single, ...between].map(([code]) => code).toSorted())
})

test.run()
