// Runs that are broken off: nothing of how a host was is lost, and what was put off is done.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../engine/base/errors.ts'
import { sh } from '../engine/base/sh.ts'
import { baselineId } from '../engine/runner/baselines.ts'
import { rollbackScript } from '../engine/runner/rollback.ts'
import { barrier, type Task } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { file } from '../tasks/file.ts'
import {
  folder,
  here,
  host,
  inFreshFolders,
  journal,
  made,
  options,
  path,
  run,
  runHost,
  runId,
  shown,
  silent,
  state,
  touch,
  undoNewest,
} from './engine-host.ts'

inFreshFolders()

test('how everything was is kept before the first phase changes anything, and until the last is done', async () => {
  const installs = touch('f', sh`mkdir -p ${folder}; echo distro >${path('f')}`)
  const list = (phase: Task[]) => [installs, touch('a'), barrier, ...phase, file(path('f'), 'ours')]
  assert.is((await run('1', list([touch('b', sh`false`)]))).status, 'failed')
  assert.is(shown('f'), 'distro\n')
  rmSync(path('a'))
  assert.is((await run('2', list([]))).status, 'changed')
  assert.is(shown('f'), 'ours')
  await run('3', [])
  assert.is(shown('f'), undefined)
})

test('a run that breaks off in its first phase has kept how everything was for its last, too', async () => {
  const installs = touch('f', sh`mkdir -p ${folder}; echo distro >${path('f')}`)
  await run('1', [installs, touch('b', sh`false`), barrier, file(path('f'), 'ours')])
  await run('2', [installs, barrier, file(path('f'), 'ours')])
  assert.is(shown('f'), 'ours')
  await run('3', [])
  assert.is(shown('f'), undefined)
})

const putsOff = (name: string) => made(name, sh`rm ${path(name)}; at_end touch ${path(`reloaded for ${name}`)}`)

test('what is put off is done once, also where a later undo fails', async () => {
  const counts = (name: string) => made(name, sh`rm ${path(name)}; at_end bash -c ${`echo >>${path('reloads')}`}`)
  await run('1', [made('c', sh`false`), counts('a'), counts('b')])
  assert.is((await run('2', [])).status, 'failed')
  assert.is(shown('reloads'), '\n')
  await undoNewest()
  rmSync(path('reloads'))
  assert.is((await undoNewest()).code, 1)
  assert.is(shown('reloads'), '\n')
})

test('a rollback does what is put off after the files are back', async () => {
  const reloads = made('service', sh`at_end cp ${path('conf')} ${path('loaded')}; rm -f ${path('service')}`)
  await run('1', [file(path('conf'), 'old')])
  await run('2', [file(path('conf'), 'new'), reloads])
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('loaded'), 'old')
})

test('where it can not be kept how something was, nothing is changed', async () => {
  const [first, second] = [file(path('first'), 'ours'), file(path('second'), 'ours')]
  mkdirSync(join(state, 'originals'), { recursive: true })
  writeFileSync(join(state, 'originals', baselineId(first.key!)), 'in the way')
  const { status, failure } = await run('1', [touch('a'), first, second])
  assert.is(status, 'failed')
  assert.match(failure!.reason, /^nothing was changed: .*\. Fix this and run again$/s)
  assert.not.ok(existsSync(path('a')))
})

test('what a power failure left of changes that were not begun is forgotten by the next run', async () => {
  await run('1', [touch('a')])
  const [broken] = readdirSync(join(state, 'journal'))
  const plan = join(state, 'journal', broken!, '001.plan')
  writeFileSync(plan, 'a change that was not begun')
  await run('2', [touch('a'), touch('b')])
  assert.not.ok(existsSync(plan))
})

test('a change whose undo is gone, emptied or cut off before it begins is not made, and that is told', async () => {
  const plan = sh`${state}/journal/run-*/001.plan`
  for (const spoil of [sh`rm ${plan}`, sh`: >"$(echo ${plan})"`, sh`truncate -s 6 ${plan}`]) {
    const { status, failure } = await run('1', [
      touch('a', sh`mkdir -p ${folder}; touch ${path('a')}; ${spoil}`),
      touch('b'),
    ])
    assert.is(status, 'failed')
    assert.match(
      failure!.reason,
      /001\.plan, which tells how to undo .* is gone or cut off: nothing of it was changed\. Run this again$/,
    )
    assert.equal([shown('a'), shown('b')], ['', undefined])
    await undoNewest()
  }
})

/** Loses the connection as soon as an execution has printed this; its script runs on and finds nobody who listens. */
function losing(at: RegExp): { transport: Transport; ended: Promise<unknown> } {
  const local = localTransport()
  const { promise: ended, resolve } = Promise.withResolvers<void>()
  const lost: Transport['run'] = (script, { onStdout }) => {
    const bash = spawn('bash', ['--norc', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    let text = ''
    bash.on('close', () => resolve())
    return new Promise((_, reject) => {
      bash.stdout.on('data', (chunk: Buffer) => {
        text += chunk
        onStdout?.(chunk)
        if (!at.test(text)) return
        bash.stdout.destroy()
        process.kill(-bash.pid!, 'SIGHUP')
        reject(new HostError('the connection was lost'))
      })
    })
  }
  const transport = {
    ...local,
    run: (script: string, how: Parameters<typeof local.run>[1]) => (how.onStdout ? lost : local.run)(script, how),
  }
  return { transport, ended }
}

test('a lost connection: the change is finished, the next not begun, what was put off is done', async () => {
  const slow = made(
    'a',
    sh`at_end touch ${path('reloaded')}; echo going; until [ -e ${path('go')} ]; do sleep 0.1; done; echo gone; rm ${path('a')}`,
  )
  await run('1', [putsOff('z'), slow])
  const { transport, ended } = losing(/going/)
  const down = await run('2', [], transport)
  assert.is(down.status, 'unreachable')
  writeFileSync(path('go'), '')
  await ended
  assert.equal(['a', 'z', 'reloaded'].map(shown), [undefined, '', ''])
  // Its journal is whole.
  assert.equal((await journal())[0]!.changes, ['restore custom a'])
  assert.is((await run('3', [])).status, 'changed')
  assert.equal(['z', 'reloaded for z'].map(shown), [undefined, ''])
})

for (const place of ['put-off', 'journal/2026-01-01T00-00-00Z-aaaa/at-end']) {
  test(`what a killed run has put off is done by the next, which has nothing else to do: ${place}`, async () => {
    await run('1', [touch('a')])
    mkdirSync(join(state, place, '..'), { recursive: true })
    writeFileSync(join(state, place), `touch ${path('reloaded')} \n`)
    const check = await runHost(host([touch('a')]), { ...options, check: true }, silent)
    assert.equal(
      check.changes.map(({ task }) => task),
      ['do what an earlier run has put off'],
    )
    assert.is(shown('reloaded'), undefined)
    assert.is((await run('2', [touch('a')])).status, 'changed')
    assert.is(shown('reloaded'), '')
    assert.is((await run('3', [touch('a')])).status, 'ok')
    assert.equal(
      (await journal()).map(({ id }) => id),
      [runId('1')],
    )
  })
}

test('of what was put off, all is tried; what fails is told, and kept until it succeeds', async () => {
  await run('1', [touch('a')])
  writeFileSync(join(state, 'put-off'), `test -e ${path('go')} \ntouch ${path('reloaded')} \n`)
  const again = await run('2', [touch('b')])
  assert.is(again.status, 'failed')
  assert.is(shown('reloaded'), '')
  assert.is(readFileSync(join(state, 'put-off'), 'utf8'), `test -e ${path('go')} \n`)
  const told = await here(rollbackScript(state, 'a test', (await journal())[0]!.name))
  assert.is(told.code, 1)
  assert.match(told.stderr, `put off, failed, and tried again by the next run: test -e ${path('go')}`)
  writeFileSync(path('go'), '')
  assert.is((await run('3', [touch('a')])).status, 'changed')
})

test('how to undo a change is on disk before it is made, the change at the end of its batch, and a baseline goes after what was restored is', async () => {
  const local = localTransport()
  const watched = sh`sync() {
  case $* in *.f.*) printf 'half f ' >>${path('../syncs')} ;; esac
  { [ ! -e ${path('f')} ] || echo ${'there is f'}; find ${state}/journal -name '*.plan'; find ${state}/originals -name first -o -name about; } | sed 's/.*[/]//' | sort | xargs >>${path('../syncs')}
}`
  const transport: Transport = { ...local, run: (script, how) => local.run(`${watched.text}\n${script}`, how) }
  await run('1', [file(path('f'), 'one'), barrier, file(path('g'), 'one')], transport)
  await run('2', [], transport)
  const syncs = readFileSync(path('../syncs'), 'utf8')
  assert.equal(syncs.trimEnd().split('\n'), [
    '000.plan first first',
    'about first',
    'half f about first',
    'about first there is f',
    '001.plan about first there is f',
    'about about there is f',
    'about about there is f',
    'about about there is f',
    '000.plan 001.plan about about there is f',
    '001.plan about about there is f',
    'about about there is f',
    'about about',
  ])
})

test('programs that a change leaves behind do not hold the lock', async () => {
  const leaves = touch('a', sh`mkdir -p ${folder}; sleep 60 >/dev/null 2>&1 & echo $! >${path('a')}`)
  await run('1', [leaves])
  const second = await run('2', [touch('b')])
  process.kill(Number(shown('a')))
  assert.is(second.status, 'changed', second.failure?.reason)
})

test.run()
