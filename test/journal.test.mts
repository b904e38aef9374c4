// What holds for the journal whatever happens: other clocks, other runs, broken connections, undos that fail, older versions.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../engine/base/errors.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { baselineId } from '../engine/runner/baselines.ts'
import { busyCode } from '../engine/runner/lock.ts'
import { journalProbe, parseJournal, rollbackScript } from '../engine/runner/rollback.ts'
import { runHosts } from '../engine/runner/run.ts'
import { staleCode } from '../engine/runner/state.ts'
import { barrier, type Listed, type Task } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { file } from '../tasks/file.ts'
import { folder, host, inFreshFolders, options, path, runHost, silent, touch } from './engine-host.ts'

inFreshFolders()

const { folder: state } = options.note
const here = (script: Script) => localTransport().run(script.text, { timeout: 60 })
const journal = async () => parseJournal((await here(journalProbe(state))).stdout.toString(), state)
const undo = (run: string) => here(rollbackScript(state, 'a test', run))
const undoNewest = async () => undo((await journal())[0]!.name)
const shown = (name: string) => (existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined)
const run = (id: string, tasks: Listed[], transport?: Transport) =>
  runHost(host(tasks, transport), { ...options, note: { ...options.note, id } }, silent)
const kept = () => readdirSync(join(state, 'originals'))

/** A task with a baseline, whose apply and undo are these. */
const custom = (name: string, apply: Script, undo: Script): Task => ({
  ...touch(name),
  key: `custom ${name}`,
  plan: ({ code }, planned) => {
    const answer = touch(name).plan({ text: '', code }, planned)
    return 'unchanged' in answer ? answer : { ...answer, apply, undo }
  },
})
const made = (name: string, undo: Script) => custom(name, sh`mkdir -p ${folder}; touch ${path(name)}`, undo)

test('the newest run is the last one, whatever its clock says, and no number of older runs removes it', async () => {
  for (let i = 0; i < 20; i++) {
    mkdirSync(join(state, 'journal', `2026-02-${10 + i}T00-00-00Z-aaaa`), { recursive: true })
    writeFileSync(join(state, 'journal', `2026-02-${10 + i}T00-00-00Z-aaaa`, '000.undo'), '# older\ntrue\n')
  }
  await run('2026-01-02T00-00-00Z-bbbb', [file(path('f'), 'one')])
  const second = await run('2026-01-01T00-00-00Z-cccc', [file(path('f'), 'two')])
  assert.is(second.status, 'changed', second.failure?.reason)
  const runs = await journal()
  assert.is(runs.length, 20)
  assert.equal(
    runs.slice(0, 3).map(({ id }) => id),
    ['2026-01-01T00-00-00Z-cccc', '2026-01-02T00-00-00Z-bbbb', '2026-02-29T00-00-00Z-aaaa'],
  )
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), 'one')
})

test('a run that is not the newest is not undone', async () => {
  await run('1', [file(path('f'), 'one')])
  const [first] = await journal()
  await run('2', [file(path('f'), 'two')])
  assert.is((await undo(first!.name)).code, staleCode)
  assert.is(shown('f'), 'two')
})

test('a run that changed nothing has no journal; one that failed half way has', async () => {
  await run('1', [file(path('f'), 'one')])
  await run('2', [file(path('f'), 'two', { validate: sh`false` })])
  assert.equal(
    (await journal()).map(({ id }) => id),
    ['1'],
  )
  assert.equal(readdirSync(join(state, 'journal')).length, 1)
  await run('3', [custom('b', sh`touch ${path('b')}; false`, sh`rm ${path('b')}`)])
  assert.is((await journal())[0]!.id, '3')
  await undoNewest()
  assert.is(shown('b'), undefined)
})

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

test('an undo that fails is told, and blocks no other; the next rollback tries it again', async () => {
  const stubborn = made('b', sh`[ -e ${path('go')} ]; rm ${path('b')}`)
  await run('1', [made('a', sh`rm ${path('a')}`), stubborn, made('c', sh`rm ${path('c')}`)])
  const first = await undoNewest()
  assert.is(first.code, 1)
  assert.match(first.stdout.toString(), /not undone: touch b; the next rollback tries again.*rm .*001\.undo/)
  assert.equal(['a', 'b', 'c'].map(shown), [undefined, '', undefined])
  assert.equal(kept(), [baselineId('custom b')])
  assert.is((await undoNewest()).code, 1)
  writeFileSync(path('go'), '')
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('b'), undefined)
  assert.equal(await journal(), [])
  assert.equal(kept(), [])
})

test('what can not be given back is told, and blocks nothing else; the next run tries it again', async () => {
  const stubborn = made('b', sh`[ -e ${path('go')} ]; rm ${path('b')}`)
  await run('1', [made('a', sh`rm ${path('a')}`), stubborn, made('c', sh`rm ${path('c')}`)])
  const down = await run('2', [])
  assert.is(down.status, 'failed')
  assert.is(down.failure!.task, 'restore custom b')
  assert.match(down.failure!.reason, /the next run tries again; to leave it as it is: rm -r .*originals/)
  assert.equal(
    down.changes.map(({ task }) => task),
    ['restore custom c', 'restore custom a'],
  )
  assert.equal(['a', 'b', 'c'].map(shown), [undefined, '', undefined])
  assert.equal(kept(), [baselineId('custom b')])
  writeFileSync(path('go'), '')
  assert.is((await run('3', [])).status, 'changed')
  assert.equal(kept(), [])
})

test('a file of nobody known is given back with its numbers', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'theirs')
  const { uid, gid } = statSync(path('f'))
  // As stat prints it of an owner without a name.
  const unknown = file(path('f'), 'ours')
  const nameless = `regular file|600|UNKNOWN:UNKNOWN|${uid}:${gid}\n${Buffer.from('theirs').toString('base64')}`
  const plan: Task['plan'] = (printed, planned) =>
    unknown.plan(shown('f') === 'ours' ? printed : { ...printed, text: nameless }, planned)
  await run('1', [{ ...unknown, plan }])
  assert.is(shown('f'), 'ours')
  const down = await run('2', [])
  assert.is(down.status, 'changed', down.failure?.reason)
  assert.match(down.changes[0]!.after, `owner ${uid}:${gid}`)
  assert.equal([shown('f'), statSync(path('f')).mode & 0o777], ['theirs', 0o600])
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
      ['1'],
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

test('a restore shows what is really there, and a rollback brings that back', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'theirs')
  await run('1', [file(path('f'), 'ours')])
  writeFileSync(path('f'), 'edited by the administrator')
  const check = await runHost(host([]), { ...options, check: true }, silent)
  assert.match(check.changes[0]!.before, 'edited by the administrator')
  assert.match(check.changes[0]!.remark!, 'changed by others')
  await run('2', [])
  assert.is(shown('f'), 'theirs')
  await undoNewest()
  assert.is(shown('f'), 'edited by the administrator')
})

test('a key with another name keeps its baseline: it is neither restored nor lost', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'theirs')
  await run('1', [file(path('f'), 'ours')])
  const renamed = (content: string) => ({ ...file(path('f'), content), key: 'configuration f' })
  const old = `file ${path('f')}`
  const refused = await run('2', [touch('a'), renamed('new')])
  assert.match(refused.failure!.reason, `give the task formerKeys: ['${old}']`)
  assert.equal([shown('f'), shown('a')], ['ours', undefined])
  const carried = (content: string) => ({ ...renamed(content), formerKeys: [old] })
  assert.is((await run('3', [carried('ours')])).status, 'ok')
  assert.is((await run('4', [carried('new')])).status, 'changed')
  assert.equal(kept(), [baselineId('configuration f')])
  await run('5', [])
  assert.is(shown('f'), 'theirs')
})

test('a state folder of a newer version is left alone', async () => {
  await run('1', [file(path('f'), 'ours')])
  writeFileSync(join(state, 'format'), '3\n')
  const result = await run('2', [])
  assert.match(result.failure!.reason, 'a newer version has written')
  assert.is(shown('f'), 'ours')
  assert.throws(() => parseJournal('format 3\n', state), /a newer version/)
})

/** Lets something happen between two executions of a run: before the one with this number. */
function interrupting(number: number, meanwhile: () => Promise<unknown>): Transport {
  const local = localTransport()
  let executions = 0
  return {
    ...local,
    run: async (script, how) => {
      if (++executions === number) await meanwhile()
      return local.run(script, how)
    },
  }
}

test('a plan that another run has made stale is made again, and its undo too', async () => {
  await run('1', [file(path('f'), 'one')])
  const events: string[] = []
  const transport = interrupting(3, () => run('2', [file(path('f'), 'two')]))
  const result = await runHost(
    host([file(path('f'), 'three')], transport),
    { ...options, note: { ...options.note, id: '3' } },
    ({ type }) => events.push(type),
  )
  assert.is(result.status, 'changed', result.failure?.reason)
  assert.ok(events.includes('stale'))
  assert.is(result.changes.length, 1)
  assert.is(shown('f'), 'three')
  await undoNewest()
  assert.is(shown('f'), 'two')
})

test('a stale plan whose changes were made meanwhile leaves nothing to do', async () => {
  const transport = interrupting(3, () => run('1', [touch('a')]))
  assert.is((await run('2', [touch('a')], transport)).status, 'ok')
})

test('a run between two phases of another stops that one', async () => {
  const transport = interrupting(4, () => run('2', [file(path('f'), 'two')]))
  const result = await run('1', [touch('a'), barrier, file(path('f'), 'one')], transport)
  assert.match(result.failure!.reason, 'another run changes here at the same time: run this again')
  assert.is(shown('f'), 'two')
})

test('a run on two hosts has one id on both, and each counts by itself', async () => {
  const other = join(state, '..', 'other')
  const elsewhere = host([touch('b')], localTransport(), 'there')
  const moved: Transport = {
    ...elsewhere.transport,
    run: (script, how) => elsewhere.transport.run(script.replaceAll(state, other), how),
  }
  await run('1', [touch('a')])
  const both = [host([touch('c')]), { ...elsewhere, transport: moved }]
  await runHosts(both, { ...options, forks: 1, interrupted: () => false }, silent)
  assert.equal(readdirSync(join(state, 'journal')), ['run-000001-1', 'run-000002-engine-test'])
  assert.equal(readdirSync(join(other, 'journal')), ['run-000001-engine-test'])
})

/** The state folder as format 1 had it, after a run that wrote "ours" where "theirs" was. */
function format1(): void {
  const id = baselineId(`file ${path('f')}`)
  const undoText = `printf theirs >${path('f')}\n`
  const own = join(state, 'journal/2026-01-01T00-00-00Z-aaaa')
  const files = {
    [join(own, 'by')]: 'ann on desk, 2026-01-01T00:00:00.000Z, Level 2',
    [join(own, 'originals')]: 'originals',
    [join(own, '000.undo')]: `# file ${path('f')}\n${undoText}`,
    [join(own, '000.id')]: id,
    [join(own, '001.undo')]: '# a change that failed\nfalse\n',
    [join(own, '001.undo.failed')]: '',
    [join(state, 'originals', id, 'about')]: `2026-01-01T00-00-00Z-aaaa-000 file ${path('f')}`,
    [join(state, 'originals', id, 'undo')]: undoText,
    [join(state, 'originals', id, 'before')]: '# mode 644, owner root:root\ntheirs',
    [join(state, 'originals', id, 'apply')]: `printf ours >${path('f')}\n`,
    [join(state, 'originals', id, 'after')]: '# mode 644, owner root:root\nours',
  }
  mkdirSync(own, { recursive: true })
  mkdirSync(join(state, 'originals', id), { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(name, text && `${text.trimEnd()}\n`)
  mkdirSync(folder)
  writeFileSync(path('f'), 'ours')
}

test('a state folder of the version before: what it has made is given back', async () => {
  format1()
  assert.is((await run('1', [file(path('f'), 'ours')])).status, 'ok')
  assert.is((await run('2', [])).status, 'changed')
  assert.is(shown('f'), 'theirs')
})

test('a state folder of the version before: its runs are older than new ones, and can be undone', async () => {
  format1()
  await run('1', [file(path('f'), 'new')])
  const runs = await journal()
  assert.is(runs[1]!.by, 'ann on desk, 2026-01-01T00:00:00.000Z, Level 2')
  await undoNewest()
  assert.is(shown('f'), 'ours')
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), 'theirs')
  assert.equal(kept(), [])
})

test('a rollback that was killed after it has kept a baseline again does the same once more', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'theirs')
  await run('1', [file(path('f'), 'one')])
  await run('2', [file(path('f'), 'two')])
  const [newest] = await journal()
  const [id] = kept()
  // As it is just before the number of the baseline is removed from the journal.
  rmSync(join(state, 'originals', id!), { recursive: true })
  cpSync(join(state, 'journal', newest!.name, '000.original'), join(state, 'originals', id!), { recursive: true })
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), 'one')
  await run('3', [])
  assert.is(shown('f'), 'theirs')
})

test('how to undo a change is on disk before it is made, and a baseline goes after what was restored is', async () => {
  const local = localTransport()
  const watched = sh`sync() {
  { [ ! -e ${path('f')} ] || echo ${'there is f'}; find ${state}/journal -name '*.plan'; find ${state}/originals -name first -o -name about; } | sed 's/.*[/]//' | sort | xargs >>${path('../syncs')}
}`
  const transport: Transport = { ...local, run: (script, how) => local.run(`${watched.text}\n${script}`, how) }
  await run('1', [file(path('f'), 'one'), barrier, file(path('g'), 'one')], transport)
  await run('2', [], transport)
  const syncs = readFileSync(path('../syncs'), 'utf8')
  assert.equal(syncs.trimEnd().split('\n'), [
    '000.plan first first',
    '001.plan about first there is f',
    '000.plan 001.plan about about there is f',
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

test('a rollback waits for nobody: where a run is at work it says so', async () => {
  await run('1', [touch('a')])
  const holding = spawn('flock', [join(state, 'lock'), 'sleep', '60'], { detached: true })
  await here(sh`until ! flock -n ${join(state, 'lock')} true; do sleep 0.1; done`)
  const { code } = await undoNewest()
  process.kill(-holding.pid!)
  assert.is(code, busyCode)
  assert.is(shown('a'), '')
})

test('what the state folder holds is for root alone', async () => {
  await run('1', [file(path('f'), 'secret')])
  const [newest] = await journal()
  const [id] = kept()
  const mode = (name: string) => statSync(join(state, name)).mode & 0o77
  const names = ['.', `journal/${newest!.name}/000.undo`, `originals/${id}/apply`, `originals/${id}/undo`]
  assert.equal(names.map(mode), [0, 0, 0, 0])
})

test.run()
