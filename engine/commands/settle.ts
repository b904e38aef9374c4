import type { Documents } from '../../documents/all.ts'
import type { Level } from '../../inventory/levels.ts'
import { exitCode } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { type Finding, isOfLoad, without } from '../cluster/finding.ts'
import type { HostResult } from '../runner/events.ts'
import { begunOn, confirmAll, goBackAll, type Unconfirmed } from './confirm.ts'
import { reportCheck } from './verify.ts'

type Context = RunContext<Documents['run']>

/** How a run is judged by the cluster check. */
interface Judged {
  /** The one that the hosts were brought to. */
  level: Level
  /** What was wrong before the run; undefined where there was no cluster, or nothing was changed. */
  before: readonly Finding[] | undefined
}

/** Some findings do not come of a change, or heal by themselves. */
const excused: ReadonlySet<Finding['code']> = new Set(['journal-error', 'client-failed', 'not-in-turn', 'unreachable'])

/** @returns a finding that a run has brought */
export const brought = (before: readonly Finding[], now: readonly Finding[]): Finding | undefined =>
  without(now, before).find((one) => !excused.has(one.code) && !isOfLoad(one))

/**
 * Checks the cluster after a run, then confirms the run on its hosts, or undoes it where the cluster is worse than before.
 * @param judged absent where the new connection alone decides
 * @param worse what a run that has failed has brought
 * @param stopWaiting what `keepWaiting` gave
 * @returns the exit code
 */
export async function settle(
  context: Context,
  run: Unconfirmed,
  results: readonly HostResult[],
  { judged, worse: failed, stopWaiting }: { judged?: Judged; worse?: Finding; stopWaiting: () => void },
): Promise<number> {
  const begun = begunOn(results)
  const hosts = begun.filter(({ status }) => status !== 'unreachable').map(({ host }) => host)
  for (const { host, status } of begun)
    if (status === 'unreachable') tellUnconfirmed(context, run, `${host} is not reached any more`)
  const checked = judged ? await check(context, run, results, { level: judged.level, hosts }) : exitCode.ok
  stopWaiting()
  const worse = judged?.before ? brought(judged.before, context.document.cluster!.findings) : failed
  if (worse && run.confirmWithin > 0 && hosts.length > 0) {
    await goBack(context, run, hosts, worse)
    return exitCode.checkFailed
  }
  const problems = await confirmAll(run, hosts)
  for (const problem of problems) tellUnconfirmed(context, run, problem)
  return Math.max(checked, problems.length > 0 ? exitCode.unreachable : exitCode.ok)
}

function check(
  context: Context,
  run: Unconfirmed,
  results: readonly HostResult[],
  { level, hosts }: { level: Level; hosts: readonly string[] },
): Promise<number> {
  const since = new Map(results.map(({ host, facts }) => [host, facts?.now]))
  return reportCheck(context, run.session, { level, since, changed: hosts.length > 0 }).catch((error: unknown) => {
    for (const host of hosts) tellUnconfirmed(context, run, `${host}: the cluster check broke off`)
    throw error
  })
}

function tellUnconfirmed({ console, document }: Context, { confirmWithin }: Unconfirmed, why: string): void {
  if (confirmWithin === 0) return
  const text = `${why}: what it was changed to is not confirmed, and it undoes that by itself within ${confirmWithin} s`
  console.print(`confirm  ${console.colour.red('failed')}  ${text}`)
  ;(document.unconfirmed ??= []).push(text)
}

async function goBack(
  { console, document }: Context,
  run: Unconfirmed,
  hosts: readonly string[],
  { text }: Finding,
): Promise<void> {
  console.print(`back  the run is undone, since the cluster was without this before: ${text}`)
  // From now on Ctrl-C confirms nothing.
  document.wentBack = { reason: text, hosts: hosts.map((host) => ({ host, undone: false })) }
  document.wentBack.hosts = await goBackAll(run, hosts, console)
  const all = document.wentBack.hosts.every(({ undone }) => undone)
  console.print(`back  ${all ? 'every host is as it was before this run' : 'not every host has gone back: see above'}`)
}
