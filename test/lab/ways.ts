import * as assert from 'uvu/assert'
import type { Level } from '../../inventory/levels.ts'
import { playbook } from './cluster.ts'
import { test } from './suite.ts'
import { assertNothingLost, watched } from './watched.ts'

/** Tests that a live cluster of a level goes to others, one after the other, while clients ask. */
export function testWays(from: Level, levels: readonly Level[]): void {
  for (const [place, level] of levels.entries()) {
    const before = levels[place - 1] ?? from
    test(`from level ${before} to ${level}, on a live cluster: nothing is lost`, async () => {
      const { seen } = await watched(`level${level}`, '--no-verify')
      assertNothingLost(seen, { open: before === 1 && level === 2 ? 1 : 0 })
      const again = await playbook(`level${level}`)
      assert.is(again.code, 0, again.text)
      assert.is(again.document.cluster!.level, level)
      assert.equal(
        again.document.hosts!.flatMap(({ changes }) => changes),
        [],
      )
    })
  }
}
