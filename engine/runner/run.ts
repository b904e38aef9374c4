import type { HostResult, Listener } from './events.ts'
import { type HostOptions, HostRun, type PlannedChange, type RunHost } from './host.ts'
import { type Ask, refuseUnknown } from './selection.ts'

export interface RunOptions extends HostOptions {
  /** Hosts at work at the same time. */
  forks: number
  /**
   * Called with the changes of all hosts, in check mode too.
   * @param lost hosts that have no plan, since they are unreachable or refused
   * @throws UserError where none of the changes must be made
   */
  refuse?: (planned: readonly PlannedChange[], lost: readonly string[]) => Promise<void>
  /**
   * Called once before the first change of any host, where there is one to make.
   * @param planned the changes of all hosts
   * @returns turns, where hosts are to be changed one after the other
   */
  beforeChanges?: (planned: readonly PlannedChange[]) => Promise<Turns | undefined>
  /** Asks about each change before the first is made. */
  ask?: Ask
  /** Whether hosts are parts of one whole: where one is refused, none is begun. */
  together?: boolean
  /** True after an interrupt: no further host is started. */
  interrupted: () => boolean
}

/** How hosts are changed one after the other. */
export interface Turns {
  /** Their names. */
  order: readonly string[]
  /**
   * Changes a host in one phase.
   * @param keys of the changes
   * @throws UserError, HostError where the next host must not be changed
   */
  turn(host: string, keys: readonly string[], work: () => Promise<void>): Promise<void>
}

/**
 * Runs all hosts, at most `forks` at a time, with the tasks of each host in order. At a barrier, all hosts wait for
 * each other; if one host fails before it, no host continues, and none begins where that is known before the first change.
 * @returns one result a host, in the order of the hosts
 */
export async function runHosts(hosts: readonly RunHost[], options: RunOptions, tell: Listener): Promise<HostResult[]> {
  const runs = hosts.map((host) => new HostRun(host, options, tell))
  await inParallel(runs, options, (run) => run.plan())
  const lostAlready = failedOf(runs)
  const refused = runs.some(({ result }) => result.status === 'failed')
  // What begins here and can't go on would be left half done.
  const never = runs.some((run) => run.lastPhase > 0) && lostAlready.length > 0
  if (!options.check && (never || (options.together && refused))) {
    for (const run of runs) run.holdBack(lostAlready)
    return runs.map(({ result }) => result)
  }
  refuseUnknown(
    options.wanted ?? {},
    runs.flatMap((run) => run.tasks),
  )
  if (options.ask) for (const run of runs) await run.choose(options.ask)
  const planned = runs.flatMap((run) => run.planned)
  await options.refuse?.(planned, lostAlready)
  const turns =
    !options.check && runs.some((run) => run.lastPhase >= 0) ? await options.beforeChanges?.(planned) : undefined
  // A host that is planned again may get a later last phase.
  for (let phase = 0; runs.some((run) => run.lastPhase >= phase); phase++) {
    const lost = failedOf(runs)
    if (phase > 0 && lost.length > 0) {
      for (const run of runs) run.holdBack(lost)
      break
    }
    if (turns) await inTurn(runs, options, turns, phase)
    else await inParallel(runs, options, (run) => run.change(phase))
  }
  return runs.map(({ result }) => result)
}

const failedOf = (runs: readonly HostRun[]) => runs.filter((run) => run.failed).map(({ result }) => result.host)

/** After a host that fails, no other is changed. */
async function inTurn(
  runs: readonly HostRun[],
  { interrupted }: RunOptions,
  { order, turn }: Turns,
  phase: number,
): Promise<void> {
  for (const name of order) {
    const run = runs.find(({ result }) => result.host === name)
    const keys = run?.keysOf(phase) ?? []
    if (!run || keys.length === 0) continue
    if (interrupted()) return
    await run.change(phase, (work) => turn(name, keys, work))
    if (!run.failed) continue
    for (const other of runs) other.holdBack([name])
    return
  }
}

async function inParallel(
  runs: readonly HostRun[],
  { forks, interrupted }: RunOptions,
  work: (run: HostRun) => Promise<void>,
): Promise<void> {
  const queue = runs.values()
  const worker = async () => {
    for (const run of queue) {
      if (interrupted()) return
      await work(run)
    }
  }
  await Promise.all(Array.from({ length: Math.min(forks, runs.length) }, worker))
}
