import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import type { Documents } from '../../documents/all.ts'
import { junit } from '../../engine/cli/junit.ts'
import { Profile } from '../../engine/cli/profile.ts'

const folder = mkdtempSync(join(tmpdir(), 'junit-'))
test.after(() => rmSync(folder, { recursive: true }))

const host = { notTried: [], tasks: 3, executions: 3, seconds: 2.5, changes: [] }
const run = (hosts: Documents['run']['hosts'], more: Partial<Documents['run']> = {}) =>
  junit({ document: 'run', playbook: 'Level 2', exitCode: 0, hosts, ...more })

test('a run: a suite a host, a case a change', () => {
  const change = { task: 'file /etc/a', before: '', after: 'x', seconds: 1.25 }
  assert.is(
    run([
      { ...host, host: 'ns1', status: 'changed', changes: [change] },
      { ...host, host: 'ns2', status: 'ok' },
    ]),
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="Level 2">
  <testsuite name="ns1" tests="2" failures="0" errors="0" skipped="0" time="2.500">
    <testcase classname="ns1" name="file /etc/a" time="1.250"/>
    <testcase classname="ns1" name="the rest of 3 tasks: nothing to change" time="0.000"/>
  </testsuite>
  <testsuite name="ns2" tests="1" failures="0" errors="0" skipped="0" time="2.500">
    <testcase classname="ns2" name="the rest of 3 tasks: nothing to change" time="0.000"/>
  </testsuite>
</testsuites>
`,
  )
})

test('what failed, what was not tried, what nobody reached, and what is wrong with the cluster', () => {
  const cluster = { holders: {}, states: [], answers: [], verdicts: [], seen: [] }
  const text = run(
    [
      {
        ...host,
        host: 'ns1',
        status: 'failed',
        failure: { task: 'service "a" <b> & c', reason: 'no\u001b[31m' },
        notTried: ['d'],
      },
      { ...host, host: 'ns2', status: 'unreachable', failure: { reason: 'no answer' } },
    ],
    { cluster: { ...cluster, findings: [{ code: 'outage', text: 'no node holds it' }] } },
  )
  assert.match(text, 'name="service &#34;a&#34; &lt;b&gt; &amp; c"')
  assert.match(text, '<failure message="no\ufffd[31m"></failure>')
  assert.match(text, '<skipped message="not tried"></skipped>')
  assert.match(text, '<error message="no answer"></error>')
  assert.match(
    text,
    /<testsuite name="cluster" tests="1" failures="1" .*\n.* name="outage".*\n *<failure message="no node holds it">/,
  )
})

test('check mode: what would change has failed, with the difference', () => {
  const change = { task: 'file /etc/a', before: 'old\n', after: 'new\n' }
  const text = run([{ ...host, host: 'ns1', status: 'would change', changes: [change] }], { check: true })
  assert.match(text, 'failures="1"')
  assert.match(text, '<failure message="would change">')
  assert.match(text, '-old\n+new')
})

test('a rollback: a suite a host, and what was not undone has failed', () => {
  const text = junit({
    ...{ document: 'rollback', playbook: 'Rollback', exitCode: 4 },
    hosts: [
      { host: 'ns1', undone: true, code: 0 },
      { host: 'ns2', undone: false, code: 1 },
      { host: 'ns3', undone: false, code: 4 },
    ],
  })
  assert.match(text, 'name="its run is undone"')
  assert.match(text, /name="ns2" tests="1" failures="1"[^]*<failure message="ended with exit code 1">/)
  assert.match(text, /name="ns3" tests="1" failures="0" errors="1"/)
})

test('a rolling reboot: what it tolerated has not failed, and no end that is not good is green', () => {
  const step = { node: 'ns1', step: 'reboot', outcome: 'x', seconds: 4 }
  const findings = [{ code: 'conntrack-full' as const, node: 'ns1', text: 'full' }]
  const ended = (exitCode: number, more = {}) =>
    junit({ document: 'rolling-reboot', playbook: 'x', exitCode, steps: [step], ...more })
  assert.match(ended(0, { findings }), /failures="0" errors="0" skipped="1"[^]*<skipped message="full">/)
  assert.match(ended(5, { findings }), /<failure message="full">/)
  assert.match(ended(1), '<error message="ended with exit code 1">')
  assert.not.match(ended(0), '<error')
})

test('--junit: written also where the inventory is wrong, and refused before anything where it can not be', async () => {
  const $$ = $({ quiet: true, nothrow: true })
  const file = join(folder, 'report.xml')
  const wrong = await $$`npx zx playbooks/level1.mts --inventory ${join(folder, 'nowhere.yaml')} --junit ${file}`
  assert.is(wrong.exitCode, 3)
  assert.match(readFileSync(file, 'utf8'), /<testsuite name="playbook" .*errors="1"[^]*nowhere\.yaml/)
  const nowhere = await $$`npx zx playbooks/level1.mts --junit ${join(folder, 'no', 'report.xml')}`
  assert.is(nowhere.exitCode, 3)
  assert.match(nowhere.stderr, /report can't be written to .*there is no folder/)
  assert.not.ok(existsSync(join(folder, 'no')))
})

test('--profile: what each host takes its time for, and the changes that take longest first', () => {
  const profile = new Profile()
  const change = (task: string) => ({ task, before: '', after: '' })
  profile.listen({ type: 'connecting', host: 'ns1' })
  profile.listen({ type: 'change started', host: 'ns1', task: 'a' })
  profile.listen({ type: 'change ended', host: 'ns1', change: change('a'), seconds: 1 })
  profile.listen({ type: 'change ended', host: 'ns1', change: change('b'), seconds: 12.34 })
  profile.listen({ type: 'host ended', result: { ...host, host: 'ns1', status: 'changed' } })
  assert.equal(profile.lines(), [
    'time  ns1     0.0 s  connecting 0.0, changing 0.0, waiting 0.0',
    'time  ns1    12.3 s  b',
    'time  ns1     1.0 s  a',
  ])
})

test.run()
