import type { FromSchema } from 'json-schema-to-ts'
import type { findingSchema } from '../../documents/parts/finding.ts'

/** Something that is wrong with a cluster. */
export type Finding = FromSchema<typeof findingSchema>

/** @returns a finding about a node, whose name begins its text */
export const onNode = (node: string, code: Finding['code'], text: string, about?: string): Finding => ({
  code,
  node,
  ...(about !== undefined && { about }),
  text: `${node}: ${text}`,
})

/** @returns the finding about a node that can't be reached. @param why with the node's name */
export const unreachableFinding = (node: string, why: string): Finding => ({ code: 'unreachable', node, text: why })

/** Compares code, node and about. Texts do not count, since their numbers change. */
export const isSame = (one: Finding, other: Finding): boolean =>
  one.code === other.code && one.node === other.node && one.about === other.about

/** @returns new findings; lost answers always count as new, since more can be lost */
export const without = (findings: readonly Finding[], known: readonly Finding[]): Finding[] =>
  findings.filter((finding) => finding.code === 'unanswered' || !known.some((one) => isSame(one, finding)))

/**
 * Whether a finding comes of how much clients ask. It is told, and no work begins beside it; but nobody waits for its end with
 * a node out of work, and no change is undone for it, which would leave the others even more to do.
 */
export const isOfLoad = ({ code }: Finding): boolean => code === 'conntrack-full'

/** @returns what people read of them */
export const textsOf = (findings: readonly Finding[]): string[] => findings.map(({ text }) => text)
