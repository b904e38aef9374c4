/** What stands in the place of a secret. */
export const mask = '********'

const kind = String.raw`(?:[A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)-----`
/** How a private key begins as text, for a regular expression that knows no case. */
export const keyBegin: string = `-----BEGIN ${kind}`
const keyEnd = `-----END ${kind}`

const begins = new RegExp(keyBegin, 'gi')
const ends = new RegExp(keyEnd, 'i')

/**
 * Hides private keys in text that comes line by line, where no line shows what it belongs to.
 * @returns what takes each line in turn, and gives it back without what of it is inside of a key; what comes after a key that never ends is
 *   taken for a part of it
 */
export function privateKeysHidden(): (line: string) => string {
  let isInside = false
  return (line) => {
    const end = isInside ? line.search(ends) : 0
    if (end < 0) return mask
    const rest = line.slice(end)
    const begin = [...rest.matchAll(begins)].at(-1)
    const after = begin === undefined ? '' : rest.slice(begin.index + begin[0].length)
    isInside = begin !== undefined && !ends.test(after)
    const shown = isInside && after.trim() !== '' ? rest.slice(0, -after.length) + mask : rest
    return end > 0 ? mask + shown : shown
  }
}

/** @returns lines without what of them is inside of a private key */
export const withoutKeys = (lines: readonly string[]): string[] => lines.map(privateKeysHidden())

const untilEnd = new RegExp(`([^]*?)(${keyEnd})`, 'gi')
/** A line of a key, with what a diff or a report puts before it; the last one may be short. */
const ofKey = /^[-+ \t]*[\w+/=]{16,}\s*$/
const lastOfKey = /^[-+ \t]*[\w+/=]+\s*$/

/** @returns text without the ends of keys whose beginning was cut off, as where the last lines of a program are shown */
export const withoutTails = (text: string): string =>
  text.replace(untilEnd, (whole, before: string, end: string) => {
    if (before.search(begins) >= 0) return whole
    const lines = before.split('\n')
    const sign = lines.pop()!
    let first = lines.length
    while (first > 0 && (first === lines.length ? lastOfKey : ofKey).test(lines[first - 1]!)) first--
    return first === lines.length ? whole : [...lines.slice(0, first), mask, sign + end].join('\n')
  })
