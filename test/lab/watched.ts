import * as assert from 'uvu/assert'
import type { ProberAccount } from '../../cluster/prober.ts'
import { asked, disconnect, nodes, playbook, type Run } from './cluster.ts'

/**
 * Nobody waited in vain. An emulated machine that shares two cores with a booting one now and then takes longer than a
 * second to answer; that says nothing of the cluster.
 */
export function assertNothingLost({ UDP, TCP }: Pick<ProberAccount, 'UDP' | 'TCP'>): void {
  assert.equal({ UDP: UDP.lost - UDP.slow, TCP: TCP.lost - TCP.slow }, { UDP: 0, TCP: 0 })
  assert.ok(UDP.slow <= UDP.sent / 50 && TCP.slow <= TCP.sent / 50, `${UDP.slow} and ${TCP.slow} came late`)
}

/** Runs a playbook while somebody else than the playbook asks as well. */
export async function watched(name: string, ...args: string[]): Promise<{ run: Run; seen: ProberAccount }> {
  let run: Run | undefined
  const seen = await asked('remote', async () => {
    await disconnect(nodes)
    run = await playbook(name, ...args)
  })
  assert.is(run!.code, 0, run!.text)
  return { run: run!, seen }
}
