// The engine, from probes to the proof.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../engine/base/errors.ts'
import type { RunEvent } from '../engine/runner/events.ts'
import type { RunHost } from '../engine/runner/host.ts'
import { localTransport } from '../engine/transport/local.ts'
import { Redactor } from '../engine/cli/redact.ts'
import { runHosts } from '../engine/runner/run.ts'
import { stateProbe } from '../engine/runner/state.ts'
import type { Listener } from '../engine/runner/events.ts'
import { sh } from '../engine/base/sh.ts'
import { UserError } from '../engine/base/errors.ts'
import { barrier, type Task, unknown } from '../engine/runner/task.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { file } from '../tasks/file.ts'
import { line } from '../tasks/line.ts'

import { folder, host, inFreshFolders, options, path, runHost, silent, touch, untimed } from './engine-host.ts'

inFreshFolders()

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

for (const check of [false, true])
  test(`a converged host takes two executions${check ? ' in check mode too' : ''}`, async () => {
    await runHost(host([touch('a')]), options, silent)
    const told: string[] = []
    const second = await runHost(host([touch('a')]), { ...options, check }, ({ type }) => told.push(type))
    assert.is(second.status, 'ok')
    assert.is(second.executions, 2)
    assert.equal(told, ['connecting', 'connected', 'planned', 'host ended'])
  })

test('check mode announces exactly what the run then changes, and changes nothing', async () => {
  const tasks = [touch('a'), file(path('b'), 'x')]
  const check = await runHost(host(tasks), { ...options, check: true }, silent)
  assert.is(check.status, 'would change')
  assert.not.ok(existsSync(folder))
  const run = await runHost(host(tasks), options, silent)
  assert.equal(check.changes, untimed(run.changes))
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

test('what a task could not find out is told to everybody, and changes nothing', async () => {
  const events: RunEvent[] = []
  const open: Task = { name: 'packets pass', probe: sh`true`, plan: () => unknown('there is no perl') }
  const result = await runHost(host([open, touch('a')]), { ...options, check: true }, (event) => events.push(event))
  assert.equal([result.status, result.notes], ['would change', ['packets pass: there is no perl']])
  assert.ok(events.some((event) => event.type === 'note' && event.text === 'packets pass: there is no perl'))
})

test('of a line that is written over, the last words are told', async () => {
  const heard: string[] = []
  const printing = touch('a', sh`printf '10 %%\r 50 %%\rready\r\r\n'`)
  await runHost(host([printing]), options, (event) => event.type === 'change output' && heard.push(event.line))
  assert.equal(heard, ['ready'])
})

test('a private key that a change prints is told by no line, and by no last words', async () => {
  const heard: string[] = []
  const key = ['-----BEGIN PRIVATE KEY-----', ...Array<string>(12).fill('SECRET'.repeat(10))].join('\n')
  for (const more of ['-----END PRIVATE KEY-----\nthat was it', '']) {
    const printing = touch('a', sh`printf '%s\n' ${`${key}\n${more}`}; exit 1`)
    const result = await runHost(host([printing]), options, (event) => {
      if (event.type === 'change output') heard.push(event.line)
    })
    assert.not.match(result.failure!.reason, 'SECRET')
    assert.match(result.failure!.reason, more === '' ? '********' : 'that was it')
  }
  assert.ok(heard.includes('-----BEGIN PRIVATE KEY-----') && heard.includes('that was it'))
  assert.not.match(heard.join(), 'SECRET')
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

test('where hosts wait for each other, none goes on without the others', async () => {
  const well = host([touch('a'), barrier, touch('b')], localTransport(), 'well')
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

test('a host that can not go on behind a barrier, as another is refused, does not begin', async () => {
  const refused: Task = {
    ...touch('never'),
    plan: () => {
      throw new UserError('this is another machine', 1)
    },
  }
  const hosts = [
    host([touch('a'), barrier, touch('b')], localTransport(), 'well'),
    host([refused], localTransport(), 'refused'),
  ]
  const beforeChanges = () => Promise.reject(new Error('nothing is to be changed'))
  const [held] = await runHosts(hosts, { ...options, forks: 1, beforeChanges, interrupted: () => false }, silent)
  assert.is(held!.status, 'failed')
  assert.match(held!.failure!.reason, 'the rest waits for every host, and this run has lost refused')
  assert.equal(held!.notTried, ['touch a', 'touch b'])
  assert.not.ok(existsSync(path('a')))
})

test('hosts that are parts of one whole: where one is refused, no other begins, barrier or not', async () => {
  const refused: Task = {
    ...touch('never'),
    plan: () => {
      throw new UserError('this is another machine', 1)
    },
  }
  const run = (together: boolean) =>
    runHosts(
      [host([touch('a')], localTransport(), 'well'), host([refused], localTransport(), 'refused')],
      { ...options, forks: 1, together, interrupted: () => false },
      silent,
    )
  assert.is((await run(true))[0]!.status, 'failed')
  assert.not.ok(existsSync(path('a')))
  assert.is((await run(false))[0]!.status, 'changed')
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

for (const [where, namespaces] of [
  ['', []],
  [', in a container too', ['--pid', '--fork', '--kill-child', '--mount-proc']],
] as const)
  test(`a lock on a file of the same number in another file system is no run at work${where}`, () => {
    const state = path('state')
    const script = `mkdir -p ${state} ${path('other')}
for one in ${state} ${path('other')}; do mount -t tmpfs none "$one"; echo ann >"$one/lock"; done
[ "$(stat -c %i ${state}/lock)" = "$(stat -c %i ${path('other')}/lock)" ] || exit 1
exec 8>>${path('other')}/lock; flock 8
( ${stateProbe(state).text} )
echo --
exec 9>>${state}/lock; flock 9
( ${stateProbe(state).text} )`
    const said = execFileSync('unshare', ['--mount', ...namespaces, 'bash', '-c', script], { encoding: 'utf8' })
    assert.is(said, '--\nat-work=ann\n')
  })

test('two runs on one host: the second is told who is at work', async () => {
  const begun = Promise.withResolvers<void>()
  mkdirSync(folder)
  const apply = sh`until [ -e ${path('go')} ]; do sleep 0.1; done; touch ${path('a')}`
  const slow = runHost(host([touch('a', apply)]), options, ({ type }) => type === 'change started' && begun.resolve())
  await begun.promise
  const second = await runHost(host([touch('b')]), options, silent)
  const told: string[] = []
  const tell: Listener = (event) => event.type === 'note' && told.push(event.text)
  await runHost(host([touch('b')]), { ...options, check: true }, tell)
  writeFileSync(path('go'), '')
  assert.equal(told, ['another run is at work, so this is the state of a moment: the engine test'])
  assert.is(second.status, 'failed')
  assert.match(second.failure!.reason, 'another run is at work on here: the engine test')
  assert.equal(second.notTried, ['touch b'])
  assert.is((await slow).status, 'changed')
  await runHost(host([touch('b')]), { ...options, check: true }, tell)
  assert.is(told.length, 1)
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

test('secrets: known values and patterns are hidden', () => {
  const redactor = new Redactor()
  redactor.addValue('KPSjXfRG')
  assert.is(
    redactor.redact('-  auth_pass oldOne\n+  auth_pass KPSjXfRG "KPSjXfRG"'),
    '-  auth_pass ********\n+  auth_pass ******** "********"',
  )
})

test('a change that prints a line without end, and fails, is told in few words', async () => {
  const endless: Task = {
    name: 'endless',
    probe: sh`true`,
    plan: () => ({
      before: '',
      after: 'x',
      apply: sh`head -c 100000000 /dev/zero | tr '\0' x; echo; echo why; exit 3`,
      undo: sh`true`,
    }),
  }
  const { failure, status } = await runHost(host([endless]), options, silent)
  assert.is(status, 'failed')
  assert.match(failure!.reason, /^exit code 3: x/)
  assert.match(failure!.reason, /\nwhy\n/)
  assert.ok(failure!.reason.length < 40_000)
})

test('a quiet change stops at its first failure too, and is told with all that it has printed', async () => {
  const quiet: Task = {
    name: 'quiet',
    probe: sh`true`,
    plan: () => ({
      before: '',
      after: 'x',
      apply: sh`echo one; echo two >&2; ls /nowhere/at/all >/dev/null; echo three`,
      undo: sh`true`,
      quiet: true,
    }),
  }
  const { failure } = await runHost(host([touch('a'), quiet, touch('b')]), options, silent)
  assert.match(failure!.reason, /^exit code 2: one\ntwo\nls: .*nowhere/)
  assert.not.match(failure!.reason, 'three')
  assert.ok(existsSync(path('a')))
  assert.not.ok(existsSync(path('b')))
})

test('of two secrets that begin alike, nothing of the longer one is left', () => {
  const redactor = new Redactor()
  for (const value of ['public', 'public-of-ours', 'pub']) redactor.addValue(value)
  assert.is(redactor.redact('a public-of-ours public pub'), 'a ******** ******** ********')
})

test.run()
