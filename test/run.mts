// Runs the tests: see docs/tests.md.
//   node test/run.mts TIER[,TIER] [--yes] [PATTERN]     only files whose path contains PATTERN
// A file that runs no test, skips one, or never ends has failed.
import { existsSync, globSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { relative } from 'node:path'
import { evidenceFolder } from '../lab/evidence.ts'
import { labDown } from '../lab/lab.ts'
import { ensureRequirements } from '../lab/requirements.ts'
import { inCi } from '../runner/options.ts'
import { endAll, type Outcome, root, runFile } from './run-file.ts'
import { ensureTools } from './tools.ts'

interface Tier {
  files: string
  /** Whether the files work with the machines of the lab. */
  lab: boolean
  /** How many files run at a time. */
  atATime: number
  /** How long one file may take. */
  minutes: number
  /** The releases of the lab's machines, as LAB_RELEASE says them. */
  release?: string
}

const tiers: Record<string, Tier> = {
  // Some files mostly wait.
  unit: { files: 'test/*.test.mts', lab: false, atATime: availableParallelism() + 2, minutes: 10 },
  // There is one lab.
  lab: { files: 'test/lab/*.test.mts', lab: true, atATime: 1, minutes: 50 },
  debian13: { files: 'test/lab/*.test.mts', lab: true, atATime: 1, minutes: 50, release: '13' },
  mixed: { files: 'test/lab/{2,6}-*.test.mts', lab: true, atATime: 1, minutes: 50, release: 'ns2=13' },
}

/** The files that take longest, the longest first, so that none of them is left to the end alone. */
const longest = ['prober', 'transport', 'ssh', 'report', 'routes', 'originals', 'rolling', 'engine', 'run-file']

const rank = (file: string) => {
  const place = longest.findIndex((name) => file.endsWith(`/${name}.test.mts`))
  return place < 0 ? longest.length : place
}

/** @returns the files of a tier that match, in the order in which they begin */
function filesOf({ files, atATime }: Tier, pattern: string): string[] {
  const found = globSync(files, { cwd: root })
    .filter((file) => file.includes(pattern))
    .sort()
  return atATime > 1 ? found.sort((a, b) => rank(a) - rank(b)) : found
}

/** Runs the files of a tier. Output comes as it is printed from one that runs alone, otherwise whole at its end. */
async function runTier({ atATime, minutes, release }: Tier, files: string[]): Promise<Outcome[]> {
  const waiting = [...files]
  const outcomes: Outcome[] = []
  const work = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const began = performance.now()
      const kept: Buffer[] = []
      const env: Record<string, string> = release ? { LAB_RELEASE: release } : {}
      const outcome = await runFile(file, { minutes, env }, (chunk) =>
        atATime > 1 ? kept.push(chunk) : process.stdout.write(chunk),
      )
      if (release) outcome.file = `${file} (Debian ${release})`
      process.stdout.write(Buffer.concat(kept))
      if (outcome.why) console.log(`FAILED ${file}: ${outcome.why}`)
      const seconds = ((performance.now() - began) / 1000).toFixed(1)
      console.log(`${file}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds} s\n`)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: atATime }, work))
  return outcomes
}

/** Makes a machine that may have nothing yet ready for all files of these tiers. */
async function prepare(chosen: readonly Tier[]): Promise<void> {
  const needs = [...(chosen.some(({ lab }) => lab) ? [ensureRequirements] : []), ensureTools]
  for (const ensure of needs) await ensure(yes || inCi(), (line) => console.log(line))
}

function fail(why: string): never {
  console.error(why)
  process.exit(1)
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    endAll(signal)
    process.exit(130)
  })

const [names = '', ...words] = process.argv.slice(2)
const yes = words.includes('--yes')
const [pattern = ''] = words.filter((word) => word !== '--yes')
const chosen = names
  .split(',')
  .map((name) => tiers[name] ?? fail(`there is no tier "${name}", but ${Object.keys(tiers).join(', ')}`))
const planned = chosen.map((tier) => ({ tier, files: filesOf(tier, pattern) }))
if (pattern && planned.every(({ files }) => files.length === 0)) fail(`no test file matches "${pattern}"`)
if (!pattern) {
  for (const { tier, files } of planned) if (files.length === 0) fail(`there is no ${tier.files}`)
  await prepare(chosen).catch((error: Error) => fail(error.message))
}
if (chosen.some(({ lab }) => lab)) rmSync(evidenceFolder, { recursive: true, force: true })
const outcomes: Outcome[] = []
for (const { tier, files } of planned) outcomes.push(...(await runTier(tier, files)))
if (!pattern && chosen.some(({ lab }) => lab)) await labDown()

const bad = outcomes.filter(({ failed }) => failed > 0)
if (bad.length > 0) console.log('Failed:')
for (const { file, why, names } of bad) console.log([`  ${file}: ${why}`, ...names].join('\n    '))
if (bad.length > 0 && existsSync(evidenceFolder))
  console.log(`How the machines were when tests failed: ${relative('', evidenceFolder)}/`)
const sum = (kind: 'passed' | 'failed') => outcomes.reduce((all, outcome) => all + outcome[kind], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = bad.length > 0 ? 1 : 0
