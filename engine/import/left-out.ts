import type { Draft } from './draft.ts'
import { addressGap } from './gaps.ts'
import type { Section } from './section.ts'

/**
 * Takes out of an inventory what the schema refuses, so that the rest can be proved.
 * @param lines what the schema says, each beginning with the path of a value
 * @param free gives an address of the network that nobody has
 * @returns whether anything could be taken out
 */
export function leaveOut(draft: Draft, lines: readonly string[], free: () => string): boolean {
  const done = lines.map((line) => {
    const [, path = ''] = /^([\w.[\]-]+): /.exec(line) ?? []
    const keys = path.replaceAll('[', '.[').split('.')
    const [top, name, key] = keys
    if (top === 'hosts' && key === 'address') return markAddress(draft, name!, free)
    if (top === 'cluster' && (name === 'vip' || name === 'network')) return false
    return remove(draft as unknown as Section, keys)
  })
  return done.some(Boolean)
}

/** The person says it then. */
function markAddress({ hosts, gaps }: Draft, name: string, free: () => string): boolean {
  const host = hosts[name]
  const gap = addressGap(name, free())
  if (!host || host.address === gap.mark) return false
  host.address = gap.mark
  gaps.push(gap)
  return true
}

/** An item of a list goes with the list, and what must be there with the map that it is missing in. */
function remove(map: Section, keys: readonly string[]): boolean {
  const item = keys.findIndex((key) => key.startsWith('['))
  const way = item < 0 ? keys : keys.slice(0, item)
  for (let length = way.length; length > 1; length--) {
    const parent = way.slice(0, length - 1).reduce<unknown>((one, key) => (one as Section | undefined)?.[key], map)
    const last = way[length - 1]!
    if (typeof parent !== 'object' || parent === null || (parent as Section)[last] === undefined) continue
    ;(parent as Section)[last] = undefined
    return true
  }
  return false
}
