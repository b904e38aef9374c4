import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Accept } from './firewall.ts'
import { acceptWords, familyOf, prefix, short } from './nft-words.ts'

const hooks = { in: 'input', out: 'output', forward: 'forward' } as const

/**
 * Bash functions for chains of others. `chains HOOK FAMILY` prints FAMILY, TABLE and CHAIN of each that filters there: not those of
 * iptables and firewalld, which have programs of their own, nor those of a table that belongs to a program, nor ours.
 * `gone HOOK FAMILY OURS` prints what nft takes to have none of the rules there whose comment matches OURS, an extended regular
 * expression, and `first HOOK FAMILY RULE…` what it takes to have these at the top of all. FAMILY is ip, ip6, or both with a bar
 * between them; inet goes with each.
 */
export const functions = `chains() {
  nft -t list ruleset 2>/dev/null | awk -v hook="$1" -v families="^($2|inet)$" '
    $1 == "table" { family = $2; table = $3; owned = 0 }
    # Whoever owns a table alone can change it.
    $1 == "flags" && /^\\tflags .*owner/ { owned = 1 }
    $1 == "chain" { chain = $2 }
    $1 == "type" && $2 == "filter" && $4 == hook && family ~ families && !owned &&
      table != "firewalld" && table !~ /^${prefix}/ &&
      !(family != "inet" && table ~ /^(filter|raw|mangle|security)$/) { print family, table, chain }'
}
gone() {
  chains "$1" "$2" | while read -r chain; do
    nft -a list chain $chain | sed -nE "s/.* comment \\"($3)\\" # handle ([0-9]+)$/\\2/p" |
      while read -r handle; do echo "delete rule $chain handle $handle"; done
  done
}
first() {
  hook=$1
  family=$2
  shift 2
  chains "$hook" "$family" | while read -r chain; do
    for ((place = $#; place > 0; place--)); do echo "insert rule $chain \${!place}"; done
  done
}
`

/** As bash has them. */
export const defined: Script = sh`eval ${functions}`

const any = `${prefix}-[^"]*`

/** Comments of a rule, whatever it says. */
const ofName = (name: string) => `${prefix}-${short(name).replaceAll('.', '\\.')}-[0-9a-f]{8}`

/**
 * @param ours comments of rules that go; those of these rules alone where it is not given
 * @returns bash that prints what nft takes, after `functions`
 */
export const toTop = (rules: readonly Accept[], ours?: Script): Script => {
  const theirs = ours ?? sh`${rules.map(({ name }) => ofName(name)).join('|')}`
  const groups = [...Map.groupBy(rules, (rule) => `${hooks[rule.accept]} ${familyOf(rule)}`)]
  return lines(
    ...Object.values(hooks).map((hook) => sh`gone ${hook} ${'ip|ip6'} ${theirs}`),
    ...groups.map(([where, own]) => sh`first ${where.split(' ')} ${own.map(acceptWords)}`),
  )
}

/** @returns the same at boot: all of ours go, but while keepalived runs, the level that they are for may still be at work */
export const toTopAtBoot = (rules: readonly Accept[]): Script =>
  sh`if systemctl -q is-active keepalived; then ours=${rules.map(({ name }) => ofName(name)).join('|')}; else ours=${any}; fi
${toTop(rules, sh`"$ours"`)}`

const probe = (family: string): Script => sh`
${defined}
for hook in ${Object.values(hooks)}; do
  chains "$hook" ${family} | while read -r chain; do
    echo "chain $hook $chain"
    nft list chain $chain | sed -n '/^\t\ttype /,/^\t}/s/^\t\t//p'
  done
done`

/** A rule is at the top of each chain of others that filters where it belongs, with others of ours. */
export function acceptedInChain(rule: Accept): Task {
  const words = acceptWords(rule)
  const hook = hooks[rule.accept]
  const family = familyOf(rule)
  const isThis = (row: string) => new RegExp(` comment "${ofName(rule.name)}"`).test(row)
  return {
    name: `nftables rule ${rule.name}`,
    key: `nftables rule ${rule.name}`,
    probe: probe(family),
    plan: ({ text }) => {
      const found = chainsIn(text).filter((chain) => chain.hook === hook)
      const differs = found.filter(({ rows }) => {
        const all = rows.filter(isThis)
        const first = rows.findIndex((row) => !row.includes(` comment "${prefix}-`))
        const place = rows.findIndex(isThis)
        return all.length !== 1 || !all[0]!.includes(commentIn(words)) || (first >= 0 && first < place)
      })
      if (differs.length === 0) return unchanged()
      const before = [...new Set(found.flatMap(({ rows }) => rows.filter(isThis)))]
      return {
        before: before.join('\n'),
        after: words,
        apply: set(rule, [words]),
        undo: set(rule, before),
      }
    },
  }
}

const commentIn = (words: string) => / comment ".*"$/.exec(words)![0]

const set = (rule: Accept, rows: readonly string[]): Script => {
  const where = [hooks[rule.accept], familyOf(rule)]
  return sh`
${defined}
{ gone ${where} ${ofName(rule.name)}; first ${where} ${rows}; } | nft -f -`
}

interface Chain {
  hook: string
  rows: readonly string[]
}

const chainsIn = (text: string): Chain[] =>
  text.split(/^chain (?=(?:input|output|forward) )/m).flatMap((part) => {
    const [head = '', type, ...rows] = part.split('\n')
    const hook = head.match(/^(\S+) /)?.[1]
    return hook && type !== undefined ? [{ hook, rows: rows.filter((row) => row !== '') }] : []
  })
