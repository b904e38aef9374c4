// The rows of the fault matrix, which are played on the lab's machines: docs/faults.md.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { nameOf } from './faults/row.ts'
import { chosen, rows } from './faults/rows/all.ts'

test('each row has a name of its own, those of a level stand together, and what CI plays is there', () => {
  const names = rows.map(nameOf)
  assert.equal(names.toSorted(), [...new Set(names)].toSorted())
  const levels = rows.map(({ level = 2 }) => level)
  assert.equal(
    levels,
    levels.toSorted((a, b) => a - b),
  )
  assert.equal(
    chosen.filter((name) => !names.includes(name)),
    [],
  )
})

test('every execution of a run is broken off in each way', () => {
  const ways = new Map<string, number>()
  for (const { level, break: broken } of rows)
    if (broken && level) ways.set(`${level} ${broken.at}`, (ways.get(`${level} ${broken.at}`) ?? 0) + 1)
  assert.equal(
    [...ways.values()].filter((count) => count !== 6),
    [],
  )
  assert.is(ways.size, 60)
})

test.run()
