/** What `$NAME=` lines define; a value of several lines has line ends in it. */
export type Definitions = Map<string, string>

const definition = /^\$([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$/s
const use = /\$(?:\{([A-Za-z_]\w*)(?: +[\d ]+)?\}|([A-Za-z_]\w*)(?=[ \t,)]|$))/g

/** @returns name and value, where the line is a definition */
export function definitionIn(line: string): [name: string, value: string] | undefined {
  const [, name, value] = definition.exec(line) ?? []
  return name === undefined ? undefined : [name, value!]
}

/** @returns the line with every `$NAME` and `${NAME}` that is defined replaced */
export const replaced = (line: string, known: Definitions): string =>
  line.replace(use, (text, inBraces?: string, plain?: string) => known.get((inBraces ?? plain)!) ?? text)

/** A line that is there once for each value of names: `~SEQ(VAR, 1, 3) TEXT`, `~LST(VAR, a, b) TEXT`. */
interface Loop {
  text: string
  /** The values of its names, turn by turn. */
  turns: [name: string, value: string][][]
}

/** @returns the loop that a line is, undefined where it is none, or why it is a wrong one */
export function loopIn(line: string, known: Definitions): Loop | string | undefined {
  if (!/^~(SEQx?|LST)\b/.test(line)) return undefined
  const [, kind, inner, text] = /^~(SEQx?|LST)[ \t]*\(([^)]*)\)[ \t]*(.*)$/s.exec(line) ?? []
  if (kind === undefined) return 'not as ~SEQ(NAME, FIRST, LAST) TEXT or ~LST(NAME, ONE, TWO …) TEXT'
  const turns = kind === 'LST' ? listTurns(inner!) : sequenceTurns(replaced(inner!, known), kind === 'SEQx')
  return typeof turns === 'string' ? turns : { text: text!, turns }
}

/** The most turns that a loop may have. */
const most = 10_000

function sequenceTurns(inner: string, isHex: boolean): Loop['turns'] | string {
  const [name = '', ...given] = inner.split(',').map((one) => one.trim())
  const numbers = given.map(Number)
  if (!name || numbers.length < 1 || numbers.length > 3 || !numbers.every(Number.isInteger))
    return `~SEQ needs a name and one to three numbers, got ${inner}`
  const [one, two, three] = numbers as [number, number?, number?]
  const first = two === undefined ? Math.sign(one) || 1 : one
  const last = three ?? two ?? one
  const step = three === undefined ? (first <= last ? 1 : -1) : two!
  if (step === 0 || (last - first) * step < 0 || Math.abs((last - first) / step) > most)
    return `~SEQ from ${first} to ${last} in steps of ${step} has no end`
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, turn) => [
    [name, (first + turn * step).toString(isHex ? 16 : 10)],
  ])
}

function listTurns(inner: string): Loop['turns'] | string {
  const [head = '', ...rest] = inner.match(/\{[^}]*\}|[^,\s][^,]*/g) ?? []
  const parts = (text: string) =>
    text
      .replace(/^\{|\}$/g, '')
      .split(',')
      .map((one) => one.trim())
  const names = parts(head)
  const turns = rest.map((one) => (names.length > 1 ? parts(one) : [one.trim()]))
  if (turns.length === 0 || turns.some((values) => values.length !== names.length))
    return `~LST needs a name and values, or names and as many values in each { }, got ${inner}`
  return turns.map((values) => names.map((name, place) => [name, values[place]!]))
}
