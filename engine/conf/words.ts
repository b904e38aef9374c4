/** A word of a line, or a brace. */
interface Word {
  text: string
  /** Where it begins in the line, from 0. */
  start: number
  /** Whether quotes stood around it or a part of it. */
  isQuoted: boolean
}

const quoted = String.raw`"(?:\\.|[^"\\])*"|'[^']*'`
const piece = new RegExp(String.raw`${quoted}|\\.|[^]`, 'g')
const token = new RegExp(String.raw`[{}]|(?:${quoted}|\\.|[^\s{}"])+|"`, 'g')

/** @returns a line up to its comment; comment characters in quotes and behind a backslash begin none */
export function withoutComment(line: string): string {
  for (const { 0: text, index } of line.matchAll(piece)) if (/^[!#]/.test(text)) return line.slice(0, index).trimEnd()
  return line.trimEnd()
}

/** A quote that nothing closes. */
export const openQuote = '"'

/** @returns words and braces of a line without a comment, their quotes taken away; `openQuote` stands for itself */
export const wordsOf = (line: string): Word[] =>
  [...line.matchAll(token)].map(({ 0: text, index }) => ({
    text: text === openQuote ? text : unquoted(text),
    start: index,
    isQuoted: text !== openQuote && /["']/.test(text),
  }))

const unquoted = (text: string): string =>
  text.replace(new RegExp(`${quoted}|\\\\.`, 'g'), (part) =>
    part.startsWith('\\') ? part.slice(1) : part.slice(1, -1).replaceAll(/\\(["'\\])/g, '$1'),
  )
