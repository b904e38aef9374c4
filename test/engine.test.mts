// The engine with real bash on this machine, in a folder of its own; no cluster and no SSH.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../runner/errors.ts'
import type { HostResult, Listener, RunEvent } from '../runner/events.ts'
import type { HostOptions, RunHost } from '../runner/host.ts'
import { localTransport } from '../runner/local.ts'
import { batchProbes } from '../runner/probe.ts'
import { Redactor } from '../runner/redact.ts'
import { rollbackScript } from '../runner/rollback.ts'
import { runHosts } from '../runner/run.ts'
import { sh } from '../runner/sh.ts'
import { everyHost, type Listed, type Task, unchanged } from '../runner/task.ts'
import type { Transport } from '../runner/transport.ts'
import { file } from '../tasks/file.ts'
import { line } from '../tasks/line.ts'

const base = mkdtempSync(join(tmpdir(), 'engine-'))
const folder = join(base, 'work')
const path = (name: string) => join(folder, name)
test.before.each(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(join(base, 'state'), { recursive: true, force: true })
})
test.after(() => rmSync(base, { recursive: true, force: true }))

/** A task whose state is whether a file is there. */
const touch = (name: string, apply = sh`mkdir -p ${folder}; touch ${path(name)}`): Task => ({
  name: `touch ${name}`,
  probe: sh`[ -e ${path(name)} ]`,
  plan: ({ code }) => (code === 0 ? unchanged() : { before: '', after: name, apply, undo: sh`rm -f ${path(name)}` }),
})

const host = (tasks: Listed[], transport: Transport = localTransport(), name = 'here'): RunHost => ({
  name,
  transport,
  tasks: () => tasks,
})
const options = {
  check: false,
  timeout: 60,
  note: { id: 'engine-test', by: 'the engine test', folder: join(base, 'state') },
}
const silent = () => {}
const runHost = async (one: RunHost, { check, timeout, note }: HostOptions, tell: Listener): Promise<HostResult> =>
  (await runHosts([one], { check, timeout, note, forks: 1, interrupted: () => false }, tell))[0]!

test('a run changes, proves it in two more executions, and the next run finds nothing', async () => {
  const tasks = [touch('a'), file(path('b'), "it's $HOME `x`\n\ttab ü"), line(path('a'), 'last; line')]
  const first = await runHost(host(tasks), options, silent)
  assert.is(first.status, 'changed')
  assert.equal(
    first.changes.map(({ task }) => task),
    tasks.map(({ name }) => name),
  )
  assert.is(first.executions, 4)
  assert.is(readFileSync(path('b'), 'utf8'), "it's $HOME `x`\n\ttab ü")
  assert.is(readFileSync(path('a'), 'utf8'), 'last; line\n')
})

test('a converged host takes two executions', async () => {
  await runHost(host([touch('a')]), options, silent)
  const second = await runHost(host([touch('a')]), options, silent)
  assert.is(second.status, 'ok')
  assert.is(second.executions, 2)
})

test('check mode announces exactly what the run then changes, and changes nothing', async () => {
  const tasks = [touch('a'), file(path('b'), 'x')]
  const check = await runHost(host(tasks), { ...options, check: true }, silent)
  assert.is(check.status, 'would change')
  assert.not.ok(existsSync(folder))
  const run = await runHost(host(tasks), options, silent)
  assert.equal(check.changes, run.changes)
})

test('a failure stops the host there: what was changed, what failed and why, what was not tried', async () => {
  const events: RunEvent[] = []
  const result = await runHost(host([touch('a'), touch('b', sh`echo no room; false`), touch('c')]), options, (event) =>
    events.push(event),
  )
  assert.is(result.status, 'failed')
  assert.equal(
    result.changes.map(({ task }) => task),
    ['touch a'],
  )
  assert.equal(result.failure, { task: 'touch b', reason: 'exit code 1: no room' })
  assert.equal(result.notTried, ['touch c'])
  assert.not.ok(existsSync(path('c')))
  assert.equal(
    events.map(({ type }) => type),
    [
      'connecting',
      'connected',
      'planned',
      'change started',
      'change ended',
      'change started',
      'change output',
      'host ended',
    ],
  )
})

test('a command that fails in the middle of a change ends it', async () => {
  const result = await runHost(host([touch('a', sh`false\ntouch ${path('a')}`)]), options, silent)
  assert.is(result.status, 'failed')
})

test('a task that still wants to change after its change has failed', async () => {
  const result = await runHost(host([touch('a', sh`true`)]), options, silent)
  assert.is(result.status, 'failed')
  assert.is(result.failure!.task, 'touch a')
  assert.match(result.failure!.reason, 'still not right after its change')
})

test('a file that its validation refuses is not replaced', async () => {
  await runHost(host([file(path('f'), 'old')]), options, silent)
  const result = await runHost(host([file(path('f'), 'new', { validate: sh`grep old "$file"` })]), options, silent)
  assert.is(result.status, 'failed')
  assert.is(readFileSync(path('f'), 'utf8'), 'old')
})

test('a line that its validation refuses is taken out again', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'old, unended')
  const result = await runHost(
    host([line(path('f'), 'new', { validate: sh`grep -c . ${path('f')} /no/such/file` })]),
    options,
    silent,
  )
  assert.is(result.status, 'failed')
  assert.match(result.failure!.reason, `put it there: ${path('f')}:2`)
  assert.match(result.failure!.reason, '/no/such/file: No such file')
  assert.is(readFileSync(path('f'), 'utf8'), 'old, unended')
  const well = await runHost(
    host([line(path('f'), 'new', { validate: sh`grep -q new ${path('f')}` })]),
    options,
    silent,
  )
  assert.is(well.status, 'changed')
})

test('rollback undoes a run that failed half way, the last change first, and then the run before it', async () => {
  await runHost(host([file(path('f'), 'first')]), { ...options, note: { ...options.note, id: '1' } }, silent)
  const broken: Task = {
    ...touch('b', sh`false`),
    plan: () => ({ before: '', after: 'b', apply: sh`false`, undo: sh`false` }),
  }
  const second = [file(path('f'), 'second'), touch('a'), broken]
  await runHost(host(second), { ...options, note: { ...options.note, id: '2' } }, silent)
  const rollback = (check: boolean) =>
    localTransport().run(rollbackScript(options.note.folder, 'the engine test', check).text, { timeout: 60 })

  assert.match((await rollback(true)).stdout.toString(), /undo touch b\nundo touch a\nundo file/)
  assert.ok(existsSync(path('a')))
  assert.is((await rollback(false)).code, 0)
  assert.not.ok(existsSync(path('a')))
  assert.is(readFileSync(path('f'), 'utf8'), 'first')
  assert.is((await rollback(false)).code, 0)
  assert.not.ok(existsSync(path('f')))
})

const shown = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined)
const rollBack = () => localTransport().run(rollbackScript(options.note.folder, 'a test', false).text, { timeout: 60 })
const numbered = (id: string) => ({ ...options, note: { ...options.note, id } })

test('what a run does not list any more is given back as it was before the first change; a rollback takes that back', async () => {
  mkdirSync(folder)
  writeFileSync(path('theirs'), 'theirs')
  writeFileSync(path('hosts'), 'no newline at its end')
  const list = (text: string) => [
    file(path('theirs'), text),
    line(path('hosts'), 'a line'),
    file(path('new/ours'), text),
  ]
  await runHost(host(list('one\n')), numbered('1'), silent)
  await runHost(host(list('two\n')), numbered('2'), silent)
  assert.is(shown('theirs'), 'two\n')

  const check = await runHost(host([]), { ...numbered('3'), check: true }, silent)
  const restored = [
    `restore file ${path('new/ours')}`,
    `restore line in ${path('hosts')}: a line`,
    `restore file ${path('theirs')}`,
  ]
  assert.equal(
    check.changes.map(({ task }) => task),
    restored,
  )
  assert.is(shown('theirs'), 'two\n')
  const run = await runHost(host([]), numbered('3'), silent)
  assert.is(run.status, 'changed')
  assert.equal(run.changes, check.changes)
  assert.is(shown('theirs'), 'theirs')
  assert.is(shown('hosts'), 'no newline at its end')
  assert.not.ok(existsSync(path('new')))
  assert.is((await runHost(host([]), numbered('4'), silent)).status, 'ok')

  assert.is((await rollBack()).code, 0)
  assert.is(shown('theirs'), 'two\n')
  assert.is(shown('new/ours'), 'two\n')
  assert.is((await runHost(host([]), numbered('5'), silent)).status, 'changed')
  assert.is(shown('theirs'), 'theirs')
})

test('rollbacks to the very first run leave nothing to give back', async () => {
  await runHost(host([file(path('f'), 'one')]), numbered('1'), silent)
  await runHost(host([file(path('f'), 'two')]), numbered('2'), silent)
  assert.is((await rollBack()).code, 0)
  assert.is(shown('f'), 'one')
  assert.is((await rollBack()).code, 0)
  assert.is(shown('f'), undefined)
  assert.is((await runHost(host([]), numbered('3'), silent)).status, 'ok')
})

test('a run that breaks off has kept how everything was, also what its first changes touch; rolled back, it has not', async () => {
  const kept = () => readdirSync(join(options.note.folder, 'originals'))
  const installs = touch('f', sh`mkdir -p ${folder}; echo started >${path('f')}`)
  const ours = [file(path('f'), 'ours'), file(path('g'), 'ours')]
  await runHost(host([installs, touch('b', sh`false`), ...ours]), numbered('1'), silent)
  assert.is(shown('f'), 'started\n')
  assert.is(kept().length, 2)
  // What was never made is not given back.
  assert.is((await runHost(host([]), numbered('2'), silent)).status, 'ok')

  assert.is((await runHost(host(ours), numbered('2'), silent)).status, 'changed')
  await rollBack()
  assert.is(shown('f'), 'started\n')
  await runHost(host(ours), numbered('2'), silent)
  await runHost(host([]), numbered('3'), silent)
  assert.is(shown('f'), undefined)

  await rollBack()
  await rollBack()
  assert.is(kept().length, 2)
  await rollBack()
  assert.equal(kept(), [])
})

test('what a run that broke off has kept goes with the next run that makes all of its changes', async () => {
  await runHost(host([touch('b', sh`false`), file(path('g'), 'ours')]), numbered('1'), silent)
  mkdirSync(folder)
  writeFileSync(path('g'), 'theirs')
  await runHost(host([touch('a')]), numbered('2'), silent)
  await runHost(host([file(path('g'), 'ours')]), numbered('3'), silent)
  await runHost(host([]), numbered('4'), silent)
  assert.is(shown('g'), 'theirs')
})

test('where hosts wait for each other, none goes on without the others', async () => {
  const well = host([touch('a'), everyHost, touch('b')], localTransport(), 'well')
  const state = (name: string) => ({ ...well, name, transport: localTransport() })
  const failing = host([touch('c', sh`false`)], localTransport(), 'failing')
  const own = (one: RunHost): RunHost => ({ ...one })
  // Both work on this machine, so one at a time.
  const run = (hosts: RunHost[]) => runHosts(hosts.map(own), { ...options, forks: 1, interrupted: () => false }, silent)
  const [held, lost] = await run([state('well'), failing])
  assert.is(lost!.status, 'failed')
  assert.is(held!.status, 'failed')
  assert.match(held!.failure!.reason, 'the rest waits for every host, and this run has lost failing')
  assert.equal(held!.notTried, ['touch b'])
  assert.ok(existsSync(path('a')))
  assert.not.ok(existsSync(path('b')))
  const [again] = await run([state('well')])
  assert.is(again!.status, 'changed')
  assert.ok(existsSync(path('b')))
})

test('names are data: nothing in them becomes shell code', async () => {
  const evil = `$(touch ${path('owned')}); touch ${path('owned')} \`touch ${path('owned')}\` ' " \\ \n x`
  const result = await runHost(
    host([file(path(`f ${evil.replaceAll('/', '|')}`), evil), line(path('l'), evil.replaceAll('\n', ' '))]),
    options,
    silent,
  )
  assert.is(result.status, 'changed', result.failure?.reason)
  assert.not.ok(existsSync(path('owned')))
})

test('two runs on one host: the second is told who is at work', async () => {
  const slow = runHost(host([touch('a', sh`sleep 2; mkdir -p ${folder}; touch ${path('a')}`)]), options, silent)
  await new Promise((resolve) => setTimeout(resolve, 800))
  const second = await runHost(host([touch('b')]), options, silent)
  assert.is(second.status, 'failed')
  assert.match(second.failure!.reason, 'another run is at work on here: the engine test')
  assert.equal(second.notTried, ['touch b'])
  assert.is((await slow).status, 'changed')
})

test('a host that is not reached or breaks leaves the others alone', async () => {
  const dead: Transport = {
    connect: () => Promise.reject(new HostError('dead: connection refused')),
    run: () => Promise.reject(new Error('never called')),
    close: () => Promise.resolve(),
  }
  const broken: Task = { ...touch('x'), plan: () => JSON.parse('{') }
  const hosts = [
    host([], dead, 'dead'),
    host([broken], localTransport(), 'broken'),
    host([touch('a')], localTransport(), 'well'),
  ]
  const results = await runHosts(hosts, { ...options, forks: 2, interrupted: () => false }, silent)
  assert.equal(
    results.map(({ status }) => status),
    ['unreachable', 'failed', 'changed'],
  )
  assert.is(results[0]!.failure!.reason, 'dead: connection refused')
  assert.match(results[1]!.failure!.reason, 'a defect of this playbook')
})

test('probes: exact output, codes, and nobody harms the next', async () => {
  const batch = batchProbes([
    sh`printf 'no newline'; exit 3`,
    sh`echo; echo x; PATH=/nowhere`,
    sh`true`,
    sh`ls / >/dev/null && printf ' '`,
  ])
  const { stdout } = await localTransport().run(batch.script, { timeout: 60 })
  assert.equal(batch.parse(stdout), [
    { text: 'no newline', code: 3 },
    { text: '\nx\n', code: 0 },
    { text: '', code: 0 },
    { text: ' ', code: 0 },
  ])
  assert.throws(() => batch.parse(stdout.subarray(0, -5)), /3 of 4 probes answered/)
})

test('probes: tasks that ask the same are served by one run of it', async () => {
  mkdirSync(folder)
  const count = sh`echo >>${path('runs')}; cat ${path('runs')}`
  const batch = batchProbes([count, sh`echo between`, count])
  const { stdout } = await localTransport().run(batch.script, { timeout: 60 })
  assert.equal(
    batch.parse(stdout).map(({ text }) => text),
    ['\n', 'between\n', '\n'],
  )
})

test('secrets: known values and patterns are hidden', () => {
  const redactor = new Redactor()
  redactor.addValue('KPSjXfRG')
  redactor.addPattern(/\bauth_pass\s+(\S+)/g)
  assert.is(
    redactor.redact('-  auth_pass oldOne\n+  auth_pass KPSjXfRG "KPSjXfRG"'),
    '-  auth_pass ********\n+  auth_pass ******** "********"',
  )
})

test.run()
