import type { ReportData, ReportNode } from './data.ts'
import { type Markup, markup } from './markup.ts'

/** One decimal is what a person reads, and what questions ten times a second can tell. */
export const inSeconds = (seconds: number) => `${seconds.toFixed(1)} s`

const grouped = new Intl.NumberFormat('en-GB')
export const counted = (number: number) => grouped.format(number)

export const plural = (number: number, one: string) => `${counted(number)} ${one}${number === 1 ? '' : 's'}`

const readable = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' })

/** A date for people, with that for machines under it. */
export function moment(date: Date): Markup {
  const iso = date.toISOString()
  return markup`<time datetime="${iso}" title="${iso}">${readable.format(date)}</time>`
}

/** @param length of characters, from which on it is cut */
export const shortened = (text: string, length: number) => {
  const characters = [...text]
  return characters.length > length ? `${characters.slice(0, length - 1).join('')}…` : text
}

/** `ns1`, `ns1 and ns2`, `ns1, ns2 and ns3`. */
export const listed = (words: readonly string[]) =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`

/** @returns who has a virtual IP */
export function holdersOf(nodes: readonly ReportNode[], vip: string): string {
  const names = nodes.filter(({ holds }) => holds.includes(vip)).map(({ name }) => name)
  return listed(names) || (nodes.some(({ kind }) => kind === 'unknown') ? 'nobody who could be asked' : 'nobody')
}

/** So many colours are in the style sheet. More nodes than that begin again with the first. */
const colours = 8

/** The CSS class that colours a node; `other` for an answer from a non-node. */
export const colourOf = (nodes: readonly ReportNode[], index: number) =>
  index < nodes.length ? `n${index % colours}` : 'other'

/** `ns1 206, ns2 205`, by the names of the nodes. */
export function answersOf({ nodes }: ReportData, answers: Record<string, number>): string {
  const nameOf = (who: string) => nodes.find(({ identities }) => identities.includes(who))?.name ?? who
  return Object.entries(answers)
    .map(([who, times]) => `${nameOf(who) || 'somebody'} ${counted(times)}`)
    .toSorted()
    .join(', ')
}
