// A keepalived.conf that no playbook wrote: the article's is replaced, and said; whatever else would end with it is refused.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserError } from '../engine/base/errors.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { isChange, type Task } from '../engine/runner/task.ts'
import { handMade } from '../tasks/cluster/adoption/keepalived-conf.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { configuration, keepalivedConf as path } from '../tasks/cluster/keepalived-conf.ts'
import { targetOf } from '../tasks/target.ts'
import { conf2, conf3 } from './adoption/article.ts'
import { inventoryOf, keepalivedConf, variants } from './variants.ts'

const inventory = inventoryOf(variants[1]![1])
const facts = parseFacts('os=Debian\nids=debian\ninit=systemd\n')
const tasks = (takeOver = false) => keepalived(targetOf(inventory, inventory.hosts[0]!, facts, takeOver), 2)
const named = (name: string, takeOver?: boolean): Task => tasks(takeOver).find((one) => one.name === name)!

/** @returns what a file has that is not of the playbooks */
const found = (text: string, target: Parameters<typeof configuration>[0]) =>
  handMade(text, configuration(target, 2), target)!

/** @returns what check mode says beside the difference, or why it refuses */
function said(text: string, takeOver?: boolean): string | undefined {
  const printed = { text: `${text}\ntext|regular file|644|root:root|0:0\n`, code: 0 }
  try {
    const answer = named(`file ${path}`, takeOver).plan(printed, { changes: () => false })
    return isChange(answer) ? answer.remark : 'unchanged'
  } catch (error) {
    return (error as UserError).message
  }
}

const replaced = `replaces ${path} made by hand: instance VI_1, 10.2.1.5/32`
const web = `vrrp_instance WEB
{
  interface eth0
  virtual_router_id 77
  virtual_ipaddress { 10.2.1.77/24 dev eth0 }
}
`
test('a virtual server that the inventory keeps at the end of the file is none of others', () => {
  const kept = inventoryOf(
    variants[1]![1].replace('cluster:', "cluster:\n  keepalived: { file: ['virtual_server fwmark 4 {', '}'] }"),
  )
  const target = targetOf(kept, kept.hosts[0]!, facts)
  const others = (mark: number) => found(`${conf2}virtual_server fwmark ${mark} {\n}\n`, target).others
  assert.equal(others(4), [])
  assert.equal(others(5), ['61: virtual_server fwmark 5'])
})

const taken: [name: string, conf: string, said: string | undefined][] = [
  ['of the article, level 2', conf2, replaced],
  ['of the article, level 3', conf3, replaced],
  ['with comments', conf2.replace('advert_int 1', 'advert_int 1 # s { {').replace('nopreempt', '! }'), replaced],
  ['ours', keepalivedConf(variants[0]![1], 1), undefined],
  ['empty', '', undefined],
  ['comments alone', '! a file that was there before\n', undefined],
  [
    'a sample of a distribution',
    `global_defs {\n notification_email {\n acassen@firewall.loc\n }\n}\n${web.replace('10.2.1.77/24', '192.168.200.16')}`,
    undefined,
  ],
  [
    'with braces and comments in quotes of both kinds',
    conf2.replace(
      'global_defs {',
      `vrrp_script a {\n script "/bin/sh -c \\"echo {\\" # !"\n init '/bin/y {'\n}\nglobal_defs {`,
    ),
    replaced,
  ],
  ['with a longer password, of which VRRP has eight characters', conf2.replace('KPSjXfRG', 'KPSjXfRGzz'), replaced],
  [
    'with another name',
    conf2.replace('VI_1', 'DNS'),
    `${replaced.replace('VI_1', 'DNS')}. the instance DNS becomes VI_1: nobody has 10.2.1.5 for seconds`,
  ],
  [
    'with a prefix length',
    conf2.replace('    10.2.1.5\n', '    10.2.1.5/24\n'),
    `${replaced.replace('/32', '/24')}. "10.2.1.5/24" becomes 10.2.1.5/32: nobody has 10.2.1.5 for seconds`,
  ],
  ['with an address in quotes', conf2.replace('    10.2.1.5\n', '    "10.2.1.5" dev eth0\n'), replaced],
  [
    'with a label',
    conf2.replace('    10.2.1.5\n', '    10.2.1.5 dev eth0 label eth0:1\n'),
    `${replaced}. "10.2.1.5 dev eth0 label eth0:1" becomes 10.2.1.5/32: nobody has 10.2.1.5 for seconds`,
  ],
  [
    'with a virtual MAC',
    conf2.replace('nopreempt', 'use_vmac'),
    `${replaced}. the addresses of VI_1 move to the interface itself, without a virtual MAC: nobody has 10.2.1.5 for seconds`,
  ],
]
for (const [name, conf, what] of taken) test(`replaced: ${name}`, () => assert.is(said(conf), what))

const refused: [name: string, conf: string, lines: string[]][] = [
  ['an instance beside the cluster', conf2 + web, ['61: instance WEB, 10.2.1.77/24']],
  ['an instance alone', web, ['1: instance WEB, 10.2.1.77/24']],
  ['another virtual server', `${conf2}virtual_server 10.2.1.5 80 {\n}\n`, ['61: virtual_server 10.2.1.5 80']],
  ['an include', `include conf.d/*.conf\n${conf2}`, ['1: include conf.d/*.conf']],
  ['another address', conf2.replace('10.2.1.5\n', '10.2.1.5\n 10.2.1.8\n'), ['19: VI_1: address 10.2.1.8']],
  [
    'another id',
    conf2.replace('router_id 5', 'router_id 7'),
    ['8: virtual_router_id 7 of VI_1, and the inventory says 5'],
  ],
  [
    'another password, which is not shown',
    conf2.replace('KPSjXfRG', 'secret'),
    ['15: auth_pass of VI_1, and cluster.auth_pass of the inventory is another'],
  ],
  [
    'another version',
    conf2.replace('enable_script', 'vrrp_version 3\nenable_script'),
    ['2: version 3 of VI_1, and the inventory says 2'],
  ],
  [
    'routes',
    conf2.replace('nopreempt', 'virtual_routes {\n10.9.0.0/16 via 10.2.1.1\n}'),
    ['11: VI_1: virtual_routes { 10.9.0.0/16 via 10.2.1.1 }'],
  ],
  [
    'an instance below the mail of a sample',
    `global_defs {\n notification_email {\n acassen@firewall.loc\n }\n}\n${web}`,
    ['6: instance WEB, 10.2.1.77/24'],
  ],
  [
    'unicast, which no other node would hear',
    conf2.replace('nopreempt', 'unicast_peer {\n 10.2.1.3\n }'),
    ['11: unicast_peer of VI_1, and the inventory says unicast: false'],
  ],
  [
    'another group',
    conf2.replace('enable_script', 'vrrp_mcast_group4 224.0.0.19\nenable_script'),
    ['2: mcast_group 224.0.0.19, and the inventory says 224.0.0.18'],
  ],
  [
    'another kind of password',
    conf2.replace('auth_type PASS', 'auth_type AH'),
    ['14: auth_type AH of VI_1, and the inventory says PASS'],
  ],
  [
    'the address on another interface',
    conf2.replace('10.2.1.5\n', '10.2.1.5 dev eth1\n'),
    ['18: VI_1: interface of 10.2.1.5 eth1'],
  ],
  [
    'a real server that is no node',
    conf2.replace('real_server 10.2.1.3 53', 'real_server 10.2.1.99 53'),
    ['35: virtual_server 10.2.1.5 53: real_server 10.2.1.99 53'],
  ],
  [
    'programs that are run when the state changes',
    conf2.replace('nopreempt', 'notify_master "/usr/local/bin/announce up"'),
    ['11: VI_1: notify_master /usr/local/bin/announce up'],
  ],
  [
    'a check by which a node gives the address up, and its weight',
    `vrrp_script named {\n script /bin/c\n weight -20\n}\n${conf2.replace('nopreempt', 'track_script {\n named\n }')}`,
    [
      '16: VI_1: check command /bin/c named',
      '3: VI_1: weight of check command /bin/c -20',
      '1: VI_1: user of check command /bin/c root',
    ],
  ],
  [
    'an interface that is watched',
    conf2.replace('nopreempt', 'track_interface {\n eth7\n }'),
    ['12: VI_1: track_interface eth7 0'],
  ],
  [
    'adverts that come from another address',
    conf2.replace('nopreempt', 'mcast_src_ip 10.2.1.77'),
    ['11: VI_1: mcast_src_ip 10.2.1.77'],
  ],
  ['more patience', conf2.replace('nopreempt', 'down_timer_adverts 9'), ['11: VI_1: down_timer_adverts 9']],
  [
    'a node that takes the addresses back',
    conf2.replace('state BACKUP', 'state MASTER').replace('nopreempt', 'preempt_delay 60'),
    ['9: VI_1: takes the addresses back (state MASTER); by the inventory they stay where they are (preempt)'],
  ],
  [
    'direct routing',
    conf2.replace('lvs_method NAT', 'lvs_method DR'),
    ['26: virtual_server 10.2.1.5 53: lvs_method DR'],
  ],
  [
    'clients that come to one node again',
    conf2.replace('lvs_method NAT', 'lvs_method NAT\n persistence_timeout 300'),
    ['27: virtual_server 10.2.1.5 53: persistence_timeout 300'],
  ],
  [
    'another scheduler',
    conf2.replace('lvs_sched rr', 'lvs_sched wlc'),
    ['22: virtual_server 10.2.1.5 53: lvs_sched wlc; the inventory makes it rr'],
  ],
  [
    'a quorum, and what is run without it',
    conf2.replace('lvs_method NAT', 'quorum 2\n quorum_down /bin/q'),
    ['26: virtual_server 10.2.1.5 53: quorum 2', '27: virtual_server 10.2.1.5 53: quorum_down /bin/q'],
  ],
  [
    'the weight of a real server',
    conf2.replace('real_server 10.2.1.2 53 {', 'real_server 10.2.1.2 53 {\n weight 5'),
    ['29: virtual_server 10.2.1.5 53: weight of real_server 10.2.1.2 53 5'],
  ],
  [
    'another port of a real server',
    conf2.replace('real_server 10.2.1.2 53', 'real_server 10.2.1.2 5353'),
    ['28: virtual_server 10.2.1.5 53: real_server 10.2.1.2 5353'],
  ],
  [
    'mails',
    conf2.replace('enable_script', 'notification_email {\n ops@example.net\n }\n smtp_server 10.2.1.9\n enable_script'),
    ['3: email to ops@example.net', '5: email server 10.2.1.9'],
  ],
  [
    'the mail of a sample, and no instance',
    `global_defs {\n notification_email {\n acassen@firewall.loc\n }\n}\nvirtual_server 10.2.1.5 80 {\n}\n`,
    ['6: virtual_server 10.2.1.5 80'],
  ],
  ['a brace too few', `${conf2}{\n`, ['61: braces that do not match, so that it is not clear what the file holds']],
  ['conditions and definitions', `$A=1\n@x ${conf2}`, ['1: $A=1', '2: @x global_defs']],
]
for (const [name, conf, lines] of refused) {
  test(`refused: ${name}`, () => {
    const message = said(conf)!
    const [first, ...others] = message.split('\n')
    assert.is(first, `${path} is not of the playbooks, and this would end or change:`)
    assert.equal(
      others.slice(0, -1),
      lines.map((line) => `${path}:${line}`),
    )
    assert.match(others.at(-1)!, '--take-over')
    assert.not.match(message, 'secret')
  })
  test(`with --take-over: ${name}`, () => assert.match(said(conf, true)!, `what goes away or changes: ${lines[0]}`))
}

test('level 1 in the place of load balancing by hand', () => {
  const target = { ...inventory, host: inventory.hosts[0]! }
  const { others } = handMade(conf2, configuration(target, 1), target)!
  assert.equal(
    others,
    [22, 43].map((line) => `${line}: virtual_server 10.2.1.5 53, and level 1 has none`),
  )
})

const only = (real: string) =>
  `${conf2.slice(0, conf2.indexOf('virtual_server'))}virtual_server 10.2.1.5 53 {\n${real}}\n`
for (const [name, real, lines] of [
  ['its own real server alone', 'real_server 10.2.1.2 53 {\n}\n', []],
  ['another real server', 'real_server 10.2.1.3 53 {\n}\n', ['22: virtual_server 10.2.1.5 53, and level 1 has none']],
  ['no real server', '', ['22: virtual_server 10.2.1.5 53, and level 1 has none']],
] as const)
  test(`level 1 in the place of a director with ${name}`, () => {
    const target = { ...inventory, host: inventory.hosts[0]! }
    assert.equal(handMade(only(real), configuration(target, 1), target)!.others, lines)
  })

test('a brace too many, which keepalived takes', () => {
  const [host] = inventory.hosts
  assert.equal(
    found(`}\n${conf2}`, { ...inventory, host: host! }).others,
    found(conf2, { ...inventory, host: host! }).others,
  )
})

test('unicast: taken over where the inventory has it too', () => {
  const [host] = inventory.hosts
  const knows = { ...inventory, host: host!, cluster: { ...inventory.cluster, unicast: true } }
  assert.equal(found(conf2, knows).others, ['5: multicast of VI_1, and the inventory says unicast: true'])
  assert.equal(found(conf2.replace('nopreempt', 'unicast_peer {\n 10.2.1.3\n }'), knows).others, [])
})

test('addresses of instances that were taken over go', () => {
  const live = '2: eth0    inet 10.2.1.2/24 scope global eth0\n2: eth0    inet 10.2.1.77/24 scope global eth0\n'
  const task = named('addresses of replaced VRRP instances are gone', true)
  const plan = (conf: string) => task.plan({ text: `${conf}\n== live\n${live}`, code: 0 }, { changes: () => false })
  const answer = plan(conf2 + web)
  assert.ok(isChange(answer))
  assert.is(answer.before, '10.2.1.77/24 on eth0')
  assert.not.ok(isChange(plan(conf2)))
  assert.not.ok(isChange(plan(keepalivedConf(variants[0]![1], 1))))
})

test('forms of an address and of a port that are the same to keepalived', () => {
  const knows = { ...inventory, host: inventory.hosts[0]! }
  const written = conf2
    .replace(/^( *)10\.2\.1\.5$/m, '$110.2.1.5/032')
    .replaceAll('virtual_server 10.2.1.5 53', 'virtual_server 10.2.1.5 053')
    .replaceAll(' 53 {', ' 0053 {')
  assert.not.equal(written, conf2)
  assert.equal(found(written, knows), found(conf2, knows))
  // It leaves out what inet_pton(3) does not take.
  const none = web.replace('10.2.1.77/24', '10.2.1.077/24')
  const answer = found(conf2 + none, knows)
  assert.equal([answer.addresses, answer.instances.at(-1)], [[], 'instance WEB'])
})

test('an address of an instance that was taken over goes in whatever form the file has it', () => {
  const live =
    '2: eth0    inet 10.2.1.77/24 scope global eth0\n2: eth0    inet6 2001:db8::7/64 scope global \\       valid_lft forever'
  const task = named('addresses of replaced VRRP instances are gone', true)
  const conf = conf2 + web.replace('10.2.1.77/24 dev eth0', '10.2.1.77/024 dev eth0\n 2001:DB8:0::07/064\n')
  const answer = task.plan({ text: `${conf}\n== live\n${live}`, code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  assert.is(answer.before, '10.2.1.77/24 on eth0\n2001:db8::7/64 on eth0')
})

test.run()
