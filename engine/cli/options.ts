import { readFileSync, realpathSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { UserError } from '../base/errors.ts'
import { didYouMean } from '../base/suggest.ts'

/** One option of the command line. */
export interface Option {
  name: string
  short?: string
  /** The name of its value in the help; without one it is a switch. */
  value?: string
  help: string
}

/** The options of every playbook. */
export const commonOptions = [
  {
    name: 'inventory',
    short: 'i',
    value: 'FILE',
    help: 'the cluster and its hosts (default in a checkout: the lab, inventory/lab.yaml); level playbooks, verify and status take several',
  },
  { name: 'limit', short: 'l', value: 'HOST,…', help: 'only these hosts' },
  { name: 'check', help: 'show what would change and change nothing; exit code 2 if anything would' },
  { name: 'diff', help: 'show the difference that each change makes' },
  { name: 'forks', value: 'N', help: 'hosts at work at the same time (default 20)' },
  { name: 'timeout', value: 'SECONDS', help: 'for one remote execution (default 900)' },
  { name: 'ask-pass', help: 'ask for the SSH password' },
  { name: 'ask-become-pass', help: 'ask for the sudo password' },
  { name: 'verbose', short: 'v', help: 'also show what was already right, and what commands print' },
  { name: 'json', help: 'one JSON document on stdout; what people read goes to stderr' },
  { name: 'junit', value: 'FILE', help: 'also write a report as JUnit has it, for CI' },
  { name: 'yes', short: 'y', help: 'answer yes to every question' },
  { name: 'help', short: 'h', help: 'show this text' },
  { name: 'version', help: 'show the version' },
] as const satisfies readonly Option[]

/** A playbook's own options as it finds them: a switch is true or false, another has its value where it was given. */
export type OwnOptions<Own extends Option> = {
  [One in Own as One['name']]: One extends { value: string } ? string | undefined : boolean
}

/** The options as a playbook finds them. */
export interface Options<Own = object> {
  inventory?: string
  /** All that were given; `inventory` is the first. */
  inventories: string[]
  limit?: string[]
  check: boolean
  diff: boolean
  forks: number
  timeout: number
  askPass: boolean
  askBecomePass: boolean
  verbose: boolean
  json: boolean
  /** The file of the JUnit report. */
  junit?: string
  yes: boolean
  /** The words beside the options, for a playbook that takes some. */
  words: string[]
  /** Those of the playbook itself. */
  own: Own
}

/** Whether what the lab needs is installed without a question: `CI` is set, and not to `0`, `false` or nothing. */
export const inCi = (): boolean => !/^(0|false)?$/i.test(process.env.CI ?? '')

/** The version of the project, as in package.json. */
export const version: string = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version

/**
 * Reads the command line.
 * @param own options of this playbook alone
 * @param wordsName what the help calls words beside the options; without it there are none
 * @returns the common options and its own, or the text to print where `--help` or `--version` asks for one
 * @throws UserError for an unknown option, a missing or bad value, or a stray word
 */
export function parseOptions<const Own extends Option>(
  args: readonly string[],
  title: string,
  own: readonly Own[],
  wordsName?: string,
): Options<OwnOptions<Own>> | string {
  const known: readonly Option[] = [...commonOptions, ...own]
  const { given, words, inventories } = readArguments(args, known, wordsName !== undefined)
  if (given.has('help')) return helpText(title, known, wordsName)
  if (given.has('version')) return version
  return {
    inventory: inventories[0],
    inventories,
    limit: given.get('limit')?.split(','),
    check: given.has('check'),
    diff: given.has('diff'),
    forks: wholeNumber('forks', given.get('forks') ?? '20'),
    timeout: wholeNumber('timeout', given.get('timeout') ?? '900'),
    askPass: given.has('ask-pass'),
    askBecomePass: given.has('ask-become-pass'),
    verbose: given.has('verbose'),
    json: given.has('json'),
    junit: given.get('junit'),
    yes: given.has('yes'),
    words,
    own: Object.fromEntries(
      own.map(({ name, value }) => [name, value ? given.get(name) : given.has(name)]),
    ) as OwnOptions<Own>,
  }
}

function readArguments(
  args: readonly string[],
  known: readonly Option[],
  takesWords: boolean,
): { given: Map<string, string>; words: string[]; inventories: string[] } {
  const spec = Object.fromEntries(
    known.map(({ name, short, value }) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), ...(short && { short }) },
    ]),
  )
  const { tokens } = parseArgs({ args: [...args], options: spec, strict: false, allowPositionals: true, tokens: true })
  const given = new Map<string, string>()
  const words: string[] = []
  const inventories: string[] = []
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      // What the shell makes of `-i clusters/*.yaml`.
      if (!takesWords && inventories.length > 0 && /\.(ya?ml|json|ini|cfg)$/i.test(token.value)) {
        inventories.push(token.value)
        continue
      }
      if (!takesWords) throw new UserError(`unexpected argument "${token.value}"; see --help`)
      words.push(token.value)
      continue
    }
    const option = known.find(({ name }) => name === token.name)
    if (!option) {
      const names = known.map(({ name }) => `--${name}`)
      throw new UserError(`unknown option ${token.rawName}${didYouMean(token.rawName, names)}; see --help`)
    }
    // Where a value is left out, as by an empty variable, the next option is no value.
    if (option.value && (!token.value || (!token.inlineValue && token.value.startsWith('-'))))
      throw new UserError(`${token.rawName} needs a value: ${token.rawName} ${option.value}`)
    if (!option.value && token.value !== undefined) throw new UserError(`${token.rawName} takes no value`)
    if (option.name === 'inventory') inventories.push(token.value!)
    else if (option.value && given.has(option.name)) {
      const text = option.value.includes(',…') ? `: ${token.rawName} ${option.value}` : ''
      throw new UserError(`${token.rawName} is given twice; give it once${text}`)
    }
    given.set(option.name, token.value ?? '')
  }
  const paths = inventories.map(realPath)
  const twice = inventories.find((_, place) => paths.indexOf(paths[place]!) < place)
  if (twice !== undefined) throw new UserError(`--inventory ${twice} is given twice`)
  return { given, words, inventories }
}

/** A file by two names is one. */
function realPath(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}

/** Seconds of a day: timers of Node count milliseconds in 31 bits. */
const most = 86_400

/**
 * @param bounds least is 1 unless given; `or` is a number below it that has a meaning of its own
 * @throws UserError where the text is no whole number within these bounds
 */
export function wholeNumber(name: string, text: string, bounds: { least?: number; or?: number } = {}): number {
  const { least = 1, or } = bounds
  const number = Number(text)
  // Number() takes blanks for 0, and knows 1e9 and 0x10.
  if (/^\d+$/.test(text) && (number === or || (number >= least && number <= most))) return number
  const otherwise = or === undefined ? '' : `, or ${or}`
  throw new UserError(`--${name} must be a whole number from ${least} to ${most}${otherwise}, got "${text}"`)
}

function helpText(title: string, known: readonly Option[], wordsName?: string): string {
  const rows = known.map(({ name, short, value, help }) => [
    `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`,
    help,
  ])
  const width = Math.max(...rows.map(([left]) => left!.length))
  return [
    title,
    '',
    ...(wordsName === undefined ? [] : [`Words: ${wordsName}`, '']),
    'Options:',
    ...rows.map(([left, help]) => `  ${left!.padEnd(width)}  ${help}`),
    '',
    'Exit codes: 0 done; 1 a task failed or did not converge; 2 check mode found changes; 3 usage or inventory wrong;',
    '4 a host unreachable, refused or of unknown key; 5 the cluster check failed; 130 interrupted.',
  ].join('\n')
}
