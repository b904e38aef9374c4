// What tests of direct routing and of real servers of their own share.
import * as assert from 'uvu/assert'
import { asked, disconnect, playbook } from './cluster.ts'
import { assertNothingLost } from './watched.ts'

/** Reboots the nodes of a cluster while clients ask. @returns what they heard */
export const rolled = (inventory: string, ...more: string[]) =>
  asked(
    'remote',
    async () => {
      const run = await playbook('rolling-reboot', '--inventory', inventory, ...more)
      assert.is(run.code, 0, run.text)
      assertNothingLost(run.document.prober!)
      // Connections of before the reboots are dead.
      await disconnect()
    },
    inventory,
  )

/** Brings a cluster to a level, and looks at who has answered and whom the nodes have seen. */
export async function bring(
  level: 1 | 2,
  inventory: string,
  real: readonly string[],
  expected = [['10.2.1.10'], ['10.3.1.10']],
): Promise<void> {
  const { code, text, document } = await playbook(`level${level}`, '--inventory', inventory)
  assert.is(code, 0, text)
  const { answers, findings, seen } = document.cluster!
  assert.equal(findings, [])
  for (const { answered } of answers)
    for (const who of Object.values(answered)) assert.equal(new Set(who).size, level === 1 ? 1 : real.length)
  if (level === 1) return
  assert.equal(new Set(answers.flatMap(({ answered }) => Object.values(answered).flat())), new Set(real))
  assert.equal(
    seen.map(({ addresses }) => addresses),
    expected,
  )
}
