// Runs the tests: see docs/tests.md.
//   node test/run.mts TIER[,TIER] [--yes] [--also TIER[,TIER]] [--minutes N] [PATTERN]
// Of a PATTERN, only files whose path contains it run. A file that runs no test, skips one, or never ends has failed.
import { cpSync, existsSync, globSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { $ } from 'zx'
import { evidenceFolder } from '../lab/evidence.ts'
import { labDown, labUp } from '../lab/lab.ts'
import { ensureRequirements } from '../lab/requirements.ts'
import { leaveBashrcOut } from '../engine/base/bashrc.ts'
import { inCi } from '../engine/cli/options.ts'
import { endAll, type Outcome, root, runFile } from './run-file.ts'
import { environmentOf, filesOf, type Tier, tiers } from './tiers.ts'
import { TimeLeft, usualSeconds } from './times.ts'
import { ensureTools } from './tools.ts'

/** A file of a tier. */
interface Job {
  tier: Tier
  file: string
}

/**
 * @returns the files of tiers, by those that run together: nobody waits for the last file of a tier where the next one has as
 * many labs
 */
const together = (planned: readonly { tier: Tier; files: readonly string[] }[]): Job[][] =>
  planned.reduce<Job[][]>((groups, { tier, files }) => {
    const jobs = files.map((file) => ({ tier, file }))
    const last = groups.at(-1)
    const before = last?.[0]?.tier
    if (last && tier.lab && before?.lab && before.atATime === tier.atATime) last.push(...jobs)
    else groups.push(jobs)
    return groups
  }, [])

/** Runs files together. Output comes as it is printed from one that runs alone, otherwise whole at its end. */
async function runAll(jobs: readonly Job[]): Promise<Outcome[]> {
  const { lab = false, atATime: most = 1 } = jobs[0]?.tier ?? {}
  const atATime = Math.min(most, jobs.length)
  const alone = atATime === 1
  // Of all tiers that run together, the longest files begin first.
  const waiting = most > 1 ? jobs.toSorted((a, b) => usualSeconds(b.file) - usualSeconds(a.file)) : [...jobs]
  const outcomes: Outcome[] = []
  const work = async (_: unknown, worker: number) => {
    const checkout = lab ? checkoutFor(worker) : root
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      const { file, tier } = job
      if (!left.fits(file)) {
        notRun.push(file)
        continue
      }
      const { minutes, release } = tier
      if (lab && !alone) console.log(`${file} begins`)
      const began = performance.now()
      const kept: Buffer[] = []
      const env = { LAB_EVIDENCE: evidenceFolder, ...environmentOf(tier) }
      const outcome = await runFile(file, { minutes, env, checkout }, (chunk) =>
        alone ? process.stdout.write(chunk) : kept.push(chunk),
      )
      process.stdout.write(Buffer.concat(kept))
      if (release) outcome.file = `${file} (${release})`
      if (outcome.why) console.log(`FAILED ${outcome.file}: ${outcome.why}`)
      const seconds = (performance.now() - began) / 1000
      left.took(file, seconds)
      console.log(`${outcome.file}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds.toFixed(1)} s\n`)
      outcomes.push(outcome)
    }
  }
  await Promise.all(Array.from({ length: jobs.length > 0 ? atATime : 0 }, work))
  return outcomes
}

/** Each checkout has a lab of its own. @returns this one, or a copy of it for those who work beside the first */
function checkoutFor(worker: number): string {
  if (worker === 0) return root
  const copy = join(root, '.lab', `checkout-${worker}`)
  const others = ['node_modules', '.git', '.lab']
  for (const name of readdirSync(root).filter((one) => !others.includes(one))) {
    rmSync(join(copy, name), { recursive: true, force: true })
    cpSync(join(root, name), join(copy, name), { recursive: true })
  }
  if (!existsSync(join(copy, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  return copy
}

/** Makes a machine that may have nothing yet ready for all files of these tiers. */
async function prepare(chosen: readonly Tier[]): Promise<void> {
  const say = (line: string) => console.log(line)
  const consent = yes || inCi()
  if (chosen.some(({ lab }) => lab)) await ensureRequirements(consent, say)
  await ensureTools(
    chosen.some(({ browser }) => browser),
    consent,
    say,
  )
  // What machines are made of is built once, not by each of those who work at the same time.
  const first = chosen.find(({ lab }) => lab)
  if (first) await labUp({ yes: true, waitForKernel: true, releases: first.release, say })
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

const listed = Object.values(tiers).flatMap((tier) => filesOf(tier, ''))
for (const file of globSync('test/**/*.test.mts', { cwd: root }))
  if (!listed.includes(file)) fail(`${file} is in no tier of test/tiers.ts`)
leaveBashrcOut()
const { values, positionals } = parseArgs({
  options: { yes: { type: 'boolean' }, also: { type: 'string' }, minutes: { type: 'string' } },
  allowPositionals: true,
})
const { yes = false, also = '', minutes } = values
const [names = '', pattern = ''] = positionals
if (minutes !== undefined && !(Number(minutes) > 0)) fail(`--minutes: must be a number above 0, got "${minutes}"`)
const left = new TimeLeft(minutes === undefined ? undefined : Number(minutes) * 60)
const notRun: string[] = []
const chosen = [names, also]
  .filter(Boolean)
  .flatMap((list) => list.split(','))
  .map((name) => tiers[name] ?? fail(`there is no tier "${name}", but ${Object.keys(tiers).join(', ')}`))
const planned = chosen.map((tier) => ({ tier, files: filesOf(tier, pattern) }))
if (pattern && planned.every(({ files }) => files.length === 0)) fail(`no test file matches "${pattern}"`)
if (!pattern) {
  for (const { tier, files } of planned) if (files.length === 0) fail(`there is no ${tier.files}`)
  await prepare(chosen).catch((error: Error) => fail(error.message))
}
if (chosen.some(({ lab }) => lab)) rmSync(evidenceFolder, { recursive: true, force: true })
const outcomes: Outcome[] = []
for (const jobs of together(planned)) outcomes.push(...(await runAll(jobs)))
if (!pattern && chosen.some(({ lab }) => lab)) {
  await labDown()
  for (const copy of globSync('.lab/checkout-*', { cwd: root }))
    await $({ quiet: true, cwd: join(root, copy) })`${process.execPath} lab/lab.mts down`
}

const bad = outcomes.filter(({ failed }) => failed > 0)
if (bad.length > 0) console.log('Failed:')
for (const { file, why, names } of bad) console.log([`  ${file}: ${why}`, ...names].join('\n    '))
if (bad.length > 0 && existsSync(evidenceFolder))
  console.log(`How the machines were when tests failed: ${relative('', evidenceFolder)}/`)
if (notRun.length > 0)
  console.log(`Not run, since they would not have ended within ${minutes} minutes:\n  ${notRun.join('\n  ')}`)
const sum = (kind: 'passed' | 'failed') => outcomes.reduce((all, outcome) => all + outcome[kind], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
// Time for less than that is none.
const isOfLab = (file: string) => file.startsWith('test/lab/')
const noLab = notRun.some(isOfLab) && !outcomes.some(({ file }) => isOfLab(file))
if (noLab) console.log('No file of the lab has run')
process.exitCode = bad.length > 0 || noLab ? 1 : 0
