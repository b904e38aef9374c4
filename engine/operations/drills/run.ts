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
import { drills } from './all.ts'
import { type Drill, Site } from './drill.ts'

/** The options of drills beside the common ones. */
export const drillOptions: readonly Option[] = drills.flatMap(({ name, option }) =>
  option === undefined ? [] : { name, help: option },
)

/** Seconds between two drills, in which nothing may be lost any more. */
const calm = 3

/**
 * Runs the drills one by one under a prober, after confirmation, and compares the losses with the inventory's limits.
 * Check mode only prints the plan.
 * @returns the exit code: 5 where clients lost answers for longer than a limit
 */
export async function runDrills(context: RunContext, session: Session): Promise<number> {
  const { options, console, document } = context
  const note = runNote('Drill')
  const locks = options.check ? undefined : await HostLocks.take(context, session, note)
  const notes = locks?.notes() ?? (await HostLocks.readNotes(session, note))
  if (notes.size > 0) throw new UserError('a rolling reboot was not ended: end it with --resume first', exitCode.failed)
  const control = await openControl(context, session, { minServing: session.inventory.hosts.length - 1 })
  const chosen = drills.filter(({ name, option }) => option === undefined || options.own[name])
  if (!locks) {
    const states = await control.states()
    for (const { target, title } of chosen) console.print(`drill  would ${title(target(control, states), control)}`)
    return exitCode.changesFound
  }
  const names = chosen.map(({ name }) => name).join(', ')
  const question = `This breaks the cluster on purpose (${names}); clients may notice. Go on`
  if (!options.yes && !(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was done')
  const traffic = await TrafficMonitor.start(context, session)
  const known: Readonly<Record<string, number>> = session.inventory.cluster.drill
  const limits = chosen.map(({ name, limit }) => known[name] ?? limit)
  const failure: unknown = await carryOutAll(context, control, traffic, chosen, locks).catch((error: unknown) => error)
  const findings = await conclude(context, session, traffic, {
    title: 'Drill',
    states: () => control.reachableStates(),
    failure,
    about: (index) => ({ limit: limits[index] }),
    judge: ({ steps, problem }) =>
      problem ? [{ code: 'losses-unknown', text: `the losses are not known: ${problem}` }] : judgeDrills(steps, limits),
  })
  document.findings = findings
  for (const { text } of findings) console.print(`drill  ${console.colour.red('failed')}  ${text}`)
  if (failure) throw failure
  if (findings.length > 0) return exitCode.checkFailed
  console.print(`drill  ${console.colour.green('passed')}  within the limits of cluster.drill`)
  return exitCode.ok
}

async function carryOutAll(
  context: RunContext,
  control: ClusterControl,
  traffic: TrafficMonitor,
  chosen: readonly Drill[],
  locks: HostLocks,
): Promise<void> {
  for (const drill of chosen) {
    locks.ensureHeld()
    await carryOut(context, control, traffic, drill)
  }
}

async function carryOut(
  context: RunContext,
  control: ClusterControl,
  traffic: TrafficMonitor,
  drill: Drill,
): Promise<void> {
  await context.checkpoint()
  const site = new Site(control, drill.target(control, await control.states()))
  const title = drill.title(site.node, control)
  context.underWay = () => [title]
  context.atEnd(() => context.interrupted && drill.heal?.(site))
  traffic.step(title)
  context.console.print(`drill  ${title}`)
  try {
    await drill.inject(site)
    await drill.heal?.(site)
    await site.until((states) => control.findings(states)[0]?.text)
  } catch (error) {
    await context.checkpoint()
    await drill.heal?.(site).catch((failed: Error) => {
      const hope = `the host heals itself within ${drill.lasts} s`
      throw new UserError(`${(error as Error).message}\nnot healed (${failed.message}): ${hope}`, exitCode.failed)
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
