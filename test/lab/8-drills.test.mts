// Drills on real machines. Seconds are held against limits here: nothing else runs meanwhile.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { disconnect, holder, nodes, on, other, playbook, resetWithPackages, startLab } from './cluster.ts'
import { test } from './suite.ts'

test.before(async () => {
  await startLab()
  await resetWithPackages()
  assert.is((await playbook('level3')).code, 0)
})
test.after(() => disconnect())

test('check mode says what would be done to whom, and does nothing', async () => {
  const was = await Promise.all(nodes.map(starts))
  const run = await playbook('drill', '--kill', '--cut', '--check')
  assert.is(run.code, 2, run.text)
  const first = await holder()
  for (const title of [`restart keepalived on ${first}`, `stop named on ${other(first)}`, `cut eth0 of ${first}`])
    assert.match(run.text, `drill  would ${title}`)
  assert.equal(await Promise.all(nodes.map(starts)), was)
})

/** When keepalived and named began. */
const starts = (node: string) => on(node, 'systemctl show -p ExecMainStartTimestamp keepalived named')

test('drills: the losses are within the limits, also when processes are killed and the network is cut', async () => {
  const page = join(tmpdir(), `drill-${process.pid}.html`)
  const run = await playbook('drill', '--kill', '--cut', '--report', page)
  assert.is(run.code, 0, run.text)
  for (const part of ['kill every keepalived process on', 'Answers over time', 'The whole time'])
    assert.match(readFileSync(page, 'utf8'), part)
  rmSync(page)
  const [, service, kill] = run.document.prober!.steps.map(({ tallies }) => tallies.UDP!.span)
  assert.ok(kill! <= 4, `one holder again after ${kill} s`)
  assert.ok(service! <= 4, `out of the pools after ${service} s`)
  const rules = await Promise.all(nodes.map((node) => on(node, 'iptables-save | grep -c drill || true')))
  assert.equal(rules, ['0\n', '0\n'])
})

test.run()
