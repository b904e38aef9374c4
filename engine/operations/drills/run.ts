import type { Documents } from '../../../documents/all.ts'
import type { Finding } from '../../cluster/finding.ts'
import { namesByAnswer, TrafficMonitor } from '../traffic.ts'
import { conclude } from '../conclude.ts'
import type { reportOption } from '../html-report.ts'
import { runNote } from '../../cluster/run-note.ts'
import { HostLocks } from '../../cluster/host-locks.ts'
import { agreedNote } from '../../cluster/rolling-note.ts'
import type { ClusterControl } from '../control.ts'
import { openControl } from '../open-control.ts'
import type { Session } from '../../cluster/session.ts'
import { askedServicesOf } from '../../../services/virtual-server.ts'
import type { Step } from '../../clients/losses.ts'
import { confirmed } from '../../cli/confirm.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import { didYouMean } from '../../base/suggest.ts'
import { serves } from '../../../inventory/roles.ts'
import type { Cluster, Inventory } from '../../../inventory/types.ts'
import { dotted } from '../../../inventory/wording.ts'
import type { RunContext } from '../../cli/main.ts'
import type { OwnOptions } from '../../cli/options.ts'
import { drills } from './all.ts'
import { type Drill, Site } from './drill.ts'

/** The options of drills beside the common ones. */
export const drillOptions = drills.flatMap((drill) =>
  'option' in drill ? { name: drill.name, help: drill.option } : [],
)

type DrillContext = RunContext<Documents['drill'], OwnOptions<(typeof drillOptions)[number] | typeof reportOption>>

/** Seconds between two drills, in which nothing may be lost any more. */
const calm = 3

/**
 * Runs the drills one by one under a prober, after confirmation, and compares the losses with the inventory's limits.
 * Check mode only prints the plan.
 * @returns the exit code: 5 where clients lost answers for longer than a limit
 */
export async function runDrills(context: DrillContext, session: Session): Promise<number> {
  const { options, console, document } = context
  const asked = drills.filter((drill) => !('option' in drill) || options.own[drill.name])
  const chosen: Drill[] = asked.filter((drill: Drill) => drill.possible?.(session.inventory.cluster) ?? true)
  refuseUnknown(session.inventory.cluster.drill)
  const note = runNote('Drill')
  const locks = options.check ? undefined : await HostLocks.take(context, session, note)
  const notes = locks?.notes() ?? (await HostLocks.readNotes(session, note))
  const names = session.inventory.hosts.map(({ name }) => name)
  if (agreedNote(names, notes, note.folder))
    throw new UserError('a rolling reboot was not ended: end it with --resume first', exitCode.failed)
  const control = await openControl(context, session, { minServing: session.inventory.hosts.filter(serves).length - 1 })
  const limits = limitsOf(control, chosen)
  if (!locks) {
    const states = await control.states()
    for (const { target, title } of chosen) console.print(`drill  would ${title(target(control, states), control)}`)
    return exitCode.changesFound
  }
  const kinds = chosen.map(({ name }) => name).join(', ')
  const question = `This breaks the cluster on purpose (${kinds}); clients may notice. Go on`
  if (!options.yes && !(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was done')
  const traffic = await TrafficMonitor.start(context, session)
  const failure: unknown = await carryOutAll(context, control, traffic, chosen, locks).catch((error: unknown) => error)
  const findings = await conclude(context, session, traffic, {
    title: document.playbook,
    file: options.own.report,
    states: () => control.reachableStates(),
    failure,
    about: (index) => ({ limit: limits[index] }),
    judge: ({ steps, tallies, problem }) => [
      ...(problem
        ? [{ code: 'losses-unknown' as const, text: `the losses are not known: ${problem}` }]
        : judgeDrills(steps, limits)),
      ...judgeAnswerers(session.inventory, tallies),
    ],
  })
  document.findings = findings
  for (const { text } of findings) console.print(`drill  ${console.colour.red('failed')}  ${text}`)
  if (failure) throw failure
  if (findings.length > 0) return exitCode.checkFailed
  const how =
    askedServicesOf(session.inventory.cluster).length > 0
      ? 'within the limits of cluster.drill'
      : 'the cluster is healthy again; what clients lost is not known, since nobody can be asked'
  console.print(`drill  ${console.colour.green('passed')}  ${how}`)
  return exitCode.ok
}

/**
 * @param given `cluster.drill` of the inventory, whose schema knows no drill
 * @throws UserError for a drill that there is not
 */
export function refuseUnknown(given: Cluster['drill']): void {
  const names: string[] = drills.map(({ name }) => name)
  for (const name of Object.keys(given))
    if (!names.includes(name)) {
      const path = dotted(['cluster', 'drill', name])
      throw new UserError(`${path}: there is no such drill${didYouMean(name, names)}; there are ${names.join(', ')}`)
    }
}

/** @returns seconds for which clients may lose answers, one a drill */
export function limitsOf(control: ClusterControl, chosen: readonly Drill[]): number[] {
  const { drill: given } = control.session.inventory.cluster
  return chosen.map((drill: Drill) => given[drill.name] ?? drill.limit(control))
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
  context.atEnd(() => context.interrupted && drill.heal?.now(site))
  traffic.step(title)
  context.console.print(`drill  ${title}`)
  try {
    await drill.inject(site)
    await drill.heal?.now(site)
    await site.until((states) => control.findings(states)[0]?.text)
  } catch (error) {
    await context.checkpoint()
    await drill.heal?.now(site).catch((failed: Error) => {
      const hope = `the host heals itself within ${drill.heal!.after} s`
      throw new UserError(`${(error as Error).message}\nnot healed (${failed.message}): ${hope}`, exitCode.failed)
    })
    throw error
  }
  await control.session.clock.sleep(calm * 1000)
}

/** @returns who has answered meanwhile, and is none of the nodes: that is no loss, and no answer of the cluster either */
export function judgeAnswerers(inventory: Pick<Inventory, 'cluster' | 'hosts'>, tallies: Step['tallies']): Finding[] {
  const known = namesByAnswer(inventory)
  return Object.entries(tallies).flatMap(([server, { answers }]) => {
    const strangers = Object.keys(answers).filter((who) => who !== '' && !known.has(who))
    if (strangers.length === 0) return []
    return [
      {
        code: 'unknown-answerer',
        about: server,
        text: `${server}: answers from unknown servers: ${strangers.join(' and ')}`,
      },
    ]
  })
}

/**
 * @param limits seconds, one a step
 * @returns where clients lost answers for longer than is allowed
 */
export const judgeDrills = (steps: readonly Step[], limits: readonly number[]): Finding[] =>
  steps.flatMap(({ label, tallies }, index) => {
    const longest = Math.max(0, ...Object.values(tallies).map(({ span }) => span))
    const limit = limits[index]!
    const text = `${label}: clients lost answers for ${longest.toFixed(1)} s, and ${limit} s are allowed`
    return longest > limit ? [{ code: 'over-limit', about: label, text }] : []
  })
