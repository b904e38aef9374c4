import * as assert from 'uvu/assert'
import type { ProberSummary } from '../../engine/clients/prober.ts'
import type { PlaybookName } from '../documents.ts'
import { asked, disconnect, nodes, playbook, type Run } from './cluster.ts'

/**
 * No question is lost. Slow answers are allowed: an emulated machine that shares two cores with a booting one sometimes
 * takes longer than a second to answer, which says nothing about the cluster.
 */
export function assertNothingLost({ UDP, TCP, steps, ...more }: Heard): void {
  const lost = { UDP: UDP.lost - UDP.slow, TCP: TCP.lost - TCP.slow }
  if (lost.UDP + lost.TCP > 0) {
    const samples = more.samples?.filter((sample) => sample.lost && sample.lost !== 'slow')
    console.log('lost:', JSON.stringify(samples ?? steps, undefined, 1))
  }
  assert.equal(lost, { UDP: 0, TCP: 0 })
  assert.ok(UDP.slow <= UDP.sent / 50 && TCP.slow <= TCP.sent / 50, `${UDP.slow} and ${TCP.slow} came late`)
}

/** What a prober has heard; a playbook's document holds no single questions. */
type Heard = Pick<ProberSummary, 'UDP' | 'TCP' | 'steps'> & Partial<Pick<ProberSummary, 'samples'>>

/** Runs a playbook while a separate prober asks too. */
export async function watched<Name extends PlaybookName>(
  name: Name,
  ...args: string[]
): Promise<{ run: Run<Name>; seen: ProberSummary }> {
  let run: Run<Name> | undefined
  const seen = await asked('remote', async () => {
    await disconnect(nodes)
    run = await playbook(name, ...args)
  })
  assert.is(run!.code, 0, run!.text)
  return { run: run!, seen }
}
