// The command line: what is accepted, and what is said of the rest.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { confirmWithin } from '../engine/commands/confirm-timeout.ts'
import { inCi, type Option, type Options, type OwnOptions, parseOptions } from '../engine/cli/options.ts'

const own = [
  { name: 'no-verify', help: 'x' },
  { name: 'report', value: 'FILE', help: 'y' },
] as const satisfies readonly Option[]
type Own = OwnOptions<(typeof own)[number]>
const parse = (...args: string[]) => parseOptions(args, 'Title', own) as Options<Own>

test('own options: a switch is true or false, another has its value where it was given', () => {
  assert.equal(parse('--report', 'a.html').own, { 'no-verify': false, report: 'a.html' })
  assert.equal(parse('--no-verify').own, { 'no-verify': true, report: undefined })
  const taken: [boolean, string | undefined] = [parse().own['no-verify'], parse().own.report]
  assert.equal(taken, [false, undefined])
  // @ts-expect-error a misspelt name
  assert.is(parse().own['no-verfy'], undefined)
  // @ts-expect-error a value is no switch
  const wrong: boolean = parse().own.report
  assert.is(wrong, undefined)
})

test('everything at once', () => {
  const options = parse(
    '-i',
    'a.yaml',
    '--limit=ns1,ns2',
    '--check',
    '--diff',
    '--forks',
    '3',
    '--timeout',
    '9',
    '-v',
    '--json',
    '--yes',
    '--no-verify',
  )
  assert.is(options.inventory, 'a.yaml')
  assert.equal(options.limit, ['ns1', 'ns2'])
  assert.equal([options.forks, options.timeout], [3, 9])
  assert.ok(options.check && options.diff && options.verbose && options.json && options.yes && options.own['no-verify'])
})

test('nothing at all', () => {
  const options = parse()
  assert.is(options.inventory, undefined)
  assert.not.ok(options.check || options.diff || options.json || options.own['no-verify'])
})

const ci: [value: string | undefined, installs: boolean][] = [
  ...[undefined, '', '0', 'false', 'False'].map((value): [string | undefined, boolean] => [value, false]),
  ...['1', 'true', 'woodpecker'].map((value): [string, boolean] => [value, true]),
]
for (const [value, installs] of ci) {
  test(`CI ${value === undefined ? 'not set' : `set to "${value}"`}`, () => {
    const before = process.env.CI
    if (value === undefined) delete process.env.CI
    else process.env.CI = value
    assert.is(inCi(), installs)
    // A teardown or a reboot is never answered by the environment.
    assert.is(parse().yes, false)
    if (before === undefined) delete process.env.CI
    else process.env.CI = before
  })
}

const wrong: [args: string[], message: string][] = [
  [['--chek'], 'unknown option --chek (did you mean "--check"?); see --help'],
  [['--xyzzy'], 'unknown option --xyzzy; see --help'],
  [['-x'], 'unknown option -x; see --help'],
  [['ns1'], 'unexpected argument "ns1"; see --help'],
  [['--inventory'], '--inventory needs a value: --inventory FILE'],
  [['-i'], '-i needs a value: -i FILE'],
  [['--check=yes'], '--check takes no value'],
  [['--forks', '0'], '--forks must be a whole number from 1 to 86400, got "0"'],
  [['--forks', 'many'], '--forks must be a whole number from 1 to 86400, got "many"'],
  [['--limit', 'ns1', '--limit', 'ns2'], '--limit is given twice; give it once: --limit HOST,…'],
  [['--timeout', '5', '--timeout', '6'], '--timeout is given twice; give it once'],
  // As an empty variable of a shell makes of it.
  [['--junit', '--check'], '--junit needs a value: --junit FILE'],
  [['-i', '-v'], '-i needs a value: -i FILE'],
  [['--timeout', '3000000'], '--timeout must be a whole number from 1 to 86400, got "3000000"'],
  [['--timeout', '0x10'], '--timeout must be a whole number from 1 to 86400, got "0x10"'],
  [['-i', 'package.json', './package.json'], '--inventory ./package.json is given twice'],
  [['--timeout', '1.5'], '--timeout must be a whole number from 1 to 86400, got "1.5"'],
]
for (const [args, message] of wrong) {
  test(args.join(' '), () => {
    assert.throws(
      () => parse(...args),
      (error: Error & { exitCode: number }) => error.message === message && error.exitCode === 3,
    )
  })
}

test('--confirm-timeout: whole seconds from 10, or 0', () => {
  assert.equal([undefined, '0', '10', '86400'].map(confirmWithin), [60, 0, 10, 86_400])
  // Of these, Number() makes 0, which would leave hosts without their way back.
  const likeZero = [' ', '-0', '0x0', '0e9', '.0']
  for (const text of [...likeZero, '9', '-5', '10.5', '1e9', '86401', '9'.repeat(400), 'never', '+60'])
    assert.throws(
      () => confirmWithin(text),
      (error: Error & { exitCode: number }) =>
        error.exitCode === 3 &&
        error.message === `--confirm-timeout must be a whole number from 10 to 86400, or 0, got "${text}"`,
      `"${text}"`,
    )
})

test('what the shell makes of a pattern: inventories of Ansible too; a value may begin with a dash where it is joined', () => {
  assert.equal(parse('-i', 'a.yaml', 'b.ini', 'c.YAML').inventories, ['a.yaml', 'b.ini', 'c.YAML'])
  assert.is(parse('--junit=-x').junit, '-x')
})

test('words beside the options, for a playbook that takes some', () => {
  const { words, json } = parseOptions(['a', '--json', 'b'], 'Title', [], 'FILE…') as Options
  assert.equal([words, json], [['a', 'b'], true])
})

test('help names every option and exit code', () => {
  const help = parseOptions(['--help'], 'Title', [], 'FILE…') as string
  assert.match(help, 'Words: FILE…')
  for (const word of ['Title', '-i, --inventory FILE', '--ask-become-pass', '130 interrupted']) assert.match(help, word)
})

test.run()
