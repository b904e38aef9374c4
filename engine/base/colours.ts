import { randomBytes } from 'node:crypto'
import { Chalk } from 'chalk'
import { printable } from './printable.ts'

const names = ['bold', 'dim', 'red', 'green', 'yellow'] as const
type Name = (typeof names)[number]

/** What marks text for people: each gives its text back as it will look. */
export type Colours = Readonly<Record<Name, (text: string) => string>>

// No host can guess it, so the colours of a host's own text are none.
const mark = `\x1b${randomBytes(9).toString('hex')}`
const chalk = new Chalk({ level: 1 })

function marked(name: Name): (text: string) => string {
  const [on, off] = chalk[name]('\0')
    .split('\0')
    .map((code) => code.replace('\x1b[', mark))
  return (text) => `${on}${text}${off}`
}
const same = (text: string) => text

/** Plain text. */
export const plain: Colours = { bold: same, dim: same, red: same, green: same, yellow: same }

/** Colours that only `coloured` turns into those of a terminal. */
export const colours = Object.fromEntries(names.map((name) => [name, marked(name)])) as Colours

/** @returns printable text, with the colours of a terminal where `colours` has marked it and nowhere else */
export const coloured = (text: string): string => text.split(mark).map(printable).join('\x1b[')
