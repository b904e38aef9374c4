import type { HostResult, Listener } from './events.ts'
import { type HostOptions, type RunHost, runHost } from './host.ts'

/**
 * Runs all hosts, at most `forks` at a time; on each its tasks run in order. After an interrupt no further host is begun.
 * @returns one result a host, in the order of the hosts
 */
export async function runHosts(
  hosts: readonly RunHost[],
  options: HostOptions & { forks: number; interrupted: () => boolean },
  tell: Listener,
): Promise<HostResult[]> {
  const results: HostResult[] = []
  const queue = hosts.entries()
  const work = async () => {
    for (const [index, host] of queue) {
      if (options.interrupted()) return
      results[index] = await runHost(host, options, tell)
    }
  }
  await Promise.all(Array.from({ length: Math.min(options.forks, hosts.length) }, work))
  return results
}
