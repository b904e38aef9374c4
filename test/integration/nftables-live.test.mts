// The cluster's rules in nftables, at boot and live: by the real nft.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../../engine/base/sh.ts'
import { isChange, type Task } from '../../engine/runner/task.ts'
import type { Rule } from '../../tasks/os/firewall/firewall.ts'
import { nftables } from '../../tasks/os/firewall/nftables.ts'

const folder = mkdtempSync(join(tmpdir(), 'nftables-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** Runs bash as root of a network of its own. @returns what it printed */
function inNetwork(keepalived: 'active' | 'inactive', script: string): string {
  writeFileSync(join(folder, 'systemctl'), `#!/bin/bash\n[ ${keepalived} = active ]\n`, { mode: 0o755 })
  const words = ['--map-root-user', '--net', 'bash', '--norc', '-ec', script]
  const env = { PATH: `${folder}:${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  return execFileSync('unshare', words, { env, encoding: 'utf8', timeout: 60_000 })
}

const vrrp: Rule = { name: 'vrrp-in', accept: 'in', interface: 'eth0', protocol: '112', to: '224.0.0.18/32' }
const answers: Rule = {
  ...{ name: 'answers', accept: 'forward', interface: 'eth0', protocol: 'udp' },
  ...{ from: '10.2.1.6/32', fromPort: 53 },
}
const snat: Rule = {
  ...{ name: 'snat', protocols: ['udp', 'tcp'], source: '10.2.1.5' },
  virtualServer: { address: '10.2.1.5', port: 53 },
}
const untracked = (when = 'true'): Rule => ({
  ...{ name: 'untracked', untracked: 'in', interface: 'eth0', protocol: 'udp', from: '10.2.1.7/32', fromPort: 53 },
  ...{ except: '10.2.1.5/32', when: sh`[ ${when} = true ]` },
})

const wire = { device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }
const tasksFor = (...rules: Rule[]) => nftables.tasks(rules, [wire])

const changeOf = (task: Task, text: string) => {
  const answer = task.plan({ text, code: 0 }, { changes: () => false })
  return isChange(answer) ? answer : undefined
}

let files = 0

/** @returns what the file does that sets rules at boot */
function atBoot(...rules: Rule[]): string {
  const task = tasksFor(...rules).find(({ resources }) => resources?.includes('/etc/keepalived/nftables.sh'))!
  const file = join(folder, `${(files += 1)}.sh`)
  writeFileSync(file, changeOf(task, '')!.after.replace(/^.*\n/, ''))
  return `bash ${file}`
}

const others = `nft -f - <<'END'
table inet filter {
  chain input { type filter hook input priority filter; policy drop; tcp dport 22 accept; }
  chain forward { type filter hook forward priority filter; policy drop; }
  chain named { drop; }
}
table ip nat {
  chain post { type nat hook postrouting priority srcnat; }
}
END
`
const listed = 'nft -s list ruleset'

/** @returns the rules of a chain, in order */
const chain = (text: string, name: string) =>
  text
    .slice(text.indexOf(`chain ${name} {`))
    .split('}')[0]!
    .split('\n')
    .slice(1)
    .map((row) => row.trim())
    .filter((row) => row !== '' && !row.startsWith('type '))

test('at boot, what may pass comes once and first in chains of others, and what happens to packets in tables of ours', () => {
  const script = atBoot(vrrp, answers, snat, untracked())
  const [once, twice] = inNetwork('inactive', `${others}${script}; ${listed}; echo ==; ${script}; ${listed}`).split(
    '==\n',
  )
  assert.is(twice, once)
  const [first, second, ...more] = chain(once!, 'input')
  assert.match(
    first!,
    /^iifname "eth0" ip daddr 224.0.0.18 meta l4proto (?:112|vrrp) accept comment "keepalived-playbooks-vrrp-in-/,
  )
  assert.equal([second, more.length], ['tcp dport 22 accept', 0])
  assert.is(chain(once!, 'forward').length, 1)
  assert.equal(chain(once!, 'named'), ['drop'])
  assert.equal(
    chain(once!, 'postrouting'),
    ['udp', 'tcp'].map(
      (protocol) =>
        `meta l4proto ${protocol} ct original ip daddr 10.2.1.5 ct original proto-dst 53 ip daddr != 10.2.1.5 snat to 10.2.1.5 comment "snat"`,
    ),
  )
  assert.match(once!, 'notrack comment "untracked"')
})

test('rules of IPv6 come first in chains that see it, at boot and live, and in no others', () => {
  const vrrp6: Rule = { ...vrrp, name: 'vrrp6-in', to: 'ff02::12/128' }
  const chains = ['inet', 'ip', 'ip6']
    .map((family) => `table ${family} ${family}s { chain input${family} { type filter hook input priority 0; }; }`)
    .join('\n')
  const set = `nft -f - <<'END'\n${chains}\nEND\n`
  const names = (text: string) =>
    ['inet', 'ip', 'ip6'].map((family) =>
      chain(text, `input${family}`).map((row) => row.replace(/.*keepalived-playbooks-(.*)-.{8}"$/, '$1')),
    )
  const wanted = [['vrrp6-in', 'vrrp-in'], ['vrrp-in'], ['vrrp6-in']]
  const script = atBoot(vrrp, vrrp6)
  for (const keepalived of ['active', 'inactive'] as const) {
    assert.equal(names(inNetwork(keepalived, `${set}${script}; ${script}; ${listed}`)), wanted, keepalived)
    const gone = keepalived === 'inactive' ? [['vrrp-in'], ['vrrp-in'], []] : wanted
    const without = inNetwork(keepalived, `${set}${script}; ${atBoot(vrrp)}; ${listed}`)
    assert.equal(
      names(without).map((one) => one.toSorted()),
      gone.map((one) => one.toSorted()),
      keepalived,
    )
  }

  const task = tasksFor(vrrp, vrrp6).find(({ key }) => key === 'nftables rule vrrp6-in')!
  const asked = (before: string) => changeOf(task, inNetwork('active', `${before}set +e; ${task.probe.text}`))
  const change = asked(set)!
  const after = `${set}${change.apply.text}\n`
  assert.is(asked(after), undefined)
  assert.equal(names(inNetwork('active', `${after}${listed}`)), [['vrrp6-in'], [], ['vrrp6-in']])
  assert.equal(names(inNetwork('active', `${after}${change.undo.text}\n${listed}`)), [[], [], []])
})

test('at boot, what connection tracking leaves alone waits until it may be set, and stays while keepalived runs', () => {
  const has = (keepalived: 'active' | 'inactive', before: string) =>
    inNetwork(keepalived, `${before}${atBoot(vrrp, untracked('no'))}; ${listed}`).includes('notrack')
  const earlier = `${atBoot(snat, untracked())}\n`
  assert.equal([has('inactive', ''), has('inactive', earlier), has('active', earlier)], [false, false, true])
})

const rules = [vrrp, answers, snat]
const named = (name: string) => tasksFor(...rules).find((task) => task.key === name)!

test('a table of ours is as wanted, or its rules are set anew; what was there comes back', () => {
  const task = named('nftables table keepalived-playbooks')
  const probed = (meanwhile: string) =>
    changeOf(task, inNetwork('active', `${atBoot(...rules)}; ${meanwhile}; (set +e; ${task.probe.text})`))
  assert.is(probed(':'), undefined)
  const rule = 'nft add rule ip keepalived-playbooks postrouting'
  for (const meanwhile of [
    'nft flush table ip keepalived-playbooks',
    `${rule} accept`,
    'nft delete table ip keepalived-playbooks',
  ]) {
    const change = probed(meanwhile)!
    const run = (script: string) => inNetwork('active', `${atBoot(...rules)}; ${meanwhile}; ${script}; ${listed}`)
    assert.equal(
      chain(run(change.apply.text), 'postrouting'),
      change.after
        .split('\n')
        .slice(3, -2)
        .map((row) => row.trim()),
    )
    assert.is(run(`${change.apply.text}; ${change.undo.text}`), run(':'))
  }
})

test('a chain of others has our rule at its top, whatever it had; undo brings back what was there', () => {
  const script = atBoot(...rules)
  const task = named('nftables rule vrrp-in')
  const probed = (meanwhile: string, one = task) =>
    changeOf(one, inNetwork('active', `${others}${meanwhile}; (set +e; ${one.probe.text})`))
  assert.is(probed(script), undefined)
  assert.match(probed(':')!.after, /^iifname "eth0" .* comment "keepalived-playbooks-vrrp-in-[0-9a-f]{8}"$/)
  for (const meanwhile of [
    ':',
    `${script}; nft insert rule inet filter input drop`,
    atBoot({ ...vrrp, to: '224.0.0.19/32' }),
    `${script}; nft add chain inet filter more '{ type filter hook input priority 10; }'`,
  ]) {
    const change = probed(meanwhile)!
    assert.ok(change, meanwhile)
    const run = (more: string) => inNetwork('active', `${others}${meanwhile}; ${more}; ${listed}`)
    assert.is(probed(`${meanwhile}; ${change.apply.text}`), undefined)
    // Where only some of the chains had it, or not at the top, undo does not bring that back.
    if (!/ insert | add chain /.test(meanwhile)) assert.is(run(`${change.apply.text}; ${change.undo.text}`), run(':'))
  }
  const forwarded = named('nftables rule answers')
  assert.is(probed(script, forwarded), undefined)
  const handle = "$(nft -a list chain inet filter forward | sed -n 's/.*answers.*handle //p')"
  assert.ok(probed(`${script}; nft delete rule inet filter forward handle ${handle}`, forwarded))
})

test('a table that belongs to a program is left alone: nobody else can change it', () => {
  const own = `coproc nft -i 2>/dev/null
printf '%s\\n' 'add table inet own { flags owner; }' 'add chain inet own input { type filter hook input priority 0; }' >&"\${COPROC[1]}"
until nft list chain inet own input >/dev/null 2>&1; do sleep 0.05; done`
  const task = named('nftables rule vrrp-in')
  const change = changeOf(task, inNetwork('active', `${own}\n(set +e; ${task.probe.text})`))
  assert.is(change, undefined)
  const both = changeOf(task, inNetwork('active', `${own}\n${others}(set +e; ${task.probe.text})`))!
  assert.match(inNetwork('active', `${own}\n${others}${both.apply.text}; nft list chain inet filter input`), 'vrrp-in')
  const text = inNetwork('active', `${own}\n${others}${atBoot(vrrp)}; ${listed}`)
  assert.is(text.match(/vrrp-in/g)?.length, 1)
})

test('at boot all of ours that nobody wants go; while keepalived runs, those of another level stay', () => {
  const had = (keepalived: 'active' | 'inactive') =>
    chain(inNetwork(keepalived, `${others}${atBoot(vrrp, answers)}; ${atBoot(vrrp)}; ${listed}`), 'forward').length
  assert.equal([had('inactive'), had('active')], [0, 1])
})

test('a rule that is named after a host with dots is found again, and is not another', () => {
  const [dotted, other]: Rule[] = [
    { ...vrrp, name: 'in-ns1.a' },
    { ...vrrp, name: 'in-ns1-a' },
  ]
  const [task] = tasksFor(dotted!).filter(({ name }) => name.startsWith('nftables rule'))
  const probed = (script: string) =>
    changeOf(task!, inNetwork('active', `${others}${script}; (set +e; ${task!.probe.text})`))
  assert.equal([probed(atBoot(dotted!)), Boolean(probed(atBoot(other!)))], [undefined, true])
})

test('names that are too long for a comment are told apart', () => {
  const long = (end: string): Rule => ({ ...vrrp, name: `answers-${'x'.repeat(120)}${end}` })
  const all = [long('a'), long('b'), { ...untracked(), name: `untracked-${'y'.repeat(130)}` }]
  const found = tasksFor(...all).filter(({ name }) => name.startsWith('nftables rule'))
  const changed = found.map((task) =>
    changeOf(task, inNetwork('active', `${others}${atBoot(...all)}; (set +e; ${task.probe.text})`)),
  )
  assert.equal(changed, [undefined, undefined])
})

test('our own tables are no chains of others: without those there is nothing to let through', () => {
  const ours: Rule[] = [...rules, { name: 'out', accept: 'out', protocol: '112' }, { ...untracked(), untracked: 'out' }]
  const task = tasksFor(...ours).find(({ key }) => key === 'nftables rule out')!
  assert.is(changeOf(task, inNetwork('active', `${atBoot(...ours)}; (set +e; ${task.probe.text})`)), undefined)
})

test('where nothing is translated any more, the table stays as long as keepalived runs', () => {
  assert.is(named('nftables table keepalived-playbooks').key, 'nftables table keepalived-playbooks')
  assert.not.ok(tasksFor(vrrp, untracked()).some(({ key }) => key === 'nftables table keepalived-playbooks'))
  const has = (keepalived: 'active' | 'inactive') =>
    inNetwork(keepalived, `${atBoot(snat)}; ${atBoot(vrrp)}; ${listed}`).includes('snat to')
  assert.equal([has('inactive'), has('active')], [false, true])
})

test.run()
