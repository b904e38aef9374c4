import type { Meaning, Part } from './facts.ts'

/**
 * Puts the facts of who wins an election into the form that counts: whether the best node takes the virtual IP back,
 * and the order of the nodes, or their priorities where checks move these.
 * @param meanings of all nodes whose files are known
 */
export function settleElections(meanings: readonly Meaning[]): void {
  const keys = new Set(meanings.flatMap(({ instances }) => instances.map(({ key }) => key)))
  for (const key of keys) settle(meanings.flatMap(({ instances }) => instances.filter((one) => one.key === key)))
}

const priorityOf = (part: Part) => Number(part.get('priority'))

function settle(parts: readonly Part[]): void {
  const priorities = [...new Set(parts.map(priorityOf))].toSorted((a, b) => b - a)
  // Whoever has written it meant it, also where keepalived does not heed it (`state MASTER`).
  const stays = parts.some((part) => part.get('nopreempt')) || (parts.length > 1 && priorities.length === 1)
  const isMoved = parts.some(
    (part) => part.all('weight of').length + part.all('track_interface').filter(([, w]) => w !== '0').length > 0,
  )
  for (const part of parts) {
    const { place } = part.facts.get('nopreempt') ?? part.facts.get('priority')!
    const rank = priorities.indexOf(priorityOf(part)) + 1
    if (stays) for (const about of ['priority', 'preempt_delay']) part.facts.delete(about)
    else {
      part.say('preempt', 'yes', place)
      part.say('rank', String(rank), part.facts.get('priority')!.place)
      if (!isMoved) part.facts.delete('priority')
    }
    part.facts.delete('nopreempt')
  }
}
