import { randomBytes } from 'node:crypto'
import { printable } from './printable.ts'

const codes = { bold: [1, 22], dim: [2, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const

/** What marks text for people: each gives its text back as it will look. */
export type Colours = Readonly<Record<keyof typeof codes, (text: string) => string>>

// No host can guess it, so the colours of a host's own text are none.
const mark = `\x1b${randomBytes(9).toString('hex')}`

const marked =
  ([on, off]: readonly [number, number]) =>
  (text: string) =>
    `${mark}${on}m${text}${mark}${off}m`
const same = (text: string) => text

/** Plain text. */
export const plain: Colours = { bold: same, dim: same, red: same, green: same, yellow: same }

/** Colours that only `coloured` turns into those of a terminal. */
export const colours = Object.fromEntries(Object.entries(codes).map(([name, pair]) => [name, marked(pair)])) as Colours

/** @returns printable text, with the colours of a terminal where `colours` has marked it and nowhere else */
export const coloured = (text: string): string => text.split(mark).map(printable).join('\x1b[')
