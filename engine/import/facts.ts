import type { Place, Statement } from '../conf/statement.ts'

/** A thing that is said, its value in normal form, and where. */
interface Fact {
  value: string
  place: Place
}

/** What the key of an instance of IPv6 ends with. */
export const forIPv6 = ' for IPv6'

/** What a file says of an instance, of a virtual server, or of keepalived as a whole, by what it is about. */
export class Part {
  /** The same for parts of two configurations that correspond. */
  readonly key: string
  /** What people call it. */
  readonly name: string
  readonly place: Place
  readonly facts = new Map<string, Fact>()
  /** The key that the instance has on the first of the nodes; on another interface, its own is another. */
  election: string
  /** The state that an instance begins in, which says nothing of who wins an election. */
  begins?: string
  /** What it is made of in the file. */
  statements: readonly Statement[] = []

  constructor(key: string, name: string, place: Place) {
    this.key = key
    this.election = key
    this.name = name
    this.place = place
  }

  /** @param standard keepalived's own default, which says nothing */
  say(about: string, value: string | undefined, place: Place, standard?: string): void {
    if (value !== undefined && value !== standard) this.facts.set(about, { value, place })
  }

  /** @returns the value of a fact, if it is said */
  get(about: string): string | undefined {
    return this.facts.get(about)?.value
  }

  /** @returns what follows a beginning, as `10.0.0.1` of the fact `address 10.0.0.1`, with the facts' values */
  all(beginning: string): [rest: string, value: string][] {
    return [...this.facts].flatMap(([about, { value }]) =>
      about.startsWith(`${beginning} `) ? [[about.slice(beginning.length + 1), value]] : [],
    )
  }
}

/** What the files of one node mean: names of instances and scripts, order, comments and defaults are gone. */
export interface Meaning {
  global: Part
  instances: Part[]
  virtualServers: Part[]
}

/** @returns a statement of a keyword; of several the last, as keepalived takes it */
export const find = (block: readonly Statement[], ...keywords: string[]): Statement | undefined =>
  block.findLast(({ words }) => keywords.includes(words[0]!))

/** @returns a statement of a keyword of which keepalived takes the first, as of programs that it runs */
export const findFirst = (block: readonly Statement[], ...keywords: string[]): Statement | undefined =>
  block.find(({ words }) => keywords.includes(words[0]!))

/** Whether a block is for routes, rules or addresses, and has none: it says nothing, and as a line without braces it would be wrong. */
export const isEmptyList = ({ words, block }: Statement): boolean =>
  block.length === 0 && /^(virtual|static)_(routes|rules|ipaddress)$/.test(words[0]!)

/** @returns a statement with its block in one line */
export const whole = ({ words, block }: Pick<Statement, 'words' | 'block'>): string => {
  const quoted = words.map((word) => (/[\s{}!#]/.test(word) ? `"${word}"` : word)).join(' ')
  return block.length === 0 ? quoted : `${quoted} { ${block.map(whole).join('; ')} }`
}

/** @returns statements as lines of a file */
export const linesOfAll = (statements: readonly Statement[], indent = ''): string[] =>
  statements.flatMap(({ words, block }) => {
    const line = indent + whole({ words, block: [] })
    return block.length === 0 ? [line] : [`${line} {`, ...linesOfAll(block, `${indent}    `), `${indent}}`]
  })

/** @returns a number without leading and trailing zeros, so that 1, 1.0 and 01. are the same, as 0.5 and .5; other text as it is */
export const number = (text: string | undefined): string | undefined =>
  text === undefined || !/^-?(\d+(\.\d*)?|\.\d+)$/.test(text) ? text : String(Number(text))
