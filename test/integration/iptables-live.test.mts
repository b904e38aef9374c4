// What iptables.sh does at boot with the rules that are there, and how the live ones are read: by the real iptables, over
// nftables and the older one.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../../engine/base/sh.ts'
import { isChange } from '../../engine/runner/task.ts'
import type { Rule } from '../../tasks/os/firewall/firewall.ts'
import { iptables } from '../../tasks/os/firewall/iptables.ts'

const folder = mkdtempSync(join(tmpdir(), 'iptables-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

type Kind = 'nft' | 'legacy'

/** Runs bash as root of a network of its own. @returns what it printed */
function inNetwork(kind: Kind, keepalived: 'active' | 'inactive', script: string): string {
  const programs = join(folder, `${kind}-${keepalived}`)
  mkdirSync(programs, { recursive: true })
  const commands = {
    systemctl: `[ ${keepalived} = active ]`,
    iptables: `exec iptables-${kind} "$@"`,
    'iptables-save': `exec iptables-${kind}-save "$@"`,
    'iptables-restore': `exec iptables-${kind}-restore "$@"`,
    ip6tables: `exec ip6tables-${kind} "$@"`,
    'ip6tables-save': `exec ip6tables-${kind}-save "$@"`,
    'ip6tables-restore': `exec ip6tables-${kind}-restore "$@"`,
  }
  for (const [name, text] of Object.entries(commands))
    writeFileSync(join(programs, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 })
  const words = ['--map-root-user', '--net', '--mount', 'bash', '--norc', '-ec', `mount -t tmpfs none /run\n${script}`]
  const env = { PATH: `${programs}:${process.env.PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  return execFileSync('unshare', words, { env, encoding: 'utf8', timeout: 60_000 })
}

const vrrp: Rule = { name: 'in', accept: 'in', interface: 'eth0', protocol: '112' }
const vrrp6: Rule = { ...vrrp, name: 'in6', to: 'ff02::12/128' }
const answers: Rule = {
  ...{ name: 'answers', accept: 'out', interface: 'eth0', protocol: 'udp' },
  ...{ from: '10.2.1.6/32', fromPort: 53 },
}
const untracked = (when: string): Rule => ({
  ...{ name: 'balanced', untracked: 'in', interface: 'eth0', protocol: 'udp', to: '10.2.1.6/32', toPort: 53 },
  when: sh`[ ${when} = yes ]`,
})

const tasksFor = (...rules: Rule[]) =>
  iptables.tasks(rules, [{ device: 'eth0', network: '10.2.1.2/24', router: '10.2.1.1', packets: [] }])

/** @returns the file that sets rules at boot */
const atBoot = (...rules: Rule[]) => bootOf('iptables', ...rules)

function bootOf(program: string, ...rules: Rule[]): string {
  const task = tasksFor(...rules).find(({ resources }) => resources?.includes(`/etc/keepalived/${program}.sh`))!
  const answer = task.plan({ text: '', code: 0 }, { changes: () => false })
  const file = join(folder, `${program}-${rules.map(({ name }) => name).join('-')}.sh`)
  writeFileSync(file, isChange(answer) ? answer.after.slice(answer.after.indexOf('\n') + 1) : '')
  return `bash ${file}`
}

/** @returns the rules of a chain, in order; VRRP has a name where /etc/protocols has one */
const chain = (saved: string, name: string) =>
  saved
    .split('\n')
    .filter((row) => row.startsWith(`-A ${name} `))
    .map((row) => row.replace(' -p vrrp ', ' -p 112 '))

const own = '-A INPUT -i eth0 -p 112 -m comment --comment keepalived-playbooks-in -j ACCEPT'
const ofAnotherLevel = '-A INPUT -p udp -m comment --comment keepalived-playbooks-of-another-level -j ACCEPT'
const snat = '-A POSTROUTING -m comment --comment keepalived-playbooks-snat -j ACCEPT'
const others = [
  '-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT',
  '-A INPUT -p 112 -j DROP',
  '-A INPUT -p tcp -m comment --comment "not keepalived-playbooks-x" -j ACCEPT',
]
const before = `iptables -P INPUT DROP
${[...others, own, own, ofAnotherLevel].map((rule) => `iptables ${rule}`).join('\n')}
iptables -t nat ${snat}
`

for (const kind of ['nft', 'legacy'] as const) {
  const script = atBoot(vrrp, answers)

  test(`${kind}: at boot, wanted rules come once and first; all others of ours go, and none of others`, () => {
    const saved = inNetwork(kind, 'inactive', `${before}${script}; iptables-save`)
    assert.equal(chain(saved, 'INPUT'), [own, ...others])
    assert.equal([chain(saved, 'OUTPUT').length, chain(saved, 'POSTROUTING').length], [1, 0])
    assert.match(saved, /^:INPUT DROP /m)
  })

  test(`${kind}: while keepalived runs, rules of another level stay`, () => {
    const saved = inNetwork(kind, 'active', `${before}${script}; iptables-save`)
    assert.equal(chain(saved, 'INPUT'), [own, ...others, ofAnotherLevel])
    assert.equal(chain(saved, 'POSTROUTING'), [snat])
  })

  test(`${kind}: a second time changes nothing`, () => {
    const once = `${script}; iptables-save | grep -v '^#'`
    const [first, second] = inNetwork(kind, 'active', `${once}; echo ==; ${once}`).split('==\n')
    assert.is(second, first)
    assert.equal(chain(first!, 'INPUT'), [own])
  })

  test(`${kind}: rules of IPv6 are ip6tables', at boot and live, and each program leaves those of the other alone`, () => {
    const rules = [vrrp, vrrp6]
    const wanted = '-A INPUT -d ff02::12/128 -i eth0 -p 112 -m comment --comment keepalived-playbooks-in6 -j ACCEPT'
    const saved = inNetwork(
      kind,
      'inactive',
      `ip6tables -A INPUT -j DROP; ${atBoot(...rules)}; ${bootOf('ip6tables', ...rules)}; iptables-save; ip6tables-save`,
    )
    assert.equal(chain(saved, 'INPUT'), [own, wanted, '-A INPUT -j DROP'])

    const task = tasksFor(...rules).find(({ key }) => key === 'ip6tables rule in6')!
    const asked = (before: string) =>
      task.plan(
        { text: inNetwork(kind, 'active', `${before}set +e; ${task.probe.text}`), code: 0 },
        {
          changes: () => false,
        },
      )
    const change = asked('ip6tables -A INPUT -j DROP\n')
    assert.ok(isChange(change))
    const after = `ip6tables -A INPUT -j DROP\n${change.apply.text}\n`
    assert.equal(asked(after), { unchanged: true })
    const listed = (script: string) =>
      chain(inNetwork(kind, 'active', `${script}ip6tables-save; iptables-save`), 'INPUT')
    assert.equal(listed(after), [wanted, '-A INPUT -j DROP'])
    assert.equal(listed(`${after}${change.undo.text}\n`), ['-A INPUT -j DROP'])
    assert.ok(isChange(asked(`${after}ip6tables -I INPUT -j REJECT\n`)), 'another rule stands before it')
  })

  test(`${kind}: at boot, a rule waits until it may be set`, () => {
    const count = (when: string) =>
      ['INPUT', 'PREROUTING'].map(
        (name) => chain(inNetwork(kind, 'inactive', `${atBoot(vrrp, untracked(when))}; iptables-save`), name).length,
      )
    assert.equal(
      [count('yes'), count('no')],
      [
        [1, 1],
        [1, 0],
      ],
    )
  })

  test(`${kind}: no packet is lost while rules are set again`, () => {
    const again = atBoot({ name: 'loopback', accept: 'in', interface: 'lo', protocol: 'udp' })
    // What is sent to ourselves is there at once, or never.
    const sender = join(folder, 'sender.pl')
    writeFileSync(
      sender,
      `use Socket;
socket(S, AF_INET, SOCK_DGRAM, 0);
bind(S, sockaddr_in(9, INADDR_LOOPBACK));
until (-e '/run/end') {
  $sent += defined send(S, 'x', 0, sockaddr_in(9, INADDR_LOOPBACK));
  $got += defined recv(S, $_, 9, 0x40);
}
print $got > 100 ? 'many' : 'few', ' sent, lost ', $sent - $got;
`,
    )
    const printed = inNetwork(
      kind,
      'active',
      `ip link set lo up; iptables -P INPUT DROP; ${again}
perl ${sender} &
for _ in {1..20}; do ${again}; done
touch /run/end; wait`,
    )
    assert.is(printed, 'many sent, lost 0')
  })

  test(`${kind}: a rule that is named after a host with dots is found again`, () => {
    const dotted: Rule = { ...vrrp, name: 'in-ns1.example.com' }
    const [task] = tasksFor(dotted).filter(({ name }) => name.startsWith('iptables rule'))
    const text = inNetwork(kind, 'inactive', `${atBoot(dotted)}\n${task!.probe!.text}`)
    assert.is(isChange(task!.plan({ text, code: 0 }, { changes: () => false })), false)
  })

  test(`${kind}: a rule that would take packets of IP in IP before ours moves ours above it`, () => {
    const inIp: Rule = { name: 'tunnel', accept: 'in', interface: 'eth0', protocol: '4' }
    const [task] = tasksFor(inIp).filter(({ name }) => name.startsWith('iptables rule'))
    const changes = (rule: string) => {
      const text = inNetwork(
        kind,
        'inactive',
        `${atBoot(inIp)}; iptables -I INPUT ${rule} -j DROP; (${task!.probe!.text})`,
      )
      return isChange(task!.plan({ text, code: 0 }, { changes: () => false }))
    }
    assert.equal([changes('-p 4'), changes('-p udp')], [true, false])
  })

  test(`${kind}: rules that are as wanted are known by one question; changed, doubled and missing ones are seen`, () => {
    const rules = [vrrp, answers]
    const task = tasksFor(...rules).find(({ name }) => name === 'iptables rule answers')!
    const changes = (meanwhile: string) => {
      const text = inNetwork(kind, 'active', `${script}; ${meanwhile}; (${task.probe.text})`)
      return isChange(task.plan({ text, code: 0 }, { changes: () => false }))
    }
    const rule = (device: string) =>
      `OUTPUT -s 10.2.1.6/32 -o ${device} -p udp -m comment --comment keepalived-playbooks-answers --sport 53 -j ACCEPT`
    assert.is(changes('iptables() { false; }'), false)
    assert.is(changes(`iptables -A ${rule('eth0')}`), true)
    assert.is(changes(`iptables -D ${rule('eth0')}; iptables -A ${rule('eth1')}`), true)
    assert.is(changes(`iptables -D ${rule('eth0')}`), true)
    assert.is(changes('iptables -D INPUT 1'), false)
  })
}

test.run()
