import * as assert from 'uvu/assert'
import type { ProberSummary } from '../../engine/clients/prober.ts'
import type { PlaybookName } from '../documents.ts'
import { asked, disconnect, nodes, playbook, type Run } from './cluster.ts'

/**
 * No question is lost. Slow answers are allowed: an emulated machine that shares two cores with a booting one sometimes
 * takes longer than a second to answer, which says nothing about the cluster.
 * @param heard what a prober has heard
 * @param open of each service, how many TCP connections may end because they are open while the virtual IP goes to a node that
 * does not know them: from level 1 to 2 (docs/level2.md)
 */
export function assertNothingLost({ tallies, ...heard }: Heard, { open = 0 }: { open?: number } = {}): void {
  const all = Object.entries(tallies)
  const lost = all.flatMap(([server, { lost, slow }]) =>
    lost - slow > (server.includes('UDP') ? 0 : open) ? [`${server}: ${lost - slow}`] : [],
  )
  assert.ok(lost.length === 0, `lost ${lost.join(', ')} (${whenLost(heard)})`)
  for (const [server, { sent, slow }] of all) assert.ok(slow <= sent / 50, `${server}: ${slow} came late`)
}

/** What a prober has heard; a playbook's document holds no single questions. */
type Heard = Pick<ProberSummary, 'tallies' | 'steps'> &
  Partial<Pick<ProberSummary, 'samples'>> & { started: Date | string }

/** The first losses by the clock of the client, or the steps with losses: one line, for a summary. */
function whenLost({ samples, started, steps }: Omit<Heard, 'tallies'>): string {
  if (!samples)
    return steps
      .filter((step) => Object.values(step.tallies).some(({ lost, slow }) => lost > slow))
      .map(({ label, from, to }) => `${label}, ${from} to ${to} s`)
      .join('; ')
  const clock = (sent: number) => new Date(new Date(started).getTime() + sent * 1000).toISOString().slice(11, 23)
  const lost = samples.filter((sample) => sample.lost && sample.lost !== 'slow')
  const told = lost.slice(0, 12).map((one) => `${clock(one.sent)} ${one.server} ${one.lost}`)
  return [...told, ...(lost.length > told.length ? ['…'] : [])].join(', ')
}

/** Runs a playbook while a separate prober asks too, all services of its inventory. */
export async function watched<Name extends PlaybookName>(
  name: Name,
  ...args: string[]
): Promise<{ run: Run<Name>; seen: ProberSummary }> {
  let run: Run<Name> | undefined
  const work = async () => {
    await disconnect(nodes)
    run = await playbook(name, ...args)
  }
  const seen = await asked('remote', work, args[args.indexOf('--inventory') + 1 || args.length])
  assert.is(run!.code, 0, run!.text)
  return { run: run!, seen }
}
