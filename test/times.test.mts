import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { filesOf, tiers } from './tiers.ts'
import { TimeLeft, usual, usualSeconds } from './times.ts'

const test = suite('The time that is left for tests')

test('every file whose time is known is there', () => {
  const files = Object.values(tiers).flatMap((tier) => filesOf(tier, ''))
  const known = new Set(files.filter((file) => usualSeconds(file) > 0))
  assert.is(known.size, Object.keys(usual).length)
})

const level3 = 'test/lab/5-level3.test.mts'

test('what would not end in time does not begin, what is short still does', () => {
  assert.ok(new TimeLeft().fits(level3))
  assert.ok(new TimeLeft(usualSeconds(level3) * 1.3).fits(level3))
  const left = new TimeLeft(usualSeconds(level3))
  assert.not.ok(left.fits(level3))
  assert.ok(left.fits('test/sh.test.mts'))
})

test('a slow machine has less time, a fast one no more', () => {
  const left = new TimeLeft(usualSeconds(level3) * 1.3)
  left.took('test/lab/1-level1.test.mts', usualSeconds('test/lab/1-level1.test.mts') / 4)
  left.took('test/sh.test.mts', 1000)
  assert.is(left.slowness, 0.25)
  assert.ok(left.fits(level3))
  left.took('test/lab/2-level2.test.mts', usualSeconds('test/lab/2-level2.test.mts') * 4)
  assert.ok(left.slowness > 2)
  assert.not.ok(left.fits(level3))
})

test.run()
