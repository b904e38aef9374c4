import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'

/** One object of `nft -j list ruleset`, with the fields used here. */
interface Item {
  chain?: { family: string; table: string; name: string; hook?: string; policy?: string }
  /** `expr` of a rule, `elem` of a set. */
  rule?: Expressions
  set?: Expressions
}

interface Expressions {
  family: string
  table: string
  expr?: unknown
  elem?: unknown
}

/**
 * A check that no nftables table drops VRRP by default: our ACCEPT in the iptables tables can't undo a drop in another
 * table, and every node would believe itself alone.
 */
export const noOtherDrop = (): Task => ({
  name: 'nftables lets VRRP pass',
  probe: sh`! command -v nft >/dev/null || exec nft -j list ruleset 2>/dev/null`,
  plan: ({ text, code }) => {
    // An nft that can't answer in JSON is too old to be asked.
    if (code !== 0 || text === '') return unchanged()
    const { nftables: items } = JSON.parse(text) as { nftables: Item[] }
    const dropping = items.flatMap(({ chain }) =>
      chain && dropsUnknown(chain) && !knowsVrrp(items, chain) ? chain : [],
    )
    if (dropping.length === 0) return unchanged()
    const names = dropping.map(({ family, table, name }) => `${family} ${table} ${name}`)
    throw new UserError(
      `VRRP is dropped by the nftables chain ${names.join(' and the chain ')}. Allow it now, and in the file that loads ` +
        `the table (/etc/nftables.conf?): ${names.map((name) => `nft insert rule ${name} ip protocol vrrp accept`).join('; ')}`,
      1,
    )
  },
})

type Chain = NonNullable<Item['chain']>

function dropsUnknown({ family, table, name, hook, policy }: Chain): boolean {
  if (policy !== 'drop' || !(hook === 'input' || hook === 'output')) return false
  const ofIptables = /^(filter|nat|mangle|raw|security)$/.test(table) && name === hook.toUpperCase()
  return family === 'inet' || (family === 'ip' && !ofIptables)
}

// By name, by number (where the host has no /etc/protocols), by address, or by a group that this is one of.
const vrrp =
  /"(vrrp|224\.0\.0\.18|224\.0\.0\.0|multicast)"|("field":"protocol"|"key":"l4proto")\}\},"right":[^}]*\b112\b/

/** True if a rule of the table, or a set that its rules use, matches VRRP or its senders. */
const knowsVrrp = (items: readonly Item[], { family, table }: Chain): boolean =>
  items
    .map(({ rule, set }) => rule ?? set)
    .some((item) => {
      if (item?.family !== family || item.table !== table) return false
      return vrrp.test(JSON.stringify(item.expr ?? item.elem)) || acceptsNeighbours(item.expr)
    })

/** All that comes in or goes out by an interface, or from or to an address, may pass. */
function acceptsNeighbours(expr: unknown): boolean {
  if (!Array.isArray(expr) || !expr.some((part) => 'accept' in part)) return false
  const matches = expr.flatMap((part: { match?: { left: unknown; right: unknown } }) => part.match ?? [])
  return matches.every(
    ({ left, right }) => right !== 'lo' && /"(iif|iifname|oif|oifname|saddr|daddr)"/.test(JSON.stringify(left)),
  )
}
