// The ways between levels that 5-level3 does not go: it goes down step by step, and from level 1 to 3.
import * as assert from 'uvu/assert'
import { disconnect, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'
import { testWays } from './ways.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level1')).code, 0)
})
test.after(() => disconnect())

testWays(1, [2, 3, 1])

test.run()
