// Inventories with mistakes: the text of a valid one, in which keys, values, lines and characters are changed.
import fc from 'fast-check'
import { Document, isMap, Pair, visit } from 'yaml'
import { valid } from './any.mts'

/** Values that belong nowhere, or only somewhere else. */
const values = fc.oneof(
  fc.constantFrom(
    null,
    true,
    -1,
    0,
    0.5,
    1e308,
    Infinity,
    NaN,
    2 ** 53,
    10n ** 30n,
    '',
    ' ',
    '-',
    '~',
    '$(id)',
    [],
    {},
  ),
  fc.constantFrom('10.2.1.5', '255.255.255.255', '10.2.1.0/33', '10.2.1', '::1', '__proto__', 'x'.repeat(5000)),
  fc.constantFrom('\0', '\u001b[2J', 'a\nb', '\r', '\u202e', '\ud800', '\u2028', '\ufeff', '🙂', 'ａ'),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
)
const keys = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '<<', '', 'NS1', 'ns1/a', 'ns1~1a', '0'),
  fc.string({ unit: 'binary', maxLength: 40 }),
)
/** What YAML gives a meaning to, and what looks like it. */
const tricks = fc.constantFrom(
  ...['*a', '&a x', '&a [*a]', '&a {b: *a}', '!!int 3', '!!binary aGk=', '!!js/function x', '!x', '|', '>-', '? x'],
  ...[
    '? {a: b}',
    '[',
    '{',
    '}',
    ']',
    '{a, b',
    '- x',
    '.inf',
    '.nan',
    '0x1F',
    '0o7',
    '1e999',
    '010',
    '-0',
    'yes',
    'NULL',
  ],
  ...['"', "'", '"\\x1b"', '"\\u0000"', '"\\', '%YAML 1.1', '@x', '`x`', '#', 'a: b: c', '<<: *a', '<<: {vip: x}'],
  ...['---', '...', '\t', '\tx: 1', '\0', '\u001b[2J', '\u0085', '\u2028', '\ufeff', '\r', '"\ud800"', '2001-01-01'],
  ...[
    '__proto__: {x: 1}',
    'constructor: {prototype: {x: 1}}',
    '[a, b]: c',
    '{auth_pass: KPSjXfRG}: c',
    ': x',
    '*a : x',
  ],
)

const at = fc.nat()
const pairwise = fc.oneof(
  fc.record({ kind: fc.constantFrom('remove', 'double', 'swap' as const), at, other: at }),
  fc.record({ kind: fc.constant('rename' as const), at, key: keys }),
  fc.record({ kind: fc.constant('replace' as const), at, value: values }),
  fc.record({ kind: fc.constant('add' as const), at, key: keys, value: values }),
)
const textual = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at }),
  fc.record({ kind: fc.constant('leave out' as const), at, length: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ kind: fc.constant('insert' as const), at, text: fc.oneof(tricks, fc.string({ unit: 'binary' })) }),
  fc.record({ kind: fc.constant('value' as const), at, text: tricks }),
  fc.record({ kind: fc.constant('line' as const), at, text: tricks }),
)
type Mistake<T> = T extends fc.Arbitrary<infer U> ? U : never

/** The text of an inventory with up to four mistakes. */
export const mutated: fc.Arbitrary<string> = fc
  .tuple(valid, fc.array(pairwise, { maxLength: 2 }), fc.array(textual, { maxLength: 2 }), fc.boolean())
  .map(([content, pairs, texts, isFlow]) => {
    const document = new Document(content, { aliasDuplicateObjects: false })
    for (const mistake of pairs) inPairs(document, mistake)
    if (isFlow && isMap(document.contents)) document.contents.flow = true
    return texts.reduce(inText, document.toString())
  })

function inPairs(document: Document, mistake: Mistake<typeof pairwise>): void {
  const found: { map: { items: Pair[] }; pair: Pair }[] = []
  visit(document, {
    Map: (_key, map) => {
      for (const pair of map.items) found.push({ map: map as { items: Pair[] }, pair })
    },
  })
  const chosen = found[mistake.at % found.length]
  if (!chosen) return
  const { map, pair } = chosen
  switch (mistake.kind) {
    case 'remove':
      map.items.splice(map.items.indexOf(pair), 1)
      break
    case 'double':
      map.items.push(new Pair(pair.key, pair.value))
      break
    case 'swap': {
      const other = found[mistake.other % found.length]!.pair
      ;[pair.value, other.value] = [other.value, pair.value]
      break
    }
    case 'rename':
      pair.key = document.createNode(mistake.key)
      break
    case 'replace':
      pair.value = document.createNode(mistake.value)
      break
    case 'add':
      map.items.push(document.createPair(mistake.key, mistake.value))
  }
}

function inText(text: string, mistake: Mistake<typeof textual>): string {
  const place = mistake.at % (text.length + 1)
  const lineStart = text.lastIndexOf('\n', place) + 1
  const indent = /^ */.exec(text.slice(lineStart))![0]
  switch (mistake.kind) {
    case 'cut':
      return text.slice(0, place)
    case 'leave out':
      return text.slice(0, place) + text.slice(place + mistake.length)
    case 'insert':
      return text.slice(0, place) + mistake.text + text.slice(place)
    case 'line':
      return `${text.slice(0, lineStart)}${indent}${mistake.text}\n${text.slice(lineStart)}`
    case 'value': {
      const end = text.indexOf('\n', lineStart)
      const line = text.slice(lineStart, end < 0 ? undefined : end)
      return `${text.slice(0, lineStart)}${line.replace(/: .*$/s, () => `: ${mistake.text}`)}${end < 0 ? '' : text.slice(end)}`
    }
  }
}
