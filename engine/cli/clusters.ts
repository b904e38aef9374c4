import type { Documents } from '../../documents/all.ts'
import { exitCode, isCancelled, outcomeOf } from '../base/errors.ts'
import { Console } from './console.ts'
import type { RunContext } from './main.ts'

type AnyDocument = Documents['run' | 'verify' | 'status']
type Context = RunContext<AnyDocument>

/** What a playbook does with one cluster. @returns the exit code */
type Body = (context: Context) => Promise<number>

/** The worse the later. */
const severity: readonly number[] = [
  exitCode.ok,
  exitCode.changesFound,
  exitCode.failed,
  exitCode.checkFailed,
  exitCode.unreachable,
  exitCode.usage,
  exitCode.interrupted,
]

/**
 * Runs a playbook for several clusters, some of them at a time, each as if it were alone. A cluster that fails does not stop the others.
 * What is printed of one comes whole at its end: a line, and more where it failed, changed something, or with `--verbose`.
 * @param files their inventories
 * @param document what a cluster's own begins with
 * @returns the worst of their exit codes
 */
export async function runClusters(
  context: RunContext<Documents['clusters']>,
  files: readonly string[],
  document: () => AnyDocument,
  body: Body,
): Promise<number> {
  const { console, options } = context
  const width = Math.max(...files.map((file) => file.length))
  // Until it has ended, a cluster is one that Ctrl-C has kept from it.
  const begun = (): AnyDocument => ({ ...document(), exitCode: exitCode.interrupted })
  const clusters = files.map((inventory) => ({ inventory, document: begun() }))
  context.document.clusters = clusters
  const underWay = new Set<string>()
  const waiting = clusters.values()
  const work = async () => {
    for (const { inventory, document: own } of waiting) {
      if (context.interrupted) return
      underWay.add(inventory)
      console.status(`${[...underWay].join(', ')}  (${clusters.length - underWay.size} others)`)
      const printed = await runOne(context, { inventory, document: own }, body)
      underWay.delete(inventory)
      console.print(`${inventory.padEnd(width)}  ${summary(own)}`)
      if (own.exitCode !== exitCode.ok || hasChanged(own) || options.verbose)
        console.print(printed.trimEnd().replaceAll(/^/gm, '  '))
    }
  }
  context.underWay = () => [...underWay]
  // A cluster has two hosts or more.
  await Promise.all(Array.from({ length: Math.max(1, Math.floor(options.forks / 2)) }, work))
  console.status('')
  return clusters.map((one) => one.document.exitCode).reduce((worst, code) => (worseThan(code, worst) ? code : worst))
}

const worseThan = (one: number, other: number) => severity.indexOf(one) > severity.indexOf(other)

/** @returns what it printed */
async function runOne(
  context: RunContext<Documents['clusters']>,
  { inventory, document }: { inventory: string; document: AnyDocument },
  body: Body,
): Promise<string> {
  let printed = ''
  const write = (text: string) => {
    printed += text
    return true
  }
  const endings: (() => unknown)[] = []
  let ending: Promise<void> | undefined
  const end = () =>
    (ending ??= (async () => {
      for (const action of endings.splice(0).reverse()) await action()
    })())
  // Also after an interrupt.
  context.atEnd(end)
  const console = new Console({ isTTY: false, columns: 80, write }, context.redactor)
  const own: Context = {
    ...context,
    options: { ...context.options, inventory },
    console,
    document,
    atEnd: (action) => endings.push(action),
    underWay: () => [],
    get interrupted() {
      return context.interrupted
    },
  }
  try {
    document.exitCode = await body(own)
  } catch (error) {
    if (isCancelled(error)) context.interrupted = true
    const { message, code } = outcomeOf(error)
    document.error = message
    document.exitCode = code
    console.print(document.error)
  }
  await end()
  return printed
}

const hasChanged = (document: AnyDocument): boolean =>
  document.document === 'run' && (document.hosts ?? []).some(({ changes }) => changes.length > 0)

/** @returns how a cluster ended, in a line */
function summary(document: AnyDocument): string {
  if (document.error !== undefined) return `failed  ${document.error.split('\n')[0]}`
  const found = document.document === 'status' ? document.findings : document.cluster?.findings
  const hosts = document.document === 'run' ? (document.hosts ?? []) : []
  const parts = [
    ...(hosts.length > 0 && hosts.every(({ status }) => status === 'ok')
      ? [hosts.some(({ leftOut }) => leftOut) ? 'nothing changed, some left out' : 'nothing to change']
      : []),
    ...hosts.filter(({ status }) => status !== 'ok').map(({ host, status }) => `${host} ${status}`),
    ...(found ?? []).map(({ text }) => text),
    ...(found?.length === 0 ? ['healthy'] : []),
  ]
  return `${words[document.exitCode] ?? 'failed'.padEnd(6)}  ${parts.join('; ')}`
}

const words: Readonly<Record<number, string>> = { [exitCode.ok]: 'ok    ', [exitCode.changesFound]: 'drift ' }
