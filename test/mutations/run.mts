// How many small faults the unit tests find: see docs/tests.md.
//   node test/mutations/run.mts [SEED [COUNT]]
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { endAll, root, runFile } from '../run-file.ts'
import { type Mutant, mutantsOf, parses } from './mutants.ts'

/** What decides about hosts: each gets its share of the mutants, by its size. */
const areas = ['engine/runner', 'tasks', 'inventory', 'engine/operations/rolling', 'engine/verify/judge.ts']

/** Files that are tested at the same time. */
const workers = 2

/** Minutes for one test file; one that hangs has found the mutant. */
const minutes = 3

const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** @returns numbers from 0 to 1, the same for the same seed (mulberry32) */
function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

function pick(count: number, random: () => number): Mutant[] {
  const files = areas.map((area) => (area.endsWith('.ts') ? [area] : globSync(`${area}/**/*.ts`, { cwd: root }).sort()))
  const sizes = files.map((names) => names.reduce((sum, name) => sum + read(name).length, 0))
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let reached = 0
  let picked = 0
  return files.flatMap((names, area) => {
    reached += sizes[area]!
    const share = Math.round((count * reached) / all) - picked
    picked += share
    const mutants = names.flatMap((name) => mutantsOf(name, read(name)))
    const chosen: Mutant[] = []
    while (chosen.length < share && mutants.length > 0) {
      const [mutant] = mutants.splice(Math.floor(random() * mutants.length), 1)
      if (parses(mutant!, read(mutant!.file))) chosen.push(mutant!)
    }
    return chosen
  })
}

/** The files that each file imports. */
const imports = new Map<string, string[]>()

function importsOf(file: string): string[] {
  const known = imports.get(file)
  if (known) return known
  const found = parseSync(file, read(file)).module.staticImports.map(({ moduleRequest }) => moduleRequest.value)
  const local = found.filter((name) => /^\.\.?\/.*ts$/.test(name)).map((name) => join(dirname(file), name))
  imports.set(file, local)
  return local
}

/** @returns the test files, those first that import a file in the fewest steps, the quickest first among equals */
function nearestFirst(tests: readonly string[], file: string): string[] {
  const steps = (from: string): number => {
    const seen = new Set([from])
    for (let [near, step] = [[from], 0]; near.length > 0; step++) {
      if (near.includes(file)) return step
      near = near.flatMap(importsOf).filter((one) => !seen.has(one) && seen.add(one))
    }
    return Infinity
  }
  return tests
    .map((test) => ({ test, far: steps(test) }))
    .sort((a, b) => a.far - b.far || 0)
    .map(({ test }) => test)
}

const scratch = mkdtempSync(join(tmpdir(), 'mutations-'))
let runs = 0

/** @returns why a test file fails with this text of a file; undefined where it passes */
async function whyFails(test: string, { file, text }: Pick<Mutant, 'file' | 'text'>): Promise<string | undefined> {
  const folder = join(scratch, String(runs++))
  mkdirSync(join(folder, 'root'), { recursive: true })
  writeFileSync(join(folder, 'mutant'), text)
  const namespaces = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child']
  const sandbox = ['sh', join(root, 'test/mutations/sandbox.sh')]
  const within = [...namespaces, ...sandbox, join(folder, 'root'), join(root, file), join(folder, 'mutant')]
  const { why, names } = await runFile(test, { minutes, within }, () => {})
  rmSync(folder, { recursive: true })
  return why && (names[0] ?? why)
}

async function inParallel<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const queue = all.values()
  const worker = async () => {
    for (const one of queue) await work(one)
  }
  await Promise.all(Array.from({ length: workers }, worker))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    endAll(signal)
    process.exit(130)
  })
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }))

const [seed = 1, count = 60] = process.argv.slice(2).map(Number)
if (process.getuid?.() !== 0) {
  console.error('root is needed, for namespaces and mounts')
  process.exit(1)
}
const mutants = pick(count, randomNumbers(seed))
const took = new Map<string, number>()
await inParallel(globSync('test/*.test.mts', { cwd: root }).sort(), async (test) => {
  const began = performance.now()
  const why = await whyFails(test, { file: 'package.json', text: read('package.json') })
  if (why) console.log(`${test} is left out, since it fails without any mutant: ${why}`)
  else took.set(test, performance.now() - began)
})
const tests = [...took].sort(([, a], [, b]) => a - b).map(([test]) => test)

const survivors: Mutant[] = []
const row = ({ file, line, kind, about }: Mutant, end: string) =>
  `${`${file}:${line}`.padEnd(42)} ${kind.padEnd(8)} ${end}\n    ${about}`
await inParallel(mutants, async (mutant) => {
  for (const test of nearestFirst(tests, mutant.file)) {
    const why = await whyFails(test, mutant)
    if (why) return console.log(row(mutant, `killed by ${test}: ${why}`))
  }
  survivors.push(mutant)
  console.log(row(mutant, 'SURVIVED'))
})
const killed = mutants.length - survivors.length
console.log(`\n${survivors.map((mutant) => row(mutant, 'SURVIVED')).join('\n')}`)
console.log(`${killed} of ${mutants.length} killed: ${Math.round((100 * killed) / mutants.length)} % (seed ${seed})`)
