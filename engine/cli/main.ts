import { realpathSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Documents } from '../../documents/all.ts'
import { leaveBashrcOut } from '../base/bashrc.ts'
import { keepCompiled } from '../base/compiled.ts'
import { Console } from './console.ts'
import { exitCode, isCancelled, outcomeOf, UserError } from '../base/errors.ts'
import { printable, printableJson } from '../base/printable.ts'
import { type Option, type Options, type OwnOptions, parseOptions } from './options.ts'
import { Redactor } from './redact.ts'

/** Everything that a running playbook shares: options, console, document, interrupts. */
export interface RunContext<Document = object, Own = object> {
  options: Options<Own>
  console: Console
  redactor: Redactor
  /** What `--json` prints at the end; a playbook fills in its parts. */
  document: Document
  /** Runs at the end, however it comes: closes connections, clears the progress line. */
  atEnd(action: () => unknown): void
  /** Lists the work that is under way, for an interrupted run. */
  underWay: () => string[]
  /** What was asked of the person who runs it, once for all clusters. */
  readonly asked: Map<string, Promise<string>>
  /** Machines that were reached so far, in all clusters, and by which host of which inventory. */
  readonly machines: Map<string, { file: string; host: string }>
  /** True after an interrupt: no further host is started. */
  interrupted: boolean
  /** Resolves at once, or never after an interrupt. Await it before starting new work. */
  checkpoint(): Promise<void>
}

/** What a playbook says of itself. */
export interface Program<Name extends keyof Documents, Own extends Option> {
  title: string
  /** Which document `--json` prints. */
  document: Name
  /** Refuses several inventories that do not go together; a playbook without it takes one. Each is worked on as if it were alone. */
  many?: (files: readonly string[]) => Promise<void>
  /** What the help calls words beside the options, where it takes some. */
  words?: string
  /** Its options beside the common ones. */
  own: readonly Own[]
}

/**
 * Runs a playbook's body as a program: reads the options, prints the first line before any slow module is loaded,
 * turns errors into one or two lines and each outcome into an exit code, and always cleans up.
 * @param url the playbook's own, `import.meta.url`: nothing runs where another script was started and imports this one
 * @param body gives the exit code
 */
export async function main<Name extends keyof Documents, const Own extends Option>(
  url: string,
  { title, document: name, many, words, own }: Program<Name, Own>,
  body: (context: RunContext<Documents[Name], OwnOptions<Own>>) => Promise<number>,
): Promise<void> {
  const entry = process.argv.findIndex((word, place) => place > 0 && urlOf(word) === url)
  if (entry < 0) return
  const redactor = new Redactor()
  const wantsJson = process.argv.includes('--json')
  const console = new Console(wantsJson ? process.stderr : process.stdout, redactor)
  const endings: (() => unknown)[] = []
  const fresh = <Which extends keyof Documents>(which: Which) =>
    ({ document: which, playbook: title, exitCode: exitCode.ok }) as Documents[Which]
  let document: Documents[keyof Documents] = fresh(name)
  let junitFile: string | undefined
  let finishing: Promise<void> | undefined
  // An interrupt while all is closed waits for that.
  const finish = (code: number) => (finishing ??= end(code))
  const end = async (code: number) => {
    // The exit code is set first, for an interrupt while connections are closed.
    process.exitCode = code
    // Reverse order, since a later resource may need an earlier one.
    for (const action of endings.splice(0).reverse()) await attempted(action)
    document.exitCode = code
    const clean = redacted(document, redactor)
    if (wantsJson) process.stdout.write(`${printableJson(clean)}\n`)
    const file = junitFile
    if (file) await attempted(() => writeJunit(file, clean))
  }
  /** What can't be ended or written is told, and the rest is still done. */
  const attempted = async (action: () => unknown) => {
    try {
      await action()
    } catch (error) {
      process.exitCode ||= exitCode.failed
      process.stderr.write(`${printable(redactor.redact((error as Error).message))}\n`)
    }
  }
  // The reader of a pipe may leave early (`| head`); changes that have begun on hosts are finished.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  leaveBashrcOut()
  keepCompiled()
  try {
    const options = parseOptions(process.argv.slice(entry + 1), title, own, words)
    if (typeof options === 'string') return void process.stdout.write(`${options}\n`)
    // A question at the terminal may end with it: what never comes to its end has failed.
    process.once('beforeExit', () => {
      if (finishing) return
      process.stderr.write('ended before it was done: nothing answers any more\n')
      process.exitCode = exitCode.failed
    })
    console.print(console.colour.bold(title))
    if (options.junit) await (await import('../base/report-file.ts')).assertWritable(options.junit)
    junitFile = options.junit
    const context: RunContext<Documents[Name], OwnOptions<Own>> = {
      options,
      console,
      redactor,
      document: document as Documents[Name],
      atEnd: (action) => endings.push(action),
      underWay: () => [],
      asked: new Map(),
      machines: new Map(),
      interrupted: false,
      checkpoint: () => (context.interrupted ? new Promise(() => {}) : Promise.resolve()),
    }
    onInterrupt(context, finish)
    const files = options.inventories
    if (files.length < 2) return await finish(await body(context))
    if (!many)
      throw new UserError(
        `this playbook takes one inventory, got ${files.length}: it is not for several clusters at a time`,
      )
    await many(files)
    const clusters = fresh('clusters')
    document = clusters
    const { runClusters } = await import('./clusters.ts')
    const all = Object.assign(context as RunContext, { document: clusters })
    await finish(await runClusters(all, files, () => fresh(name) as never, body as never))
  } catch (error) {
    // The interrupt closed the connections, and this error follows from that.
    if (finishing) return await finishing
    if (isCancelled(error)) return await finish(exitCode.interrupted)
    const { message, code } = outcomeOf(error)
    document.error = message
    console.status('')
    process.stderr.write(`${printable(redactor.redact(message))}\n`)
    await finish(code)
  }
}

/** Node and zx put different words before the script's, which may be the name of a link to it. */
function urlOf(word: string): string | undefined {
  try {
    return pathToFileURL(realpathSync(word)).href
  } catch {
    // An option, or a word for a playbook.
    return undefined
  }
}

/** @returns a document as JSON, without secrets */
const redacted = (document: object, redactor: Redactor): string =>
  JSON.stringify(document, (_key, value: unknown) => (typeof value === 'string' ? redactor.redact(value) : value), 2)

async function writeJunit(file: string, document: string): Promise<void> {
  const { junit } = await import('./junit.ts')
  const { writeWhole } = await import('../base/report-file.ts')
  await writeWhole(file, junit(JSON.parse(document)))
}

/** A change that a host has begun is finished there, and the next is not begun: see `batchChanges`. */
function onInterrupt(context: RunContext, finish: (code: number) => Promise<void>): void {
  const stop = async () => {
    context.interrupted = true
    const underWay = context.underWay()
    context.console.status('')
    context.console.print('interrupted; what is under way is finished by its host, nothing more is begun')
    for (const line of underWay) context.console.print(`  ${line}`)
    await finish(exitCode.interrupted)
    process.exit()
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void stop())
}
