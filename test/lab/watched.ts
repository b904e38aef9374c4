import * as assert from 'uvu/assert'
import type { ProberSummary } from '../../engine/clients/prober.ts'
import type { PlaybookName } from '../documents.ts'
import { asked, disconnect, nodes, playbook, type Run } from './cluster.ts'

/**
 * No question is lost. Slow answers are allowed: an emulated machine that shares two cores with a booting one sometimes
 * takes longer than a second to answer, which says nothing about the cluster.
 */
export function assertNothingLost({ tallies, steps, ...more }: Heard): void {
  const all = Object.entries(tallies)
  const lost = Object.fromEntries(all.map(([server, { lost, slow }]) => [server, lost - slow]))
  if (Object.values(lost).some((count) => count > 0)) {
    const samples = more.samples?.filter((sample) => sample.lost && sample.lost !== 'slow')
    console.log('lost:', JSON.stringify(samples ?? steps, undefined, 1))
  }
  assert.equal(lost, Object.fromEntries(all.map(([server]) => [server, 0])))
  for (const [server, { sent, slow }] of all) assert.ok(slow <= sent / 50, `${server}: ${slow} came late`)
}

/** What a prober has heard; a playbook's document holds no single questions. */
type Heard = Pick<ProberSummary, 'tallies' | 'steps'> & Partial<Pick<ProberSummary, 'samples'>>

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
