import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Pair,
  parseDocument,
  visit,
} from 'yaml'

/** Keys from the top of an inventory down to a value. */
export type Path = readonly string[]

/** Something wrong with an inventory, in words that complete "the value at this path …". */
export interface Problem {
  path: Path
  text: string
  /** The key in the map at `path` that is meant, where it is not the map as a whole. */
  key?: string
}

/** A place in a file, both from 1. */
export interface Place {
  line: number
  column: number
}

const textOfKey = (pair: Pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key))

/** @returns an item of a list as a pair: its key is not in the text, so the item stands for it */
function itemOf(node: unknown, index: string): Pair | undefined {
  const item = isSeq(node) ? node.get(Number(index), true) : undefined
  return item && new Pair(item, item)
}

/** @param nodes from the document down to one that is meant @returns the keys on the way */
const pathOf = (nodes: readonly unknown[]): string[] =>
  nodes.flatMap((node, place) => {
    if (isPair(node)) return [textOfKey(node)]
    return isSeq(node) && place + 1 < nodes.length ? [String(node.items.indexOf(nodes[place + 1]))] : []
  })

/** @returns the offset of a node in the text, if it is of any length there */
function startOf(node: unknown): number | undefined {
  const range = isNode(node) ? node.range : undefined
  return range && range[1] > range[0] ? range[0] : undefined
}

/** The YAML text of an inventory: what it says, and where. */
export class Source {
  readonly #document: Document.Parsed
  readonly #lines = new LineCounter()
  /** Where the first NUL byte is, or -1. */
  readonly #nul: number

  constructor(text: string) {
    this.#nul = text.indexOf('\0')
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // A directive must not bring back YAML 1.1, where `no` is false and 010 is 8.
      schema: 'core',
      resolveKnownTags: false,
      // Found by `duplicateKeys`, with the path.
      uniqueKeys: false,
    })
  }

  get isEmpty(): boolean {
    const { contents, errors } = this.#document
    return errors.length === 0 && (!contents || (isScalar(contents) && contents.value === null))
  }

  /** @returns what makes the text no YAML, or YAML that an inventory doesn't use; never with a piece of the text */
  syntaxErrors(): (Place & { text: string })[] {
    if (this.#nul >= 0) return [{ ...this.#place(this.#nul), text: 'YAML: a NUL byte; save the file as text in UTF-8' }]
    const { errors, warnings } = this.#document
    // The parser tells it of each level below.
    const tooDeep = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
    const opened = new Set<number>()
    const found = (tooDeep ? [tooDeep] : [...errors, ...warnings]).map(({ code, message, pos }) => {
      const [mark, text] = unclosed.find(([, , pattern]) => pattern.test(message)) ?? []
      const opening = mark === undefined ? undefined : this.#openingOf(mark, pos[0], opened)
      if (opening === undefined) return { ...this.#place(pos[0]), text: `YAML: ${withoutSource(code, message)}` }
      opened.add(opening)
      return { ...this.#place(opening), text: `YAML: ${text}` }
    })
    visit(this.#document, {
      // Plain values have no such keys, and the parser would print them, with whatever secret is in them.
      Pair: (_key, { key }) => {
        if (isCollection(key) || isAlias(key))
          found.push({
            ...this.#place(key.range![0]),
            text: 'YAML: a key must be text, not a map, a list or an alias (*)',
          })
        // A key like any other in YAML 1.2, which nobody means by it.
        if (isScalar(key) && key.type === 'PLAIN' && key.value === '<<')
          found.push({
            ...this.#place(key.range![0]),
            text:
              'YAML: merge keys (<<) are not used here; write the keys out, or let an alias (*) stand for a whole value. ' +
              'What hosts share goes into ssh at the top, or into vars of a group',
          })
      },
      Alias: (_key, alias) => {
        if (!alias.resolve(this.#document))
          found.push({ ...this.#place(alias.range![0]), text: 'YAML: an alias (*) without an anchor (&) before it' })
      },
    })
    return found
  }

  /**
   * @param mark what opens, and is not closed at `end`
   * @returns where it opens: of several the innermost, but for those that are told already
   */
  #openingOf(mark: string, end: number, told: ReadonlySet<number>): number | undefined {
    let innermost: number | undefined
    visit(this.#document, {
      Value: (_key, node) => {
        const [start, nodeEnd] = node.range!
        if (markOf(node) === mark && nodeEnd === end && !told.has(start)) innermost = start
      },
    })
    return innermost
  }

  /** @returns numbers that begin with 0: YAML 1.2 takes 010 for ten, and YAML 1.1, as Ansible reads it, for eight */
  oddNumbers(): Problem[] {
    const found: Problem[] = []
    visit(this.#document, {
      Scalar: (key, scalar, ancestors) => {
        const { value, source } = scalar
        if (key === 'key' || typeof value !== 'number' || !/^[-+]?0\d/.test(source ?? '')) return
        const text = 'must not begin with 0, as not all read such a number as the same; text belongs in quotes'
        found.push({ path: pathOf([...ancestors, scalar]), text })
      },
    })
    return found
  }

  /** @returns every duplicate key */
  duplicateKeys(): Problem[] {
    const found: Problem[] = []
    visit(this.#document, {
      Map: (_key, map, ancestors) => {
        const path = pathOf([...ancestors, map])
        const seen = new Set<string>()
        for (const key of map.items.map(textOfKey)) {
          if (seen.has(key)) found.push({ path: [...path, key], text: 'is there twice' })
          seen.add(key)
        }
      },
    })
    return found
  }

  /** @returns the whole as plain values @throws ReferenceError for aliases that unfold without end */
  values(): unknown {
    return unshared(this.#document.toJS())
  }

  /** True if the value is in the file itself, not a default. */
  has(path: Path): boolean {
    return this.#pairs(path).length === path.length
  }

  /** @returns where the value begins; for a map its key, and for what is not there or empty the nearest key above it */
  placeOf({ path, key }: Pick<Problem, 'path' | 'key'>): Place {
    const way = key === undefined ? path : [...path, key]
    const pairs = this.#pairs(way)
    const last = pairs.at(-1)
    const isValue = key === undefined && pairs.length === way.length && !isMap(last?.value)
    const offset = (isValue ? startOf(last?.value) : undefined) ?? startOf(last?.key)
    return this.#place(offset ?? startOf(this.#document.contents) ?? 0)
  }

  /** @returns the pairs of key and value along a path, as far as it exists */
  #pairs(path: Path): Pair[] {
    const pairs: Pair[] = []
    let node: unknown = this.#document.contents
    for (const key of path) {
      const inner = isAlias(node) ? node.resolve(this.#document) : node
      const pair = isMap(inner) ? inner.items.findLast((item) => textOfKey(item) === key) : itemOf(inner, key)
      if (!pair) break
      pairs.push(pair)
      node = pair.value
    }
    return pairs
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { line, column: col }
  }
}

/** What several aliases stand for becomes a value of its own in each place, as defaults differ by place. */
function unshared(value: unknown, above: readonly unknown[] = []): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (above.includes(value)) throw new ReferenceError('an alias within its own anchor')
  const inner = (one: unknown) => unshared(one, [...above, value])
  if (Array.isArray(value)) return value.map(inner)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, inner(one)]))
}

/** What opens and was not closed: what is said of it, and what the parser says at the end of it. */
const unclosed: readonly (readonly [mark: string, text: string, pattern: RegExp])[] = [
  ['"', 'this quote (") is not closed', /^Missing closing "quote/],
  ["'", "this quote (') is not closed", /^Missing closing 'quote/],
  ['{', 'this { is not closed: its } is missing, or too far to the left', /^Flow map .*end with a }/],
  ['[', 'this [ is not closed: its ] is missing, or too far to the left', /^Flow sequence .*end with a ]/],
]

/** @returns what a value opens with, if it is one that has to be closed */
function markOf(node: unknown): string | undefined {
  if (isScalar(node)) return { QUOTE_DOUBLE: '"', QUOTE_SINGLE: "'" }[node.type as string]
  return isCollection(node) && node.flow ? (isSeq(node) ? '[' : '{') : undefined
}

/** Messages of the parser that are met most often, in terms of what to look for. */
const clearer: Record<string, string> = {
  'Implicit map keys need to be followed by map values': 'a key without a colon and a blank after it',
  'All mapping items must start at the same column': 'this line is not in line with the other keys of its map',
  'Nested mappings are not allowed in compact mappings': 'a second colon in the line; quote the value if it has one',
}

/** The parser quotes the text that it stumbled over, and that may be half a password. */
function withoutSource(code: string, message: string): string {
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not used here; quote a value that begins with "!"'
  if (code === 'BAD_DIRECTIVE') return 'an unknown directive'
  if (code === 'RESOURCE_EXHAUSTION') return 'nested too deeply'
  if (code === 'MULTIPLE_DOCS') return 'more than one document'
  return clearer[message] ?? message.replace(/(?<=\w): .*|(?<=escape sequence) .*/s, '')
}
