// Rules made by hand that change sources: which are the article's, which are in the way, and that those taken out come
// back to their place, live and in the saved file. Real iptables, in a network namespace.
import { execFileSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { UserError } from '../engine/base/errors.ts'
import { parseFacts } from '../engine/runner/facts.ts'
import { flatten, isChange, type Task, tasksOf } from '../engine/runner/task.ts'
import type { Level } from '../inventory/levels.ts'
import { kindOf, type RuleKind } from '../tasks/cluster/adoption/nat-rule.ts'
import { natByHand } from '../tasks/cluster/adoption/nat-rules.ts'
import { targetOf } from '../tasks/target.ts'
import { snatRule } from './adoption/article.ts'
import { inventoryOf, variants } from './variants.ts'

const inventory = inventoryOf(variants[2]![1])
const target = targetOf(inventory, inventory.hosts[0]!, parseFacts('os=Debian\nids=debian\ninit=systemd\n'))

const article = ['of the article', 'of the article', 'of the article'] as const
const kinds: [rule: string, ...levels: RuleKind[]][] = [
  [snatRule, ...article],
  ['-A POSTROUTING -d 10.2.1.0/24 -j MASQUERADE', ...article],
  ['-A POSTROUTING -d 10.2.1.0/24 -o eth0 -j MASQUERADE', ...article],
  ['-A POSTROUTING -d 10.2.1.3/32 -p udp -m udp --dport 53 -j SNAT --to-source 10.2.1.5', ...article],
  ['-A POSTROUTING -m ipvs --vaddr 10.2.1.5 --vport 53 -j SNAT --to-source 10.2.1.5', ...article],
  ['-A POSTROUTING -m ipvs --vaddr 10.2.1.5 -j MASQUERADE', ...article],
  [
    '-A POSTROUTING -m comment --comment keepalived-playbooks-snat -m ipvs --vaddr 10.2.1.5 -j SNAT --to-source 10.2.1.5',
    undefined,
    undefined,
    undefined,
  ],
  ['-A POSTROUTING -o eth0 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -o eth+ -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -o wg0 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING ! -o lo -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -s 10.2.1.0/24 -o eth0 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -o eth0 -p tcp -m tcp --dport 80 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING ! -d 10.2.1.0/24 -o eth0 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -m mark --mark 0x4000/0x4000 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.77', undefined, 'in the way', 'in the way'],
  ['-A POSTROUTING -d 10.2.1.0/24 -j SNAT --to-source 10.2.1.2', undefined, undefined, 'in the way'],
  [
    '-A POSTROUTING -d 10.2.1.0/24 -m owner --uid-owner 33 -j SNAT --to-source 10.2.1.5',
    undefined,
    'in the way',
    'in the way',
  ],
  ['-A POSTROUTING -d 10.9.0.0/16 -j SNAT --to-source 10.2.1.5', undefined, undefined, undefined],
  ['-A POSTROUTING -m ipvs --vaddr 10.2.1.77 -j SNAT --to-source 10.2.1.77', undefined, undefined, undefined],
  ['-A POSTROUTING -d 10.2.1.0/24 -j ACCEPT', undefined, undefined, undefined],
  ['-A KUBE-POSTROUTING -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING ! -s 10.2.1.0/24 -d 10.2.1.0/24 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -s 10.0.0.0/8 -o eth0 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -s 10.2.1.64/26 -o eth0 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -s 10.2.1.2/32 -o eth0 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -o eth0 -p udp -m multiport --dports 80,443 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -o eth0 -p udp -m multiport --dports 50:60,80 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -o eth0 -p udp -m multiport ! --dports 53,80 -j MASQUERADE', undefined, undefined, undefined],
  ['-A POSTROUTING -o eth0 -p tcp -m tcp ! --dport 22 -j MASQUERADE', undefined, undefined, 'in the way'],
  ['-A POSTROUTING -o eth0 -p 17 -m udp --dport 53 -j MASQUERADE', undefined, undefined, 'in the way'],
]
for (const [rule, ...levels] of kinds)
  test(rule, () =>
    assert.equal(
      ([1, 2, 3] as const).map((level) => kindOf(rule, level, target)),
      levels,
    ),
  )

const [live, saved] = tasksOf(flatten(natByHand(target, 2))) as [Task, Task]
const others = [
  '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
  '-A POSTROUTING -o wg0 -m comment --comment "a b" -j MASQUERADE',
]

/** Runs this in a namespace with rules in nat and files of its own. */
const inside = (rules: readonly string[], script: string): string =>
  execFileSync(
    'unshare',
    [
      '--map-root-user',
      '--net',
      '--mount',
      'bash',
      '-c',
      `set -euo pipefail
# Normal users have no iptables in their PATH.
PATH=$PATH:/usr/sbin:/sbin
mount -t tmpfs none /run; cp -a /etc/alternatives /run; mount -t tmpfs none /etc; cp -a /run/alternatives /etc
mkdir /etc/iptables
printf '%s\\n' '*nat' ${rules.map((rule) => `'${rule}'`).join(' ')} COMMIT | iptables-restore
show() { iptables-save -t nat | grep -e ^-A || true; }
${script}`,
    ],
    { encoding: 'utf8', timeout: 60_000 },
  )

const changeOf = (task: Task, text: string) => {
  const answer = task.plan({ text, code: 0 }, { changes: () => false })
  assert.ok(isChange(answer))
  return answer
}

for (const [name, place] of [
  ['first', 0],
  ['in the middle', 1],
  ['last', 2],
] as const)
  test(`live: taken out, and back to its place, which is ${name}`, () => {
    const rules = others.toSpliced(place, 0, snatRule)
    const { apply, undo } = changeOf(live, inside(rules, live.probe.text))
    const text = inside(
      rules,
      `
iptables -t nat -I POSTROUTING 1 -m comment --comment keepalived-playbooks-snat -j SNAT --to-source 10.2.1.5
(${apply.text}); (${apply.text}); show; echo ==
(${undo.text}); (${undo.text})
iptables -t nat -D POSTROUTING -m comment --comment keepalived-playbooks-snat -j SNAT --to-source 10.2.1.5
show`,
    )
    const [out, back] = text.split('==\n')
    assert.is(out!.trim().split('\n').slice(1).join('\n'), others.join('\n'))
    assert.is(back!.trim(), rules.join('\n'))
  })

test('live: it comes back where the others are gone by then', () => {
  const { undo } = changeOf(live, inside([...others, snatRule], live.probe.text))
  assert.is(inside([], `(${undo.text}); show`).trim(), snatRule)
})

test('saved: made a comment, and back, whatever else has changed meanwhile', () => {
  const file = `# Generated\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n*nat\n${others[0]}\n[3:180] ${snatRule}\nCOMMIT\n`
  const write = `printf %s '${file}' >/etc/iptables/rules.v4; chmod 640 /etc/iptables/rules.v4`
  const { before, apply, undo } = changeOf(saved, inside([], `${write}; ${saved.probe.text}`))
  assert.is(before, `/etc/iptables/rules.v4:7\n[3:180] ${snatRule}`)
  const text = inside(
    [],
    `${write}
(${apply.text}); iptables-restore </etc/iptables/rules.v4; show; stat -c %a /etc/iptables/rules.v4
sed -i '1s/Generated/Changed/' /etc/iptables/rules.v4
(${undo.text}); (${undo.text}); cat /etc/iptables/rules.v4`,
  )
  assert.is(text, `${others[0]}\n640\n${file.replace('Generated', 'Changed')}`)
})

/** @returns what is printed of a file with these lines, beside another */
const inRules = (...rows: string[]) =>
  ['/etc/ufw/before.rules:1:*nat', ...rows.map((row, place) => `/etc/iptables/rules.v4:${place + 1}:${row}`), ''].join(
    '\n',
  )

test('saved: a file that has changed since it was read stays as it is', () => {
  const { apply } = changeOf(saved, inRules('*nat', snatRule))
  const text = inside(
    [],
    `printf '*nat\\n\\n${snatRule}\\n' >/etc/iptables/rules.v4
(${apply.text}) || true; cat /etc/iptables/rules.v4`,
  )
  assert.is(text, `/etc/iptables/rules.v4 has changed meanwhile: run again\n*nat\n\n${snatRule}\n`)
})

const refused: [task: Task, level: Level, printed: string, said: RegExp][] = [
  [
    live,
    3,
    '*mangle\n-A POSTROUTING -o eth1 -j MASQUERADE\nCOMMIT\n*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n',
    /^iptables -t nat has the rule "-A POSTROUTING -o eth0 -j MASQUERADE", which/,
  ],
  [
    saved,
    3,
    inRules('*nat', '[1:60] -A POSTROUTING -o eth0 -j MASQUERADE'),
    /^\/etc\/iptables\/rules.v4:2 has the rule "-A POSTROUTING -o eth0 /,
  ],
]
for (const [{ name }, level, printed, said] of refused)
  test(`refused: ${name}`, () => {
    const task = tasksOf(flatten(natByHand(target, level))).find((one) => one.name === name)!
    try {
      task.plan({ text: printed, code: 0 }, { changes: () => false })
      assert.unreachable()
    } catch (error) {
      assert.match((error as UserError).message, said)
    }
  })

for (const [name, text] of [
  ['in another table', inRules('*filter', snatRule)],
  ['that are comments', inRules('*nat', `# taken over by keepalived-playbooks: ${snatRule}`, `#${snatRule}`)],
] as const)
  test(`the same lines ${name} are nothing`, () =>
    assert.equal(saved.plan({ text, code: 0 }, { changes: () => false }), { unchanged: true }))

test.run()
