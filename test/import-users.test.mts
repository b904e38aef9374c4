// Who runs the programs of a file, when, and which way round: nothing of that changes in silence.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imported, instance, inventoryTextOf, needsOf } from './import-files.ts'

const files = (text: string) => ({ 'a.conf': text, 'b.conf': text })
const monitor = 'global_defs {\n script_user monitor\n}\n'
const server = (inner: string, outer = '') =>
  `${instance()}virtual_server 10.2.1.5 80 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n quorum 1\n ${outer}\n` +
  `real_server 10.2.1.7 80 {\n ${inner}\n}\nreal_server 10.2.1.8 80 {\n ${inner.replaceAll('10.2.1.7', '10.2.1.8')}\n}\n}\n`
const tcp = 'TCP_CHECK {\n}'
const script = (lines: string) => `vrrp_script c {\n script "/bin/c"\n timeout 1\n fall 2\n user nobody\n ${lines}\n}\n`
const reversed = 'checks turned round (reverse)'

for (const [what, text] of [
  ['a script', script('weight 10 reverse') + instance('track_script {\n c\n }')],
  ['a tracked script', script('') + instance('track_script {\n c weight -10 reverse\n }')],
  ['a tracked interface', instance('track_interface {\n eth1 weight 10 reverse\n }')],
  ['a tracked interface without a weight', instance('track_interface {\n eth1 reverse\n }')],
  [
    'a process',
    `vrrp_track_process p {\n process nginx\n weight 10 reverse\n}\n${instance('track_process {\n p\n }')}`,
  ],
] as const)
  test(`${what} that is turned round is told`, () => {
    const result = imported(files(text))
    assert.equal(needsOf(result), [reversed])
    assert.not.match(inventoryTextOf(result), 'reverse')
  })

test('several interfaces may stand in one line', () =>
  assert.match(inventoryTextOf(imported(files(instance('track_interface {\n eth1 eth2\n }')))), '[ eth1, eth2 ]'))

test('notify programs are run by script_user, unless they name another user', () => {
  const text = (lines: string) => inventoryTextOf(imported(files(monitor + instance(lines))))
  assert.match(text('notify_master /bin/m'), 'notify: { master: /bin/m, user: monitor }')
  assert.match(text('notify_master /bin/m other'), 'user: other')
  assert.not.match(text('notify_master /bin/m root'), 'user:')
})

for (const [keyword, text] of [
  ['notify_down', server(`notify_down "/bin/d x" monitor\n${tcp}`)],
  ['notify_down', monitor + server(`notify_down "/bin/d x"\n${tcp}`)],
  ['quorum_down', server(tcp, 'quorum_down "/bin/d x" monitor')],
] as const)
  test(`a user of ${keyword} stays${text.startsWith('global') ? ', also by script_user' : ''}`, () => {
    const result = imported(files(text))
    assert.equal(needsOf(result), ['a user of programs of real servers'])
    assert.match(inventoryTextOf(result), `${keyword} "/bin/d x" monitor`)
  })

test('root may be named', () => {
  const result = imported(files(server(`notify_down "/bin/d x" root\n${tcp}`, 'quorum_down /bin/q root')))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'real_server_down: /bin/d x')
})

const misc = (lines = '') => `MISC_CHECK {\n misc_path "/bin/c 10.2.1.7 80"\n ${lines}\n}`

test('a check of real servers by script_user stays as it is, with its user', () => {
  const result = imported(files(monitor + server(misc())))
  assert.equal(needsOf(result), ['the check MISC_CHECK'])
  assert.match(inventoryTextOf(result), '"            user monitor"')
  assert.match(inventoryTextOf(imported(files(monitor + server(misc('user nobody'))))), 'check: /bin/c }')
})

test('the time of a program that checks real servers is that of health_check', () => {
  const result = imported(files(server(misc('misc_timeout 60'))))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'timeout: 60')
})

test('a real server that is checked far more patiently than the first is told, and one that is nearly alike is a trifle', () => {
  const [first, second] = ['connect_timeout 4', 'connect_timeout 50']
  const text = (later: string) =>
    server(`TCP_CHECK {\n ${first}\n}`).replace(/(?<=real_server 10\.2\.1\.8[^]*)connect_timeout 4/, later)
  assert.ok(imported(files(text(second))).added.some((why) => why.includes('much more or less')))
  const near = imported(files(text('connect_timeout 6')))
  assert.not.ok(near.added.some((why) => why.includes('much more or less')))
  assert.ok(near.trifles.length > 0)
})

test('whose name a check by HTTP gives is told where a file names nobody', () => {
  const check = (host: string) => `HTTP_GET {\n url {\n path /\n ${host}\n }\n}`
  const tells = (host: string) =>
    imported(files(server(check(host)))).added.some((why) => why.includes('the virtual IP as their host'))
  assert.ok(tells(''))
  assert.not.ok(tells('virtualhost www.here.net'))
})

test('what stands behind a method says nothing, but for tunnels', () => {
  const by = (method: string) => imported(files(server(tcp).replace('lb_kind NAT', `lb_kind ${method}`)))
  assert.match(inventoryTextOf(by('DR // text')), 'method: dr')
  assert.equal(needsOf(by('DR // text')), [])
  assert.equal(needsOf(by('TUN type gue')).length, 1)
})

test('the lines of a sync group are told, and do not get into an instance', () => {
  const group = 'vrrp_sync_group G {\n group {\n V\n }\n track_interface {\n eth7\n }\n}\n'
  const result = imported(files(group + instance()))
  assert.equal(needsOf(result), ['lines of a sync group'])
  assert.not.match(inventoryTextOf(result), 'eth7')
})

test('without an address there are no mails to miss', () => {
  const { hazards } = imported(files(`global_defs {\n notification_email {\n }\n}\n${instance()}`))
  assert.not.ok(hazards.some(({ code }) => code.startsWith('mail')))
})

test('with a method that is NAT in truth, nothing is said of DR', () => {
  const { hazards } = imported(files(server(tcp).replace('lb_kind NAT', 'lb_kind dr')))
  const codes = hazards.map(({ code }) => code)
  assert.ok(codes.includes('lower-case-forwarding-method'))
  assert.not.ok(codes.includes('dr-without-sysctls'))
})

test('where the virtual IP has a network of its own, that of the nodes is not made to hold it', () => {
  const from = (own: number, peer: number) =>
    instance(`unicast_src_ip 192.168.10.${own}\n unicast_peer {\n 192.168.10.${peer}\n }`, { vip: '192.168.56.5/24' })
  const text = inventoryTextOf(imported({ 'a.conf': from(2, 3), 'b.conf': from(3, 2) }))
  assert.match(text, 'network: 192.168.10.0/24')
  assert.match(text, 'vip_interface: eth0')
})

test.run()
