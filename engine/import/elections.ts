import { forIPv6, type Meaning, type Part } from './facts.ts'
import type { Node } from './nodes.ts'

/** An instance of a node. */
interface Candidate {
  node: string
  part: Part
}

/**
 * Puts the facts of who wins an election into the form that counts: whether the best node takes the virtual IP back,
 * the order of the nodes, and what checks make of it.
 * @param nodes those whose files are known
 */
export function settleElections(nodes: readonly Node[]): void {
  const [first, ...others] = nodes
  for (const { meaning } of others) findElections(meaning!, first!.meaning!)
  const all = nodes.flatMap(({ name, meaning }) => meaning!.instances.map((part) => ({ node: name, part })))
  // One file alone tells whether its node is to have all instances, or shares them with another.
  const highest = Math.max(...all.map(({ part }) => priorityOf(part)))
  // One that begins as BACKUP, and has no instance above others, is below it.
  const isBelow = all.every(({ part }) => part.begins === 'BACKUP' && priorityOf(part) === highest)
  const best = nodes.length === 1 ? [highest + (isBelow ? 1 : 0)] : []
  for (const key of new Set(all.map(({ part }) => part.election)))
    settle(
      all.filter(({ part }) => part.election === key),
      best,
    )
}

/** Nodes of one network may call their interfaces by other names, and are one election all the same. */
function findElections({ instances }: Meaning, first: Meaning): void {
  const isThere = (one: Part, all: readonly Part[]) => all.some(({ key }) => key === one.key)
  const alone = first.instances.filter((one) => !isThere(one, instances))
  for (const part of instances)
    if (!isThere(part, first.instances)) part.election = alone.find((one) => hearEachOther(one, part))?.key ?? part.key
}

const hearEachOther = (one: Part, other: Part): boolean =>
  one.get('virtual_router_id') === other.get('virtual_router_id') &&
  one.key.endsWith(forIPv6) === other.key.endsWith(forIPv6)

const priorityOf = (part: Part) => Number(part.get('priority'))

function settle(candidates: readonly Candidate[], best: readonly number[]): void {
  const parts = candidates.map(({ part }) => part)
  const isFixed = parts.every((part) => changes(part).length === 1)
  // Those that checks move keep one rank where they have one number.
  const given = [...best, ...parts.map(priorityOf)]
  const priorities = new Set(given)
  const all = isFixed ? given : [...priorities]
  // Whoever has written it meant it, also where keepalived does not heed it (`state MASTER`). A node that is never above
  // the others has no use for it.
  const highest = Math.max(...parts.map(priorityOf))
  const leading = parts.filter((part) => priorityOf(part) === highest)
  const stays = leading.some((part) => part.get('nopreempt')) || (parts.length > 1 && priorities.size === 1)
  const delay = leading[0]!.get('preempt_delay')
  for (const { node, part } of candidates) {
    const { place } = part.facts.get('nopreempt') ?? part.facts.get('priority')!
    // It had no delay to say, or none that ever counts.
    const isBelow = isFixed && !leading.includes(part)
    if (part.facts.delete('nopreempt') || isBelow) {
      part.facts.delete('preempt_delay')
      part.say('preempt_delay', delay, place)
    }
    if (stays) {
      part.facts.delete('preempt_delay')
      continue
    }
    part.say('preempt', 'yes', place)
    const above = all.filter((one) => one > priorityOf(part)).length
    const before = isFixed && !leading.includes(part) ? alike(candidates, part) : 0
    if (before > 0) part.say('tie', 'yes', place)
    part.say('rank', String(above + before + 1), place)
    for (const other of candidates)
      if (other.node !== node) part.say(`priority beside ${other.node}`, standing(part, other.part), place)
  }
}

/** @returns how many nodes before one have the same priority: an inventory puts them in order */
const alike = (candidates: readonly Candidate[], part: Part): number => {
  const parts = candidates.map((one) => one.part)
  return parts.slice(0, parts.indexOf(part)).filter((one) => priorityOf(one) === priorityOf(part)).length
}

/** What can be added to a priority while checks and interfaces fail or do not. */
const changes = (part: Part): number[] =>
  [...part.all('weight of'), ...part.all('track_interface')]
    .map(([, weight]) => Number(weight))
    .reduce((sums, weight) => [...new Set(sums.flatMap((sum) => [sum, sum + weight]))], [0])

/** @returns in how many cases of failed checks a node is above another; nothing where no check changes it */
function standing(one: Part, other: Part): string | undefined {
  const apart = priorityOf(one) - priorityOf(other)
  const all = changes(one).flatMap((mine) => changes(other).map((theirs) => apart + mine - theirs))
  if (all.length === 1) return undefined
  const [above, level] = [all.filter((sum) => sum > 0), all.filter((sum) => sum === 0)]
  return `above in ${above.length} and level in ${level.length} of ${all.length} cases`
}
