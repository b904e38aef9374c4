import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { SharedRead } from '../../../engine/runner/shared-read.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { render } from '../../template.ts'
import { atBoot } from './boot-unit.ts'
import { type Firewall, type Rule, untrackingName } from './firewall.ts'
import {
  atTop,
  check,
  comment,
  prefix,
  type Program,
  restorable,
  saves,
  specification,
  type Words,
  wordsOf,
} from './iptables-words.ts'
import { packetsPass } from './trial.ts'
import { parseSaved, type SavedRule, savedRules, savedRules6 } from './saved-rules.ts'

export const iptables: Firewall = {
  packages: ['iptables'],
  tasks: (rules, wires) => [packetsPass(wires, onTrial(rules)), ...hold(rules)],
  untracking: (rules) => untracking(rules.map(wordsOf)),
}

function hold(given: readonly Rule[]): Task[] {
  const rules = given.map(wordsOf)
  const six = rules.filter(({ program }) => program === 'ip6tables')
  return [
    ...holdBy(
      'iptables',
      rules.filter(({ program }) => program === 'iptables'),
    ),
    ...(six.length > 0 ? holdBy('ip6tables', six) : []),
  ]
}

function holdBy(program: Program, rules: readonly Words[]): Task[] {
  const now = rules.filter(({ table }) => table !== 'raw')
  return [
    ...now.map((rule) => live(rule, probe(program, now))),
    ...atBoot(`keepalived-${program}`, `/etc/keepalived/${program}.sh`, scriptText(program, rules), [
      'netfilter-persistent',
      program,
      'nftables',
      'ufw',
    ]),
  ]
}

/** @returns what sets rules where packets are tried */
function onTrial(given: readonly Rule[]): Script {
  // Translation of addresses stops no packet, and its match would load a module.
  const tried = given.map(wordsOf).filter(({ table }) => table !== 'nat')
  const of = Map.groupBy(tried, ({ program }) => program)
  return lines(...[...of].map(([program, own]) => restored(restorable(own, atTop), program)))
}

/** @param ours for iptables-restore; @returns what sets it where packets are tried */
export const restored = (ours: string, program: Program = 'iptables'): Script => sh`
printf %s ${ours} >ours
if command -v ${program}-restore >/dev/null && ! ${program}-restore -w --noflush <ours 2>said; then
  # Of one rule alone, iptables says more.
  set -f
  while read -r rule; do
    case $rule in
    '*'*) table=\${rule#?} ;;
    -*) ${program} -w -t "$table" $rule 2>one || { mv one said; break; } ;;
    esac
  done <ours
  echo "refused=${program} $(grep -v ^Try said | tail -n 1)"
  exit
fi`

const scriptText = (program: Program, rules: readonly Words[]) =>
  render('iptables.sh', {
    ...{ prefix, program },
    groups: [...Map.groupBy(rules, ({ when }) => when?.text ?? '')].map(([when, own]) => ({
      when,
      wanted: own.map((rule) => sh`want ${rule.table} ${atTop(saves(rule))}`.text),
    })),
  })

function live(rule: Words, probe: Script): Task {
  const wanted = saves(rule)
  return {
    name: `${rule.program} rule ${rule.name}`,
    key: `${rule.program} rule ${rule.name}`,
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
        apply: replace(rule, comment(rule), [wanted]),
        undo: replace(rule, comment(rule), texts),
        quiet: true,
      }
    },
  }
}

const raw = { program: 'iptables', table: 'raw' } as const

/** All rules together: with some of them alone, a connection would be known in one direction only. */
function untracking(rules: readonly Words[]): Task {
  const any = `${prefix}[^ ]*`
  return {
    name: untrackingName(rules),
    key: 'iptables rules untracked',
    probe: probe('iptables', rules),
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
        apply: replace(raw, any, wanted),
        undo: replace(raw, any, texts),
        quiet: true,
      }
    },
  }
}

// Asks for all rules at once, by one iptables-restore where all are as wanted. The kernel is asked for a rule only where its
// comment is there: on nftables even `-C` creates an empty table.
const probe = (program: Program, rules: readonly Words[]): Script => {
  const [reading, all] = program === 'iptables' ? [savedRules, sh`"$saved"`] : [savedRules6, sh`"$saved6"`]
  const asked = rules.length > 0 ? probeAll(program, rules, all) : sh`true`
  return new SharedRead(
    reading,
    [],
    sh`
printf '%s\n' ${all}
${asked}`,
  )
}

const probeAll = (program: Program, rules: readonly Words[], all: Script): Script => sh`
exact() { printf 'exact %s\n' "$@"; }
have() { for comment; do [[ ${all} == *" $comment "* ]] || return 1; done; }
if have ${rules.map(comment)} && ${program}-restore -w --noflush <<<${restorable(rules, check)} 2>/dev/null; then
  exact ${rules.map(comment)}
else
  ${lines(...rules.map(probeOne))}
fi`

const probeOne = (rule: Words): Script => sh`
if have ${comment(rule)} && ${rule.program} -w -t ${rule.table} -C ${rule.chain} ${specification(rule)} 2>/dev/null; then
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
const replace = (
  { program, table }: Pick<Words, 'program' | 'table'>,
  comments: string,
  texts: readonly string[],
): Script => sh`
{
  echo ${`*${table}`}
  ${program}-save 2>/dev/null |
    sed -n ${`/^\\*${table}$/,/^COMMIT$/s/^-A \\(.* --comment ${comments} .*\\)/-D \\1/p`}
  printf '%s\n' ${texts.toReversed().map(atTop)} COMMIT
} | ${program}-restore -w --noflush`
