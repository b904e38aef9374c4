// A quick failover: drills keep to limits of a second, the death of a machine too, and nothing moves without a death.
import { setTimeout as sleep } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { start } from '../../lab/lab.ts'
import {
  asked,
  disconnect,
  holder,
  inventoryWithoutPassword,
  kill,
  nodes,
  on,
  other,
  playbook,
  resetWithPackages,
  startLab,
  until,
} from './cluster.ts'
import { test } from './suite.ts'
import { talkOverTcp } from './talking.ts'
import { assertNothingLost, watched } from './watched.ts'

const limits = 'drill: { restart: 1, service: 1.2, kill: 1, cut: 1 }'
const quick = (more = '') => ['--inventory', inventoryWithoutPassword(`failover: quick\n  ${limits}${more}`)]

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level3')).code, 0)
})
test.after(() => disconnect())

test('a live cluster becomes quick, and none loses an answer', async () => {
  const { run, seen } = await watched('level3', ...quick())
  assertNothingLost(seen)
  assert.equal(run.document.cluster!.findings, [])
})

test('keepalived loads another configuration on both nodes: none loses an answer, and pools stay whole', async () => {
  const { run, seen } = await watched('level3', ...quick('\n  balancing: { scheduler: wrr }'))
  assertNothingLost(seen)
  assert.equal(run.document.cluster!.findings, [])
  assert.is((await playbook('level3', ...quick())).code, 0)
})

test('nobody dies, and nothing moves', async () => {
  const events =
    'journalctl -q -u keepalived -o cat --no-pager | grep -cE "STATE|BFD_Instance|(Removing|Adding) service"; true'
  const had = await Promise.all(nodes.map((node) => on(node, events)))
  await sleep(60_000)
  assert.equal(await Promise.all(nodes.map((node) => on(node, events))), had)
})

test('drills: answers are lost for a second at most', async () => {
  const run = await playbook('drill', '--kill', '--cut', ...quick())
  assert.is(run.code, 0, run.text)
})

/** Powers a node off while clients ask. @returns the seconds from the first answer that is lost to the last, 0 where none is */
async function lostFor(node: string): Promise<number> {
  const { samples } = await asked(
    'remote',
    async () => {
      await sleep(5000)
      await kill(node)
      await sleep(15_000)
    },
    quick()[1],
  )
  await start(node)
  // A machine that has just booted still loads what it has.
  await until(async () => assert.is((await playbook('verify', ...quick())).code, 0))
  const lost = samples.filter((sample) => sample.lost).map(({ sent }) => sent)
  console.log(`lost ${lost.length} of ${samples.length}, at ${lost.map((at) => at.toFixed(1)).join(' ')} s`)
  return lost.length === 0 ? 0 : lost.at(-1)! - lost[0]!
}

for (const level of [3, 2] as const)
  for (const who of ['holder', 'other node'] as const)
    test(`level ${level}: the machine of the ${who} is killed: within a second nobody notices any more`, async () => {
      const run = await playbook(`level${level}`, ...quick())
      assert.is(run.code, 0, run.text)
      const holds = await holder()
      const seconds = await lostFor(who === 'holder' ? holds : other(holds))
      assert.ok(seconds <= 1, `lost for ${seconds} s`)
    })

test('level 3: the machine of the holder is killed, and open TCP connections of the other node live on', async () => {
  const run = await playbook('level3', ...quick())
  assert.is(run.code, 0, run.text)
  const died = await holder()
  const talking = talkOverTcp()
  await sleep(6000)
  await kill(died)
  const lines = await talking
  console.log(lines.join(', '))
  await start(died)
  await until(async () => assert.is((await playbook('verify', ...quick())).code, 0))
  assert.equal([...new Set(lines)].sort(), [`${died} broken`, `${other(died)} lives`].sort())
})

test('the live cluster gets its usual timing back, and none loses an answer', async () => {
  const { run, seen } = await watched('level2')
  assertNothingLost(seen)
  assert.equal(run.document.cluster!.findings, [])
})

test.run()
