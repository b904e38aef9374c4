// What a file says is in the inventory or told: nothing is lost in silence, and nothing is said of all that holds for some.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { imported, instance, inventoryTextOf, needsOf, pair } from './import-files.ts'

const balanced = (reals: string, server = '10.2.1.5 80') =>
  `${instance()}virtual_server ${server} {\n  lb_algo rr\n  lb_kind NAT\n  protocol TCP\n  quorum 1\n${reals}\n}\n`
const real = (address: string, lines = '', check = 'TCP_CHECK {\n}') =>
  `real_server 10.2.1.${address} {\n${lines}\n${check}\n}\n`
const files = (text: string) => ({ 'a.conf': text, 'b.conf': text })
const notServed =
  'a mark of the packet filter, all ports, or an address that does not move in the network of the cluster'
const codesOf = ({ hazards }: ReturnType<typeof imported>) => hazards.map(({ code }) => code)

test('of several programs for one change of state, and of several checks of one name, keepalived takes the first', () => {
  const text = inventoryTextOf(
    imported(pair('notify_master /bin/a\n  notify_master /bin/b\n  notify /bin/c\n  notify /bin/d')),
  )
  assert.match(text, '/bin/a; /bin/c INSTANCE V MASTER')
  assert.not.match(text, '/bin/b')
  const check = (script: string) => `vrrp_script c {\n script "${script}"\n timeout 1\n fall 2\n user nobody\n}\n`
  const twice = inventoryTextOf(imported(pair('track_script {\n c\n }', check('/bin/first') + check('/bin/second'))))
  assert.match(twice, '/bin/first')
  assert.not.match(twice, '/bin/second')
})

test('nopreempt of a node that is never above the others says nothing', () => {
  const above = instance('', { state: 'MASTER', priority: 150 })
  const below = (lines: string) => instance(lines, { priority: 100 })
  assert.match(inventoryTextOf(imported({ 'a.conf': above, 'b.conf': below('nopreempt') })), 'preempt: true')
  const late = instance('preempt_delay 10', { priority: 150 })
  assert.equal(needsOf(imported({ 'a.conf': late, 'b.conf': below('nopreempt') })), [])
  const stays = instance('nopreempt', { priority: 150 })
  assert.not.match(inventoryTextOf(imported({ 'a.conf': stays, 'b.conf': below('') })), 'preempt:')
})

for (const [what, lines, need] of [
  ['notify_down', 'notify_down /bin/d', 'values of some real servers alone'],
  ['notify_up', 'notify_up /bin/d', 'values of some real servers alone'],
  ['inhibit_on_failure', 'inhibit_on_failure', 'values of some real servers alone'],
  ['alpha', 'alpha', 'values of some real servers alone'],
  ['uthreshold', 'uthreshold 100', 'rare lines'],
] as const)
  for (const [first, second] of [
    [lines, ''],
    ['', lines],
  ])
    test(`${what} of ${first ? 'the first' : 'the second'} real server alone is told, and is not that of all`, () => {
      const result = imported(files(balanced(real('7 80', first) + real('8 80', second))))
      assert.equal(needsOf(result), [need])
      assert.not.match(inventoryTextOf(result), /real_server_(up|down):|inhibit_on_failure:|alpha:/)
    })

test('what all real servers have is that of all', () => {
  const lines = 'notify_down /bin/d\ninhibit_on_failure\nalpha'
  const result = imported(files(balanced(real('7 80', lines) + real('8 80', lines))))
  assert.equal(needsOf(result), [])
  for (const key of ['real_server_down: /bin/d', 'inhibit_on_failure: true', 'alpha: true'])
    assert.match(inventoryTextOf(result), key)
})

test('thresholds of all real servers are told as well', () =>
  assert.equal(needsOf(imported(files(balanced(real('7 80', 'lthreshold 9') + real('8 80', 'lthreshold 9'))))), [
    'rare lines',
  ]))

test('times of one real server alone are of no consequence, and told so', () => {
  const result = imported(files(balanced(real('7 80', 'delay_loop 60', 'TCP_CHECK {\n warmup 4\n}') + real('8 80'))))
  assert.equal(needsOf(result), [])
  for (const what of ['delay_loop of real_server 10.2.1.7 80 60', 'warmup of real_server 10.2.1.7 80 4'])
    assert.ok(
      result.trifles.some((one) => one.includes(what)),
      what,
    )
})

test('vrrp_strict drops packets to the virtual IP, which comes in from now on: told', () => {
  const isTold = ({ added }: ReturnType<typeof imported>) => added.some((why) => why.includes('vrrp_strict'))
  assert.ok(isTold(imported(pair('', 'global_defs {\n vrrp_strict\n}\n'))))
  assert.ok(isTold(imported(pair('strict_mode on'))))
  assert.not.ok(isTold(imported(pair('strict_mode off', 'global_defs {\n vrrp_strict\n}\n'))))
})

const told: [what: string, file: string, need: string][] = [
  [
    'quorum of a process',
    `vrrp_track_process p {\n process nginx\n quorum 2\n}\n${instance('track_process {\n p\n }')}`,
    'track_file, track_bfd, and track_process with more than a name',
  ],
  ['the group of a program', instance('notify_master "/bin/x a" bob staff'), 'rare words'],
]
for (const [what, file, need] of told)
  test(`${what} is told, and nothing else of it is in the inventory`, () => {
    const result = imported(files(file))
    assert.equal(needsOf(result), [need])
    assert.not.match(inventoryTextOf(result), /keepalived:|quorum|fwmark|staff/)
    assert.not.ok([...result.added, ...result.unsaid.map(({ text }) => text)].some((text) => text.includes('is added')))
  })

test('TTLs of a peer are told', () => {
  const from = (own: number, peer: string) => instance(`unicast_src_ip 10.2.1.${own}\n unicast_peer {\n ${peer}\n }`)
  const result = imported({ 'a.conf': from(2, '10.2.1.3 min_ttl 1 max_ttl 5'), 'b.conf': from(3, '10.2.1.2') })
  assert.equal(needsOf(result), ['rare words'])
})

test('a mark of the packet filter has no port that DR could not change, and no address to begin with', () => {
  const direct = 'virtual_server fwmark 4 {\n no_such_word\n lb_algo rr\n lb_kind DR\n protocol TCP\n quorum 1\n'
  const text = `${direct}real_server 10.2.1.7 3306 {\nTCP_CHECK {\n}\n}\n}\n`
  const result = imported(files(instance() + text))
  assert.not.ok(codesOf(result).includes('dr-with-another-port'))
  assert.equal([result.unsaid, needsOf(result)], [[], [notServed]])
  assert.match(inventoryTextOf(result), 'virtual_server fwmark 4 {')
  // `keepalived -t` refuses these.
  assert.not.match(inventoryTextOf(result), /protocol|no_such_word/)
  assert.throws(() => imported(files(text)), /nor a virtual_server with an address: there is nothing to import$/)
})

test('a virtual server that can not be said stays as it is, with why; the others are services', () => {
  const own = (port: number, reals: string) => balanced(reals, `10.2.1.5 ${port}`).replace(instance(), '')
  const result = imported(files(instance() + own(80, real('5 80') + real('8 80')) + own(81, real('8 81'))))
  assert.equal(result.unsaid, [])
  assert.equal(needsOf(result), ['a real server that is the virtual IP itself'])
  assert.match(result.kept[0]!.text, /a\.conf:\d+:\d+ virtual_server 10\.2\.1\.5 80: real_server 10\.2\.1\.5 80$/)
  const text = inventoryTextOf(result)
  assert.match(text, 'real_server 10.2.1.5 80 {')
  assert.match(text, 'service: { type: tcp, port: 81 }')
})

test('what an instance can not say is told as it is, also where virtual servers could stay', () => {
  const text = balanced(real('5 80') + real('8 80')).replace('priority', 'track_file {\n x\n }\n priority')
  const result = imported(files(text))
  assert.ok(result.unsaid.some(({ need }) => need === 'a real server that is the virtual IP itself'))
  assert.equal(result.kept, [])
})

test('virtual servers of all ports, and of addresses that do not move, stay as they are, with their groups', () => {
  const server = (words: string) => `virtual_server ${words} {\n lb_kind NAT\n protocol TCP\n ${real('7 80')}}\n`
  const group = 'virtual_server_group G {\n 10.2.1.9 80\n 10.2.1.9 443\n}\n'
  const result = imported(files(instance() + server('10.2.1.5 0') + group + server('group G')))
  assert.equal([result.unsaid, needsOf(result)], [[], [notServed]])
  const text = inventoryTextOf(result)
  for (const line of ['virtual_server 10.2.1.5 0 {', 'virtual_server_group G {', 'virtual_server group G {'])
    assert.is(text.split(line).length, 2, line)
})

test('blocks of the top level that have no key go to the end of the file, and not into another block', () => {
  const result = imported(files(`static_routes {\n 192.0.2.0/24 via 10.2.1.9\n}\n${instance()}`))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), /file:[^]*static_routes \{/)
})

test('a program that checks a real server and gets its address alone gets the port as well: told', () => {
  const check = (address: string) => `MISC_CHECK {\n misc_path "/bin/c -x 10.2.1.${address}"\n}`
  const result = imported(files(balanced(real('7 80', '', check('7')) + real('8 80', '', check('8')))))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), 'check: /bin/c -x')
  assert.ok(result.added.some((why) => why.includes('port behind their address')))
})

test('the delay of a process is that of its check', () => {
  const text = `vrrp_track_process p {\n process nginx\n delay 3\n}\n${instance('track_process {\n p\n }')}`
  const result = imported(files(text))
  assert.equal(needsOf(result), [])
  assert.match(inventoryTextOf(result), /fall: 3/)
})

test('words that keepalived leaves out say nothing, wherever they stand', () => {
  const lines = 'HTTP_GET {\n url {\n path /x\n connect_timeout 3\n }\n}'
  const group = 'vrrp_sync_group G {\n group {\n V\n }\n ======= x\n}\n'
  for (const text of [
    balanced(real('7 80', '', lines)),
    group + instance(),
    balanced(real('7 80'), '10.2.1.5 80 dev eth0'),
  ])
    assert.equal(needsOf(imported(files(text))), [])
  const mark = imported(files(instance('', { vip: '10.2.1.5/24\n fwmark 21' })))
  assert.equal(
    mark.hazards.filter(({ code }) => code === 'unknown-keyword').map(({ what }) => what),
    Array(2).fill('fwmark is unknown, and keepalived leaves it out'),
  )
  assert.equal(needsOf(mark), [])
})

test("a priority that is none is keepalived's own", () =>
  assert.equal(needsOf(imported({ 'a.conf': instance().replace('priority 100', 'priority 100,x') })), []))

test('without a mail server no mail is sent', () => {
  const result = imported(pair('smtp_alert', 'global_defs {\n notification_email {\n me@here.net\n }\n}\n'))
  assert.ok(codesOf(result).includes('mail-without-server'))
  assert.equal(needsOf(result), [])
  assert.not.match(inventoryTextOf(result), 'email')
})

test('a process that is looked for without a shell is one', () =>
  assert.match(
    inventoryTextOf(
      imported(pair('track_script {\n c\n }', 'vrrp_script c {\n script "pkill -0 haproxy"\n timeout 1\n fall 2\n}\n')),
    ),
    'process: haproxy',
  ))

test('times that two instances get are told as times, and not as checks that are alike', () => {
  const check = (name: string) => `vrrp_script ${name} {\n script "killall -0 ${name}"\n}\n`
  const tracked = (name: string) => `track_script {\n ${name}\n }`
  const text =
    check('x') + check('y') + instance(tracked('x')) + instance(tracked('y'), { name: 'W', vip: '10.2.1.6/24', id: 6 })
  const { added } = imported(files(text))
  assert.not.ok(added.includes('all instances are checked alike'))
})

test('addresses, lengths and ports are as keepalived takes them, in whatever form', () => {
  const text = (vip: string, server: string, reals: string) => balanced(reals, server).replace('10.2.1.5/24', vip)
  const plain = imported(files(text('10.2.1.5/24', '10.2.1.5 80', real('2') + real('3'))))
  const strange = imported(
    files(
      text(
        '10.2.1.5/024\n 10.2.1.05/24\n 10.2.1.6%lo',
        '10.2.1.5 0080',
        real('2') + real('3', 'weight 01') + real('04'),
      ),
    ),
  )
  assert.is(inventoryTextOf(strange), inventoryTextOf(plain))
  assert.equal(
    strange.hazards.filter(({ code }) => code === 'unknown-keyword').map(({ what }) => what.replace(/, and.*/, '')),
    [1, 2].flatMap(() => ['10.2.1.05/24', '10.2.1.6%lo', 'real_server 10.2.1.04'].map((word) => `${word} is unknown`)),
  )
  // A length that no address has is none.
  assert.match(inventoryTextOf(imported(files(text('10.2.1.5/33', '10.2.1.5 80', real('2'))))), /^(?![^]*vip_prefix)/)
})

test.run()
