import type { Finding } from '../../cluster/finding.ts'
import { TrafficMonitor } from '../traffic.ts'
import { conclude } from '../html-report.ts'
import { runNote } from '../../cluster/run-note.ts'
import { HostLocks } from '../../cluster/host-locks.ts'
import { openControl, type ClusterControl } from '../control.ts'
import type { Session } from '../../cluster/session.ts'
import type { Step } from '../../clients/losses.ts'
import { confirmed } from '../../cli/confirm.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import type { RunContext } from '../../cli/main.ts'
import type { Option } from '../../cli/options.ts'
import { type Drill, Drills } from './drills.ts'

/** The options of drills beside the common ones. */
export const drillOptions = [
  { name: 'kill', help: 'also kill every keepalived process on the holder' },
  { name: 'cut', help: 'also cut the network of the holder, where SSH does not come in by it' },
] as const satisfies readonly Option[]

/** Seconds between two drills, in which nothing may be lost any more. */
const calm = 3

/**
 * Asks, then carries the drills out one by one under a prober, and holds what clients lost against the inventory.
 * In check mode it only says what it would do.
 * @returns the exit code: 5 where clients lost answers for longer than a limit
 */
export async function runDrills(context: RunContext, session: Session): Promise<number> {
  const { options, console, document } = context
  const note = runNote('Drill')
  const notes = options.check
    ? await HostLocks.readNotes(session, note)
    : (await HostLocks.take(context, session, note)).notes()
  if (notes.size > 0) throw new UserError('a rolling reboot was not ended: end it with --resume first', exitCode.failed)
  const control = await openControl(context, session, { minServing: session.inventory.hosts.length - 1 })
  const names = chosen(options.own)
  if (options.check) {
    const states = await control.states()
    for (const name of names) console.print(`drill  would ${new Drills(control)[name](states).title}`)
    return exitCode.changesFound
  }
  const question = `This hurts the cluster (${names.join(', ')}); clients may notice. Go on`
  if (!options.yes && !(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was done')
  const traffic = await TrafficMonitor.start(context, session)
  const limits = session.inventory.cluster.drill
  const failure: unknown = await carryOutAll(context, control, traffic, names).catch((error: unknown) => error)
  const findings = await conclude(context, session, traffic, {
    title: 'Drill',
    states: () => control.reachableStates(),
    failure,
    about: (index) => ({ limit: limits[names[index]!] }),
    judge: ({ steps, problem }) =>
      problem
        ? [{ code: 'losses-unknown', text: `the losses are not known: ${problem}` }]
        : judgeDrills(
            steps,
            names.map((name) => limits[name]),
          ),
  })
  document.findings = findings
  for (const { text } of findings) console.print(`drill  ${console.colour.red('failed')}  ${text}`)
  if (failure) throw failure
  if (findings.length > 0) return exitCode.checkFailed
  console.print(`drill  ${console.colour.green('passed')}  within the limits of cluster.drill`)
  return exitCode.ok
}

const chosen = (own: Record<string, boolean>): Drill['name'][] => [
  'restart',
  'service',
  ...(own.kill ? (['kill'] as const) : []),
  ...(own.cut ? (['cut'] as const) : []),
]

async function carryOutAll(
  context: RunContext,
  control: ClusterControl,
  traffic: TrafficMonitor,
  names: readonly Drill['name'][],
): Promise<void> {
  for (const name of names) await carryOut(context, control, traffic, name)
}

async function carryOut(
  context: RunContext,
  control: ClusterControl,
  traffic: TrafficMonitor,
  name: Drill['name'],
): Promise<void> {
  await context.checkpoint()
  const drills = new Drills(control)
  const drill = drills[name](await control.states())
  context.underWay = () => [drill.title]
  context.atEnd(() => context.interrupted && drill.undo?.())
  traffic.step(drill.title)
  context.console.print(`drill  ${drill.title}`)
  try {
    await drill.run()
    await drills.settled()
  } catch (error) {
    await context.checkpoint()
    await drill.undo?.().catch((failed: Error) => {
      const hope = `the host does so by itself within ${drill.lasts} s`
      throw new UserError(`${(error as Error).message}\nnot undone (${failed.message}): ${hope}`, exitCode.failed)
    })
    throw error
  }
  await control.session.clock.sleep(calm * 1000)
}

/**
 * @param limits seconds, one a step
 * @returns where clients lost answers for longer than is allowed
 */
export const judgeDrills = (steps: readonly Step[], limits: readonly number[]): Finding[] =>
  steps.flatMap(({ label, UDP, TCP }, index) => {
    const longest = Math.max(UDP.span, TCP.span)
    const limit = limits[index]!
    const text = `${label}: clients lost answers for ${longest.toFixed(1)} s, and ${limit} s are allowed`
    return longest > limit ? [{ code: 'over-limit', about: label, text }] : []
  })
