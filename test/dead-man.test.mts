// The dead man's switch of a run, on real bash: what is not confirmed over a new connection, the host undoes by itself.
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../engine/base/errors.ts'
import { sh } from '../engine/base/sh.ts'
import { confirmRun, extendScript, goBackNow } from '../engine/runner/dead-man.ts'
import { barrier, type Listed } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { file } from '../tasks/file.ts'
import { folder, host, inFreshFolders, options, path, runHost, shown, silent, touch } from './engine-host.ts'

inFreshFolders()

/** What systemd-run would start later, a line each. */
const timers = path('timers')
const stubs = `
systemctl() { true; }
systemd-run() { mkdir -p ${folder}; printf '%q ' "\${@: -3}" >>${timers}; echo >>${timers}; }`
const local = localTransport()
const transport: Transport = { ...local, run: (script, how) => local.run(`${stubs}\n${script}`, how) }

const run = (id: string, tasks: Listed[], way = transport) =>
  runHost(host(tasks, way), { ...options, note: { ...options.note, id }, confirmWithin: 60 }, silent)
const note = { ...options.note, id: 'x' }
const confirm = () => confirmRun('here', transport, note.folder, 60)
/** The time of a timer is over; @param back how many have been set since */
const fire = (back = 0) => local.run(`eval "$(tail -n ${1 + back} ${timers} | head -n 1)"`, { timeout: 60 })
const kept = (name: string) => `${note.folder}/${name}`

test('a run that is confirmed stays, and nothing is left of the switch', async () => {
  assert.is((await run('1', [file(path('f'), 'one')])).status, 'changed')
  await confirm()
  assert.is((await fire()).code, 77)
  assert.is(shown('f'), 'one')
  assert.not.ok(existsSync(kept('confirm')))
})

test('a run that nobody confirms is undone by the host, and the next run tells when and why', async () => {
  await run('1', [file(path('f'), 'one')])
  await confirm()
  assert.is((await run('2', [file(path('f'), 'two'), touch('a')])).status, 'changed')
  assert.is((await fire()).code, 0)
  assert.is(shown('f'), 'one')
  assert.not.ok(existsSync(path('a')))
  const told: string[] = []
  const { status } = await runHost(host([file(path('f'), 'one')], transport), options, (event) => {
    if (event.type === 'note') told.push(event.text)
  })
  assert.is(status, 'ok')
  assert.match(told[0]!, /^\d{4}-\S+Z went back by itself: the run of the engine test was not confirmed within 60 s$/)
  const late = await confirm().catch((error: Error) => error.message)
  assert.is(late, 'here has gone back by itself already')
})

test('a change that takes longer than the switch waits is made to its end, and then there is time again', async () => {
  const slow = sh`touch ${path('slow')}; eval "$(tail -n 1 ${timers})" >/dev/null 2>&1 </dev/null & sleep 1.5`
  assert.is((await run('1', [touch('slow', slow)])).status, 'changed')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  assert.ok(existsSync(path('slow')))
  await confirm()
})

test('a host that is told to wait waits from then on', async () => {
  await run('1', [touch('a')])
  assert.is((await transport.run(extendScript(note, 60).text, { timeout: 60 })).code, 0)
  assert.is((await fire(1)).code, 77)
  assert.ok(existsSync(path('a')))
  assert.is((await fire()).code, 0)
  assert.not.ok(existsSync(path('a')))
})

test('a run that lost its operator between two changes has no more time than it had', async () => {
  const gone = touch('a', sh`touch ${path('a')}; kill -KILL $$`)
  await run('1', [gone, touch('b')])
  assert.is(shown('b'), undefined)
  assert.is((await fire()).code, 0)
  assert.not.ok(existsSync(path('a')))
})

test('before it waits for other hosts at a barrier, a host is confirmed; what goes back is the whole run', async () => {
  const ways: string[] = []
  const watched: Transport = {
    ...transport,
    connect: async () => void ways.push('connect'),
    close: async () => void ways.push('close'),
  }
  const { status, failure } = await run('1', [touch('a'), barrier, touch('b')], watched)
  assert.is(status, 'changed', failure?.reason)
  assert.equal(ways, ['connect', 'close', 'connect'])
  assert.is((await transport.run(goBackNow(note.folder).text, { timeout: 60 })).code, 0)
  assert.not.ok(existsSync(path('a')) || existsSync(path('b')))
})

test('a host to which no new connection leads has failed at the barrier, and goes back', async () => {
  let connections = 0
  const cut: Transport = {
    ...transport,
    connect: async () => {
      if (connections++ > 0) throw new HostError('no way')
    },
  }
  assert.is((await run('1', [touch('a'), barrier, touch('b')], cut)).status, 'unreachable')
  assert.is((await fire()).code, 0)
  assert.not.ok(existsSync(path('a')))
})

test('another run does not begin before a run is confirmed; check mode only reads', async () => {
  await run('1', [touch('a')])
  const next = await run('2', [touch('b')])
  assert.is(
    next.failure!.reason,
    'the run of the engine test is not confirmed yet: here goes back by itself soon. Run this again then',
  )
  assert.not.ok(existsSync(path('b')))
  const check = await runHost(host([touch('b')], transport), { ...options, check: true }, silent)
  assert.is(check.status, 'would change')
  assert.match(readFileSync(kept('confirm'), 'utf8'), /^run-\d+-1 \d+\n$/)
})

test('a switch that can not be armed: nothing is changed', async () => {
  const none: Transport = {
    ...local,
    run: (script, how) => local.run(`systemd-run() { false; }; systemctl() { true; }\n${script}`, how),
  }
  const { failure } = await run('1', [touch('a')], none)
  assert.match(failure!.reason, 'the timer that would undo what cuts this host off can not be set')
  assert.not.ok(existsSync(path('a')))
})

test.run()
