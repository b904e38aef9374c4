import { type Script, sh } from '../../engine/base/sh.ts'
import { tableOf } from './policy-rule.ts'
import { priorityOf } from './second-interface.ts'

/** A rule or a route of the cluster that is there. */
export interface Entry {
  /** As it is compared: `rule 1021: from 10.2.1.6 lookup 21`, `table 21: default via 10.2.1.5 dev eth1`. */
  text: string
  /** Takes away this one alone. */
  remove: Script
  /** Puts it there again; a route by an interface or gateway that has gone is left out. */
  put: Script
  /** Whether a network manager has set it, and not a script. */
  byManager: boolean
}

export const isRule = ({ text }: Pick<Entry, 'text'>): boolean => text.startsWith('rule ')

export const inOrder = (a: string, b: string): number => (a < b ? -1 : 1)

/**
 * Reads `ip -N -4 rule show`, then for each table `table NUMBER` and `ip -N -4 route show table NUMBER`.
 * @param tables the numbers of ours
 * @returns in order, our rules, which are for these addresses or tables, with the routes of our tables and of those that they
 *   lead to; and the rules of others that lead anywhere
 */
export function entriesOf(
  text: string,
  addresses: readonly string[],
  tables: readonly number[],
): { ours: Entry[]; others: string[] } {
  const [all = '', ...blocks] = text.split(/^table (?=\d+$)/m)
  const rows = all.split('\n').filter((row) => row.trim())
  const rules = rows.flatMap((row) => ruleOf(row) ?? [])
  const ours = rules.filter(({ from, table }) => addresses.includes(from) || tables.includes(Number(table)))
  const ourTables = new Set([...tables.map(String), ...ours.map(({ table }) => table)])
  const routes = blocks.flatMap((block) => {
    const [table, ...found] = block.split('\n')
    return found.filter((row) => row.trim()).map((row) => routeOf(table!, row))
  })
  // A table without routes passes packets on; one that is for certain addresses is going to have some.
  const leads = (row: string) => {
    const table = tableOf(row)
    if (table === '255') return false
    return !table || table === '254' || !row.includes(' from all ') || routes.some((route) => route.table === table)
  }
  const own = new Set(ours.map(({ row }) => row))
  return {
    ours: [...ours, ...routes.filter(({ table }) => ourTables.has(table))].sort((a, b) => inOrder(a.text, b.text)),
    others: rows
      .filter((row) => !own.has(row))
      .map(compared)
      .filter(leads),
  }
}

/** What the kernel says that has no meaning for us. */
const compared = (row: string) =>
  row
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (proto|scope|metric) \S+| linkdown/g, '')

/** RTPROT_STATIC of rtnetlink(7). Of what a script sets without a protocol, `ip` shows none. */
const isStatic = (row: string) => / proto 4\b/.test(row)

/** @returns a rule with the mark of ours: no one else's has a priority that follows from its table */
function ruleOf(row: string): (Entry & { row: string; from: string; table: string }) | undefined {
  const text = compared(row)
  const [, priority, from, table] = text.match(/^(\d+): from (\S+) lookup (\d+)$/) ?? []
  if (Number(priority) !== priorityOf(Number(table))) return undefined
  const byManager = isStatic(row)
  // Without a protocol, the first of several is taken, which is the oldest.
  const words = ['from', from!, 'table', table!, 'priority', priority!, ...(byManager ? ['protocol', 'static'] : [])]
  const [remove, put] = [sh`ip -4 rule delete ${words}`, sh`ip -4 rule add ${words}`]
  return { text: `rule ${text}`, remove, put, byManager, row, from: from!, table: table! }
}

function routeOf(table: string, row: string): Entry & { table: string } {
  const words = row
    .trim()
    .replace(/ linkdown\b/, '')
    .split(/\s+/)
  const remove = sh`ip -4 route delete ${words} table ${table}`
  const put = sh`ip -4 route replace ${words} table ${table} || true`
  return { text: `table ${table}: ${compared(row)}`, remove, put, byManager: isStatic(row), table }
}

/** To the kernel, two rules that differ in who has set them are two. @returns what takes away that of a script where a manager has set one. */
export const removeTwin = ({ text, remove }: Entry): Script => {
  const [, from, table] = text.match(/ from (\S+) lookup (\d+)$/)!
  return sh`
if ip -N -4 rule show from ${from!} | grep -q ${` lookup ${table} proto 4`}; then ${remove} || true; fi`
}

/** All rules of ours go, those of a later inventory as well, and the routes that they lead to. */
export const takeAway = (addresses: readonly string[], tables: readonly number[]): Script => sh`
ip -N -4 rule show | sed -nE 's/^([0-9]+):[[:space:]]+from ([0-9.]+) lookup ([0-9]+)( proto [0-9]+)? *$/\1 \2 \3/p' |
  while read -r priority from table; do
    [ "$priority" = $((1000 + table)) ] || continue
    case ${` ${[...addresses, ...tables].join(' ')} `} in
    *" $from "* | *" $table "*) ;;
    *) continue ;;
    esac
    ip -4 rule delete from "$from" table "$table" priority "$priority" || true
    ip -4 route flush table "$table" 2>/dev/null || true
  done`
