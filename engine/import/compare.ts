import type { Place } from '../conf/statement.ts'
import type { Meaning, Part } from './facts.ts'

/** A fact that two configurations do not share. */
export interface Difference {
  /** The nodes that it is about. */
  nodes: string[]
  kind: 'global' | 'instance' | 'virtual server'
  /** The part that has it, for people. */
  part: string
  about: string
  /** What the files say, if they do. */
  wanted?: string
  place?: Place
  /** What the inventory says, if it does. */
  got?: string
  /** The whole part is missing in what the inventory says. */
  isAlone: boolean
  /** The whole part is missing in what the files say. */
  isAdded: boolean
}

/** @returns what differs, fact by fact @param wanted what the files mean @param got what the inventory becomes */
export function compare(node: string, wanted: Meaning, got: Meaning): Difference[] {
  return [
    ...facts(node, 'global', wanted.global, got.global),
    ...parts(node, 'instance', wanted.instances, got.instances),
    ...parts(node, 'virtual server', wanted.virtualServers, got.virtualServers),
  ]
}

type Kind = Difference['kind']

/** @returns a difference for people, without its place */
export function told({ part, about, wanted, got }: Difference): string {
  const shown = (value: string) => (value === '' || value === 'yes' ? '' : ` ${value}`)
  const what = `${part === 'global_defs' ? '' : `${part}: `}${about.replace(/^line /, '')}`
  if (wanted === undefined) return `${what}${shown(got!)} is added`
  return `${what}${shown(wanted)}${got === undefined ? '' : `; the inventory makes it${shown(got)}`}`
}

const parts = (node: string, kind: Kind, wanted: readonly Part[], got: readonly Part[]): Difference[] => [
  ...wanted.flatMap((part) =>
    facts(
      node,
      kind,
      part,
      got.find(({ key }) => key === part.key),
    ),
  ),
  ...got
    .filter(({ key }) => !wanted.some((part) => part.key === key))
    .flatMap((part) => facts(node, kind, undefined, part)),
]

/** @returns what differs between a part and its counterpart */
export function facts(node: string, kind: Kind, wanted: Part | undefined, got: Part | undefined): Difference[] {
  const all = new Set([...(wanted?.facts.keys() ?? []), ...(got?.facts.keys() ?? [])])
  return [...all].flatMap((about): Difference[] => {
    const theirs = wanted?.facts.get(about)
    const ours = got?.get(about)
    // Priorities count beside others, which other facts tell.
    if (about === 'priority') return []
    // The name of a script says nothing.
    const isNamed = kind === 'instance' && about.startsWith('check ')
    if (theirs?.value === ours || (theirs && ours !== undefined && isNamed)) return []
    const { name, place } = wanted ?? got!
    return [
      {
        ...{ nodes: [node], kind, part: name, about, isAlone: !got, isAdded: !wanted },
        ...(theirs ? { wanted: theirs.value, place: theirs.place } : { place: wanted ? place : undefined }),
        ...(ours !== undefined && { got: ours }),
      },
    ]
  })
}

/** @returns differences that several nodes have alike as one */
export function merged(differences: readonly Difference[]): Difference[] {
  const byText = new Map<string, Difference>()
  for (const one of differences) {
    const key = JSON.stringify([one.kind, one.part, one.about, one.wanted, one.got])
    const known = byText.get(key)
    if (known) known.nodes.push(...one.nodes)
    else byText.set(key, { ...one, nodes: [...one.nodes] })
  }
  return [...byText.values()]
}
