import type { HostResult, Listener } from './events.ts'
import { type HostOptions, HostRun, type RunHost } from './host.ts'

export interface RunOptions extends HostOptions {
  /** Hosts at work at the same time. */
  forks: number
  /** Called once before the first change of any host, where there is one to make. */
  beforeChanges?: () => Promise<void>
  /** True after an interrupt: no further host is started. */
  interrupted: () => boolean
}

/**
 * Runs all hosts, at most `forks` at a time, with the tasks of each host in order. At a barrier, all hosts wait for
 * each other; if one host fails before it, no host continues.
 * @returns one result a host, in the order of the hosts
 */
export async function runHosts(hosts: readonly RunHost[], options: RunOptions, tell: Listener): Promise<HostResult[]> {
  const runs = hosts.map((host) => new HostRun(host, options, tell))
  await inParallel(runs, options, (run) => run.plan())
  if (!options.check && runs.some((run) => run.lastPhase >= 0)) await options.beforeChanges?.()
  // A host that is planned again may get a later last phase.
  for (let phase = 0; runs.some((run) => run.lastPhase >= phase); phase++) {
    const lost = runs.filter((run) => run.failed).map(({ result }) => result.host)
    if (phase > 0 && lost.length > 0) {
      for (const run of runs) run.holdBack(lost)
      break
    }
    await inParallel(runs, options, (run) => run.change(phase))
  }
  return runs.map(({ result }) => result)
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
