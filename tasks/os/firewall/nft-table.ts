import { type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import type { Rule } from './firewall.ts'
import { prefix, replacing, tableOf } from './nft-words.ts'

/** The table of what holds from the start, and that of what connection tracking leaves alone once a level is at work. */
export const mainTable = prefix
export const untrackedTable = `${prefix}-untracked`

/** A table of ours is live with these rules and no others; there is none where there are none. */
export function liveTable(table: string, rules: readonly Rule[], name: string): Task {
  const wanted = tableOf(table, rules)
  return {
    name,
    key: `nftables table ${table}`,
    // Each version prints in a way of its own: what is wanted is printed by the same one, from a network of its own.
    probe: sh`
nft -s list table ip ${table} 2>/dev/null
${rules.length > 0 ? sh`echo wanted; exec unshare --net bash -c ${printed(table).text} 2>/dev/null <<<${wanted}` : sh`true`}`,
    plan: ({ text }) => {
      const [live = '', asWanted = ''] = text.split(/^wanted\n/m)
      if (live === asWanted && (live !== '' || rules.length === 0)) return unchanged()
      return {
        before: live.trim(),
        after: rules.length === 0 ? '' : (asWanted || wanted).trim(),
        apply: load(wanted),
        undo: load(replacing(table) + live),
      }
    },
  }
}

const printed = (table: string): Script => sh`nft -f - && exec nft -s list table ip ${table}`

const load = (text: string): Script => sh`nft -f - <<<${text}`
