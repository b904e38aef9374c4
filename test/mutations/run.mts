// How many small faults the unit tests find: see docs/tests.md.
//   node test/mutations/run.mts [SEED [COUNT]]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endAll, root, runFile } from '../run-file.ts'
import { type Mutant, mutantsOf, parses } from './mutants.ts'
import { nearestFirst, read } from './nearest.ts'

/** What decides about hosts: each gets its share of the mutants, by its size. */
const areas = [
  'engine/runner/**/*.ts',
  'tasks/**/*.ts',
  'inventory/**/*.ts',
  'engine/operations/rolling/**/*.ts',
  'engine/verify/judge*.ts',
]

/** Files that are tested at the same time. */
const workers = 2

/** Minutes for one test file; one that hangs has found the mutant. */
const minutes = 10

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

/** The mutants of an area in a random order, and how many of them are wanted. */
interface Candidates {
  share: number
  mutants: Mutant[]
}

function candidates(count: number, random: () => number): Candidates[] {
  const files = areas.map((area) => globSync(area, { cwd: root }).sort())
  const sizes = files.map((names) => names.reduce((sum, name) => sum + read(name).length, 0))
  const all = sizes.reduce((sum, size) => sum + size, 0)
  let reached = 0
  let shared = 0
  return files.map((names, area) => {
    reached += sizes[area]!
    const share = Math.round((count * reached) / all) - shared
    shared += share
    const mutants = names.flatMap((name) => mutantsOf(name, read(name)))
    const order = mutants.map((mutant) => ({ mutant, place: random() })).sort((a, b) => a.place - b.place)
    return { share, mutants: order.map(({ mutant }) => mutant) }
  })
}

const scratch = mkdtempSync(join(tmpdir(), 'mutations-'))
const sandbox = join(root, 'test/mutations/sandbox.sh')
let sandboxes = 0

/** A file with another text. */
type Changed = Pick<Mutant, 'file' | 'text'>

/** Does something in a sandbox, with this text of a file; `within` is the command that runs another one there. */
async function inSandbox<T>({ file, text }: Changed, work: (within: string[]) => Promise<T>): Promise<T> {
  const folder = join(scratch, String(sandboxes++))
  const [empty, mutant] = [join(folder, 'root'), join(folder, 'mutant')]
  mkdirSync(empty, { recursive: true })
  writeFileSync(mutant, text)
  const namespaces = ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child']
  const result = await work([...namespaces, 'sh', sandbox, empty, join(root, file), mutant])
  rmSync(folder, { recursive: true })
  return result
}

/** @returns why a test file fails; undefined where it passes */
const whyFails = (test: string, changed: Changed): Promise<string | undefined> =>
  inSandbox(changed, async (within) => {
    const { why, names } = await runFile(test, { minutes, within }, () => {})
    return why && (names[0] ?? why)
  })

/** What the type checker refuses is no fault that could stay. */
const compiles = (changed: Changed): Promise<boolean> =>
  inSandbox(changed, async ([program, ...words]) => {
    const tsc = spawn(program!, [...words, process.execPath, 'node_modules/typescript/bin/tsc'], {
      cwd: root,
      stdio: 'ignore',
    })
    const [code] = await once(tsc, 'exit')
    return code === 0
  })

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
const took = new Map<string, number>()
// The package's test compiles, and what the type checker refuses is found without tests.
const files = globSync('test/{,integration/}*.test.mts', {
  cwd: root,
  exclude: ['test/integration/package.test.mts'],
}).sort()
await inParallel(files, async (test) => {
  const began = performance.now()
  const why = await whyFails(test, { file: 'package.json', text: read('package.json') })
  if (why) console.log(`${test} is left out, since it fails without any mutant: ${why}`)
  else took.set(test, performance.now() - began)
})
const tests = [...took].sort(([, a], [, b]) => a - b).map(([test]) => test)

const row = ({ file, line, kind, about }: Mutant, end: string) =>
  `${`${file}:${line}`.padEnd(42)} ${kind.padEnd(8)} ${end}\n    ${about}`

/** @returns what finds a mutant; undefined where nothing does */
async function killerOf(mutant: Mutant): Promise<string | undefined> {
  for (const test of nearestFirst(tests, mutant.file)) {
    const why = await whyFails(test, mutant)
    if (why) return `${test}: ${why}`
  }
}

const survivors: Mutant[] = []
let killed = 0
// A mutant that can't be compiled makes way for the next one.
const slots = candidates(count, randomNumbers(seed)).flatMap(({ share, mutants }) => {
  const order = mutants.values()
  return Array.from({ length: share }, () => order)
})
await inParallel(slots, async (order) => {
  for (const mutant of order) {
    if (!parses(mutant, read(mutant.file))) continue
    const killer = await killerOf(mutant)
    if (!killer && !(await compiles(mutant))) continue
    if (killer) killed++
    else survivors.push(mutant)
    console.log(row(mutant, killer ? `killed by ${killer}` : 'SURVIVED'))
    return
  }
})
const all = killed + survivors.length
console.log(`\n${survivors.map((mutant) => row(mutant, 'SURVIVED')).join('\n')}`)
console.log(`${killed} of ${all} killed: ${Math.round((100 * killed) / all)} % (seed ${seed})`)
