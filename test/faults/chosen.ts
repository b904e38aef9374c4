import * as assert from 'uvu/assert'
import { disconnect, resetWithPackages, startLab } from '../lab/cluster.ts'
import { test } from '../lab/suite.ts'
import { Cluster, type Played } from './play.ts'
import { nameOf } from './row.ts'
import { isChosen, rows } from './rows/all.ts'
import { tableOf } from './table.ts'

/** Plays the rows of a level that CI has time for, as tests, and prints their table. */
export function playChosen(level: 2 | 3): void {
  const cluster = new Cluster()
  const results: Played[] = []
  test.before(async () => {
    await startLab()
    await resetWithPackages()
  })
  for (const row of rows.filter((row) => (row.level ?? 2) === level && isChosen(row)))
    test(nameOf(row), async () => {
      const played = await cluster.play(row)
      results.push(played)
      assert.is(played.wrong, undefined, [played.wrong, ...played.left].join('\n'))
    })
  test.after(async () => {
    await disconnect()
    console.log(tableOf(results).join('\n'))
  })
  test.run()
}
