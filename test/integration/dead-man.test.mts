// The dead man's switch of a run, on real bash: what is not confirmed over a new connection, the host undoes by itself.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { confirmRun, extendScript, goBackNow } from '../../engine/runner/dead-man.ts'
import { rollbackScript } from '../../engine/runner/rollback.ts'
import { barrier, type Listed, type Task } from '../../engine/runner/task.ts'
import { localTransport } from '../../engine/transport/local.ts'
import type { Transport } from '../../engine/transport/transport.ts'
import { file } from '../../tasks/file.ts'
import {
  folder,
  here,
  host,
  inFreshFolders,
  journal,
  made,
  options,
  path,
  runHost,
  runId,
  shown,
  silent,
  state,
  touch,
} from '../engine-host.ts'

inFreshFolders()

/** What systemd-run would start later, a line each. */
const timers = path('timers')
const stubs = `
systemctl() { [ "$1" != list-units ] || cat ${timers} 2>/dev/null; }
systemd-run() { mkdir -p ${folder}; printf '%q ' "\${@: -3}" >>${timers}; echo >>${timers}; }`
const local = localTransport()
const transport: Transport = { ...local, run: (script, how) => local.run(`${stubs}\n${script}`, how) }

const run = (id: string, tasks: Listed[], way = transport) =>
  runHost(host(tasks, way), { ...options, note: noteOf(id), confirmWithin: 60 }, silent)
const noteOf = (id: string) => ({ ...options.note, id: runId(id) })
const note = noteOf('1')
const confirm = (id = '1') => confirmRun('here', transport, noteOf(id), 60)
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

test('that a run is confirmed is on disk when it is said: no power failure brings its wait back', async () => {
  await run('1', [touch('a')])
  const synced = path('synced')
  const watched = `sync() { [ -e confirm ] || realpath "$@" >${synced}; }`
  const watching: Transport = { ...transport, run: (script, how) => transport.run(`${watched}\n${script}`, how) }
  await confirmRun('here', watching, note, 60)
  assert.is(readFileSync(synced, 'utf8').trim(), state)
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
  const late = await confirm('2').catch((error: Error) => error.message)
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
  assert.is((await transport.run(goBackNow(note).text, { timeout: 60 })).code, 0)
  assert.not.ok(existsSync(path('a')) || existsSync(path('b')))
})

test('a host that has nothing to change before the barrier needs no confirmation there', async () => {
  assert.is((await run('1', [barrier, touch('b')])).status, 'changed')
  await confirm()
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
  assert.match(readFileSync(kept('confirm'), 'utf8'), /^run-\d+-\S+ \d+\n$/)
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

test('a run that has changed nothing waits for nothing: no host says later that it went back', async () => {
  mkdirSync(folder)
  assert.is((await run('1', [file(path('f'), 'one', { validate: sh`false` })])).status, 'failed')
  assert.not.ok(existsSync(kept('confirm')))
  assert.is((await fire()).code, 77)
  assert.not.ok(existsSync(kept('went-back')))
  await confirm()
})

test('only its own run is confirmed, told to wait, or undone', async () => {
  await run('1', [touch('a')])
  const armed = readFileSync(kept('confirm'), 'utf8')
  await confirm('2')
  assert.is((await transport.run(extendScript(noteOf('2'), 60).text, { timeout: 60 })).code, 77)
  assert.is((await transport.run(goBackNow(noteOf('2')).text, { timeout: 60 })).code, 77)
  assert.is(readFileSync(kept('confirm'), 'utf8'), armed)
  assert.ok(existsSync(path('a')))
})

test('a host that was confirmed at a barrier and came no further has nothing more to confirm', async () => {
  await run('1', [touch('a'), barrier, touch('b', sh`true`)])
  await confirm()
  await confirm()
  assert.is((await transport.run(extendScript(note, 60).text, { timeout: 60 })).code, 77)
  assert.ok(existsSync(path('a')))
})

test('a rollback ends the wait of the run that it undoes', async () => {
  await run('1', [touch('a')])
  const [newest] = await journal()
  assert.is((await transport.run(rollbackScript(state, 'a test', newest!.name).text, { timeout: 60 })).code, 0)
  assert.not.ok(existsSync(kept('confirm')))
  assert.is((await fire()).code, 77)
  assert.not.ok(existsSync(kept('went-back')))
})

test('a host that can undo a part alone says so, and keeps the rest for a rollback', async () => {
  await run('1', [touch('a'), made('b', sh`false`)])
  assert.is((await fire()).code, 1)
  assert.not.ok(existsSync(path('a')))
  assert.match(
    readFileSync(kept('went-back'), 'utf8'),
    /^run-000001-\S+ \S+Z went back in part by itself: .*rollback\.mts/,
  )
  assert.is((await journal())[0]!.changes.length, 1)
})

test('a run can not be confirmed any more when its host has begun to go back', async () => {
  const meanwhile = touch('b')
  await run('1', [touch('a'), { ...meanwhile, plan: (...seen) => withUndo(meanwhile.plan(...seen)) }])
  const back = fire()
  await here(sh`until [ -e ${path('undoing')} ]; do sleep 0.05; done`)
  assert.is(await confirm().catch((error: Error) => error.message), 'here has gone back by itself already')
  assert.is((await back).code, 0)
  assert.not.ok(existsSync(path('a')))
})
const withUndo = (planned: ReturnType<Task['plan']>) =>
  'apply' in planned
    ? { ...planned, undo: sh`touch ${path('undoing')}; sleep 1; rm ${path('b')} ${path('undoing')}` }
    : planned

test('a reboot ends the timer: the next run keeps what was changed, tells so once, and goes on', async () => {
  await run('1', [touch('a')])
  rmSync(timers)
  const [broken] = readdirSync(kept('journal'))
  const plan = kept(`journal/${broken}/001.plan`)
  writeFileSync(plan, 'a change that was not begun')
  const text = /^the run of the engine test was not confirmed, and stays, since its timer is gone/
  const check = await runHost(host([touch('a')], transport), { ...options, check: true }, silent)
  assert.match(check.notes![0]!, text)
  const next = await run('2', [touch('a')])
  assert.is(next.status, 'ok', next.failure?.reason)
  assert.match(next.notes![0]!, text)
  assert.ok(existsSync(path('a')))
  assert.not.ok(existsSync(plan))
  assert.is((await run('3', [touch('a')])).notes, undefined)
})

test('an operator who is gone when the last change ends gets no more time', async () => {
  // As Ctrl-C does: the connection ends, and a new one confirms.
  const last = sh`rm ${kept('confirm')}; sleep 0.5; mkdir -p ${folder}; touch ${path('a')}`
  const deaf: Transport = {
    ...transport,
    run: (script, how) => transport.run(how.lasting ? `exec > >(head -n 2)\n${script}` : script, how),
  }
  await run('1', [touch('a', last)], deaf)
  assert.ok(existsSync(path('a')))
  assert.not.ok(existsSync(kept('confirm')))
})

test.run()
