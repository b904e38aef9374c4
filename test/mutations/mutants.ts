import { spawnSync } from 'node:child_process'
import { type ObjectProperty, parseSync, type Statement, type TaggedTemplateExpression, Visitor } from 'oxc-parser'

/** One small change of a source file, as a fault that somebody could have made. */
export interface Mutant {
  file: string
  line: number
  kind: 'operator' | 'line' | 'order'
  /** The change in a few words: `=== → !==`. */
  about: string
  /** The text of the whole file with the change. */
  text: string
}

/** What replaces the characters from `start` to `end`. */
interface Edit {
  start: number
  end: number
  by: string
  kind: Mutant['kind']
}

const operators: Readonly<Record<string, string>> = {
  '===': '!==',
  '!==': '===',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
}

const shellOperators: Readonly<Record<string, string>> = {
  ' || ': ' && ',
  ' && ': ' || ',
  ' -eq ': ' -ne ',
  ' -ne ': ' -eq ',
  '[ -e ': '[ ! -e ',
  '[ ! -e ': '[ -e ',
  '[ -z ': '[ -n ',
  '[ -n ': '[ -z ',
  'exit 1': 'exit 0',
}

/** @returns all mutants of a file, also those that can't be parsed */
export function mutantsOf(file: string, source: string): Mutant[] {
  return editsOf(file, source).map(({ start, end, by, kind }): Mutant => {
    const text = source.slice(0, start) + by + source.slice(end)
    const line = source.slice(0, start).split('\n').length
    return { file, line, kind, about: `${short(source.slice(start, end))} → ${short(by) || 'nothing'}`, text }
  })
}

const short = (text: string) => {
  const one = text.trim().replaceAll(/\s+/g, ' ')
  return one.length > 60 ? `${one.slice(0, 59)}…` : one
}

function editsOf(file: string, source: string): Edit[] {
  const edits: Edit[] = []
  const textOf = ({ start, end }: { start: number; end: number }) => source.slice(start, end)
  const replace = ({ start, end }: { start: number; end: number }, by: string, kind: Edit['kind']) =>
    edits.push({ start, end, by, kind })
  const swap = (one: { start: number; end: number }, other: { start: number; end: number }) => {
    const between = source.slice(one.end, other.start)
    if (textOf(one) !== textOf(other))
      replace({ start: one.start, end: other.end }, textOf(other) + between + textOf(one), 'order')
  }
  const pairs = <T>(all: readonly T[], work: (one: T, next: T) => void) =>
    all.slice(1).forEach((next, index) => work(all[index]!, next))
  const binary = (node: { operator: string; left: { end: number }; right: { start: number } }) => {
    const by = operators[node.operator]
    const start = source.indexOf(node.operator, node.left.end)
    if (by && start < node.right.start) replace({ start, end: start + node.operator.length }, by, 'operator')
  }
  const drop = (node: Statement) => replace(node, ';', 'line')
  const swapWork = (body: readonly { type: string; start: number; end: number }[]) =>
    pairs(body, (one, next) => {
      if (one.type === 'ExpressionStatement' && next.type === 'ExpressionStatement') swap(one, next)
    })
  const property = (node: ObjectProperty) => {
    const comma = source.slice(node.end).match(/^\s*,/)?.[0].length ?? 0
    if (!node.shorthand) replace({ start: node.start, end: node.end + comma }, '', 'line')
  }
  new Visitor({
    BinaryExpression: binary,
    LogicalExpression: binary,
    UnaryExpression: (node) => node.operator === '!' && replace(node, textOf(node.argument), 'operator'),
    Literal: (node) => typeof node.value === 'boolean' && replace(node, String(!node.value), 'operator'),
    ExpressionStatement: drop,
    ThrowStatement: drop,
    ReturnStatement: drop,
    IfStatement: drop,
    ObjectExpression: (node) => node.properties.forEach((one) => one.type === 'Property' && property(one)),
    ConditionalExpression: (node) => swap(node.consequent, node.alternate),
    BlockStatement: (node) => swapWork(node.body),
    ArrayExpression: (node) => pairs(node.elements, (one, next) => one && next && swap(one, next)),
    TaggedTemplateExpression: (node) => {
      if (textOf(node.tag) === 'sh') edits.push(...shellEdits(node, source))
    },
  }).visit(parseSync(file, source).program)
  return edits
}

/** Lines dropped, lines swapped and operators changed in a bash template. */
function shellEdits({ quasi }: TaggedTemplateExpression, source: string): Edit[] {
  // Delimiters belong to the literal: a backtick or brace before it, a backtick or `${` behind it.
  const literals = quasi.quasis.map(({ start, end, tail }) => ({ start: start + 1, end: end - (tail ? 1 : 2) }))
  const whole = { start: quasi.start + 1, end: quasi.end - 1 }
  const breaks = literals.flatMap(({ start, end }) =>
    [...source.slice(start, end).matchAll(/\n/g)].map(({ index }) => start + index),
  )
  const lines = [whole.start - 1, ...breaks]
    .map((at, index, all) => ({ start: at + 1, end: all[index + 1] ?? whole.end }))
    .filter(({ start, end }) => !/^\s*(#.*)?$/.test(source.slice(start, end)))
  const edits = lines.map((line): Edit => ({ ...line, by: lines.length > 1 ? '' : 'true', kind: 'line' }))
  lines.slice(1).forEach((next, index) => {
    const one = lines[index]!
    const by = [next, { start: one.end, end: next.start }, one].map(({ start, end }) => source.slice(start, end))
    edits.push({ start: one.start, end: next.end, by: by.join(''), kind: 'order' })
  })
  for (const { start, end } of literals)
    for (const [word, by] of Object.entries(shellOperators))
      for (const { index } of source.slice(start, end).matchAll(new RegExp(RegExp.escape(word), 'g')))
        edits.push({ start: start + index, end: start + index + word.length, by, kind: 'operator' })
  return edits
}

/** @returns whether a mutant is one that TypeScript and bash can parse; `X` stands for what is put into a bash template */
export function parses({ file, text }: Mutant, source: string): boolean {
  if (text === source || parseSync(file, text).errors.length > 0) return false
  const before = scriptsOf(file, source)
  // What bash can't parse alone is a part of a script.
  return scriptsOf(file, text).every(
    (script, index) => before.includes(script) || bashParses(script) || !bashParses(before[index]!),
  )
}

const bashParses = (script: string) => spawnSync('bash', ['-n'], { input: script }).status === 0

function scriptsOf(file: string, source: string): string[] {
  const found: string[] = []
  new Visitor({
    TaggedTemplateExpression: ({ tag, quasi }) => {
      if (source.slice(tag.start, tag.end) === 'sh') found.push(quasi.quasis.map(({ value }) => value.raw).join('X'))
    },
  }).visit(parseSync(file, source).program)
  return found
}
