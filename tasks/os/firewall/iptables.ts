import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { SharedRead } from '../../../engine/runner/shared-read.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { render } from '../../template.ts'
import { atBoot } from './boot-unit.ts'
import { type Accept, type Firewall, type Rule, type SourceNat, type Untracked, untrackingName } from './firewall.ts'
import { packetsPass } from './trial.ts'
import { parseSaved, type SavedRule, savedRules } from './saved-rules.ts'

/** A rule in the words of iptables. Its comment carries its name, which is how ours are told from others'. */
interface Words {
  name: string
  table: 'filter' | 'nat' | 'raw'
  chain: string
  /** The IP protocols it is for: a rule for another can't take its packets away. One alone becomes its `-p`. */
  protocols: readonly string[]
  /** After the chain, without protocol and comment. */
  words: readonly string[]
  /** Ends with 0 where it may be set at boot. */
  when?: Script
}

const script = '/etc/keepalived/iptables.sh'
const prefix = 'keepalived-playbooks-'

export const iptables: Firewall = {
  packages: ['iptables'],
  tasks: (rules, wires) => [packetsPass(wires, onTrial(rules)), ...hold(rules)],
  untracking: (rules) => untracking(rules.map(untracked)),
}

function hold(given: readonly Rule[]): Task[] {
  const rules = given.map(wordsOf)
  const now = rules.filter(({ table }) => table !== 'raw')
  return [
    ...now.map((rule) => live(rule, probe(now))),
    ...atBoot('keepalived-iptables', script, scriptText(rules), [
      'netfilter-persistent',
      'iptables',
      'nftables',
      'ufw',
    ]),
  ]
}

/** @returns what sets rules where packets are tried */
function onTrial(given: readonly Rule[]): Script {
  // Translation of addresses stops no packet, and its match would load a module.
  const tried = given.map(wordsOf).filter(({ table }) => table !== 'nat')
  return restored(restorable(tried, atTop))
}

/** @param ours for iptables-restore; @returns what sets it where packets are tried */
export const restored = (ours: string): Script => sh`
printf %s ${ours} >ours
if command -v iptables-restore >/dev/null && ! iptables-restore -w --noflush <ours 2>said; then
  # Of one rule alone, iptables says more.
  set -f
  while read -r rule; do
    case $rule in
    '*'*) table=\${rule#?} ;;
    -*) iptables -w -t "$table" $rule 2>one || { mv one said; break; } ;;
    esac
  done <ours
  echo "refused=iptables $(grep -v ^Try said | tail -n 1)"
  exit
fi`

function wordsOf(rule: Rule): Words {
  if ('accept' in rule) return accept(rule)
  return 'untracked' in rule ? untracked(rule) : sourceNat(rule)
}

const accept = (rule: Accept): Words => ({
  name: rule.name,
  table: 'filter',
  chain: { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[rule.accept],
  protocols: [rule.protocol],
  words: [
    ...(rule.interface === undefined || rule.accept === 'out' ? [] : ['-i', rule.interface]),
    ...(rule.interface === undefined || rule.accept === 'in' ? [] : ['-o', rule.interface]),
    ...ends(rule),
    ...['-j', 'ACCEPT'],
  ],
})

const untracked = (rule: Untracked): Words => ({
  name: rule.name,
  table: 'raw',
  chain: { in: 'PREROUTING', out: 'OUTPUT' }[rule.untracked],
  protocols: [rule.protocol],
  words: [
    ...(rule.interface ? ['-i', rule.interface] : []),
    ...ends(rule),
    ...(rule.except ? ['!', '-d', rule.except, '-m', 'addrtype', '!', '--dst-type', 'LOCAL'] : []),
    ...['-j', 'CT', '--notrack'],
  ],
  when: rule.when,
})

const ends = ({ from, to, fromPort, toPort }: Accept | Untracked): string[] => [
  ...(from ? ['-s', from] : []),
  ...(to ? ['-d', to] : []),
  ...(fromPort ? ['--sport', String(fromPort)] : []),
  ...(toPort ? ['--dport', String(toPort)] : []),
]

const sourceNat = ({ name, protocols, virtualServer: { address, port }, source }: SourceNat): Words => ({
  name,
  table: 'nat',
  chain: 'POSTROUTING',
  protocols,
  words: [
    // Without a mask, as iptables-save prints the address: with one, the saved rule would not find itself again.
    ...['-m', 'ipvs', '--vaddr', address, '--vport', String(port)],
    ...['-j', 'SNAT', '--to-source', source],
  ],
})

/** @returns for iptables-restore: rules as it saves them, each with another command */
const restorable = (rules: readonly Words[], command: (saved: string) => string): string =>
  [...Map.groupBy(rules, ({ table }) => table)]
    .flatMap(([table, own]) => [`*${table}`, ...own.map((rule) => command(saves(rule))), 'COMMIT'])
    .join('\n')

const atTop = (saved: string) => saved.replace(/^-A (\S+)/, '-I $1 1')
const check = (saved: string) => saved.replace(/^-A/, '-C')

const scriptText = (rules: readonly Words[]) =>
  render('iptables.sh', {
    prefix,
    groups: [...Map.groupBy(rules, ({ when }) => when?.text ?? '')].map(([when, own]) => ({
      when,
      wanted: own.map((rule) => sh`want ${rule.table} ${atTop(saves(rule))}`.text),
    })),
  })

/** iptables-save puts quotes around what has a dot, as a host's name may. */
const comment = (rule: Words) => prefix + rule.name.replaceAll('.', '_')
const specification = (rule: Words): string[] => [
  ...(rule.protocols.length === 1 ? ['-p', ...rule.protocols] : []),
  ...['-m', 'comment', '--comment', comment(rule)],
  ...rule.words,
]

const saves = (rule: Words) => ['-A', rule.chain, ...specification(rule)].join(' ')

function live(rule: Words, probe: Script): Task {
  const wanted = saves(rule)
  return {
    name: `iptables rule ${rule.name}`,
    key: `iptables rule ${rule.name}`,
    probe,
    plan: ({ text }) => {
      const saved = parseSaved(text)
      const found = saved.filter((one) => one.table === rule.table && one.text.includes(` ${comment(rule)} `))
      const exact = text.includes(`\nexact ${comment(rule)}\n`)
      if (exact && found.length === 1 && inPlace(rule, saved)) return unchanged()
      const texts = found.map((one) => one.text)
      return {
        before: texts.join('\n'),
        after: wanted,
        apply: replace(rule.table, comment(rule), [wanted]),
        undo: replace(rule.table, comment(rule), texts),
        quiet: true,
      }
    },
  }
}

/** All rules together: with some of them alone, a connection would be known in one direction only. */
function untracking(rules: readonly Words[]): Task {
  const any = `${prefix}[^ ]*`
  return {
    name: untrackingName(rules),
    key: 'iptables rules untracked',
    probe: probe(rules),
    plan: ({ text }) => {
      const texts = parseSaved(text)
        .filter((one) => one.table === 'raw' && one.text.includes(` --comment ${prefix}`))
        .map((one) => one.text)
      const exact = rules.every((rule) => text.includes(`\nexact ${comment(rule)}\n`))
      if (exact && texts.length === rules.length) return unchanged()
      const wanted = rules.map(saves)
      return {
        before: texts.join('\n'),
        after: wanted.join('\n'),
        apply: replace('raw', any, wanted),
        undo: replace('raw', any, texts),
        quiet: true,
      }
    },
  }
}

// Asks for all rules at once, by one iptables-restore where all are as wanted. The kernel is asked for a rule only where its
// comment is there: on nftables even `-C` creates an empty table.
const probe = (rules: readonly Words[]): Script =>
  new SharedRead(
    savedRules,
    [],
    sh`
printf '%s\n' "$saved"
${rules.length > 0 ? probeAll(rules) : sh`true`}`,
  )

const probeAll = (rules: readonly Words[]): Script => sh`
exact() { printf 'exact %s\n' "$@"; }
have() { for comment; do [[ $saved == *" $comment "* ]] || return 1; done; }
if have ${rules.map(comment)} && iptables-restore -w --noflush <<<${restorable(rules, check)} 2>/dev/null; then
  exact ${rules.map(comment)}
else
  ${lines(...rules.map(probeOne))}
fi`

const probeOne = (rule: Words): Script => sh`
if have ${comment(rule)} && iptables -w -t ${rule.table} -C ${rule.chain} ${specification(rule)} 2>/dev/null; then
  exact ${comment(rule)}
fi`

/** Whether it stands before every rule that could take its packets. */
function inPlace(rule: Words, saved: readonly SavedRule[]): boolean {
  const chain = saved.filter(({ table, text }) => table === rule.table && text.startsWith(`-A ${rule.chain} `))
  const place = chain.findIndex(({ text }) => text.includes(` ${comment(rule)} `))
  return place >= 0 && !chain.slice(0, place).some(({ text }) => couldCatch(text, rule))
}

/** As iptables-save prints them by the host's /etc/protocols. */
const protocols: Readonly<Record<string, string>> = { vrrp: '112', ah: '51', ipencap: '4', ipv4: '4', ipip: '4' }

function couldCatch(other: string, rule: Words): boolean {
  const target = other.match(/ -[jg] (\S+)/)?.[1]
  if (!target || other.includes(prefix) || /^(N?F?LOG|MARK|CONNMARK|TRACE)$/.test(target)) return false
  if (target === 'ACCEPT' && rule.words.includes('ACCEPT')) return false
  const protocol = other.match(/(?<!!) -p (\S+)/)?.[1]
  if (protocol && !rule.protocols.includes(protocols[protocol] ?? protocol)) return false
  return ['-i', '-o'].every((flag) => {
    const there = other.match(new RegExp(`(?<!!) ${flag} (\\S+)`))?.[1]
    const here = rule.words[rule.words.indexOf(flag) + 1]
    return !there || !rule.words.includes(flag) || there === here || there.endsWith('+')
  })
}

/**
 * Takes every rule with such a comment away and puts these at the top, in one transaction, so that no half state is visible.
 * @param comments a regular expression
 */
const replace = (table: string, comments: string, texts: readonly string[]): Script => sh`
{
  echo ${`*${table}`}
  iptables-save 2>/dev/null |
    sed -n ${`/^\\*${table}$/,/^COMMIT$/s/^-A \\(.* --comment ${comments} .*\\)/-D \\1/p`}
  printf '%s\n' ${texts.toReversed().map(atTop)} COMMIT
} | iptables-restore -w --noflush`
