// Which run is the newest, what a rollback does with it, and undos that fail.
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lines, sh } from '../engine/base/sh.ts'
import { baselineId } from '../engine/runner/baselines.ts'
import { busyCode } from '../engine/runner/lock.ts'
import { rollbackScript } from '../engine/runner/rollback.ts'
import { staleCode } from '../engine/runner/state.ts'
import type { Task } from '../engine/runner/task.ts'
import { file } from '../tasks/file.ts'
import {
  custom,
  folder,
  here,
  host,
  inFreshFolders,
  journal,
  kept,
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
  undo,
  undoNewest,
} from './engine-host.ts'

inFreshFolders()

test('the newest run is the last one where a power failure has emptied the number of runs, or somebody has taken it away', async () => {
  const { length } = await journal()
  for (const [id, spoil] of [
    ['emptied', () => writeFileSync(join(state, 'number'), '')],
    ['gone', () => rmSync(join(state, 'number'))],
    ['garbage', () => writeFileSync(join(state, 'number'), 'a[$(touch /tmp)]\n')],
  ] as const) {
    await run(`before-${id}`, [file(path('f'), `before ${id}`)])
    spoil()
    assert.is((await run(id, [file(path('f'), id)])).status, 'changed')
    assert.equal(
      (await journal()).slice(0, 2).map((one) => one.id),
      [runId(id), runId(`before-${id}`)],
    )
  }
  assert.is((await journal()).length, length + 6)
})

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

test('what an administrator has put into the journal is neither a run nor taken away', async () => {
  await run('1', [file(path('f'), 'one')])
  const [first] = await journal()
  const names = [
    'saved',
    'run-saved',
    '0-notes',
    `${first!.name}.bak`,
    `${first!.name}-old`,
    `${first!.name} (copy)`,
    'zz',
  ]
  const folders = names.map((name) => join(state, 'journal', name))
  for (const copy of folders) {
    cpSync(join(state, 'journal', first!.name), copy, { recursive: true })
    writeFileSync(join(copy, 'at-end'), `touch ${path('done twice')}\n`)
    writeFileSync(join(copy, '009.plan'), 'kept')
  }
  for (let i = 0; i < 21; i++) await run(`later ${i}`, [file(path('f'), String(i))])
  const runs = await journal()
  assert.equal([runs.length, runs[0]!.id, runs.at(-1)!.id], [20, runId('later 20'), runId('later 1')])
  assert.is((await undoNewest()).code, 0)
  assert.equal([shown('f'), shown('done twice')], ['19', undefined])
  for (const copy of folders)
    assert.equal(readdirSync(copy).toSorted(), ['000.id', '000.undo', '009.plan', 'at-end', 'by', 'originals'])
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
    [runId('1')],
  )
  assert.equal(readdirSync(join(state, 'journal')).length, 1)
  await run('3', [custom('b', sh`touch ${path('b')}; false`, sh`rm ${path('b')}`)])
  assert.is((await journal())[0]!.id, runId('3'))
  await undoNewest()
  assert.is(shown('b'), undefined)
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

test('an undo of which a part is missing is told, and not taken for done', async () => {
  const spoiled: [why: string, spoil: (text: string) => string | Buffer][] = [
    ['empty', () => ''],
    ['zeros', (text) => Buffer.alloc(text.length)],
    ['its title alone', (text) => text.slice(0, text.indexOf('\n') + 1)],
    ['cut', (text) => text.replace('\n# end', " 'x")],
  ]
  for (const [why, spoil] of spoiled) {
    await run(why.replaceAll(' ', '-'), [made('a', sh`rm ${path('a')}`)])
    const [newest] = await journal()
    const file = join(state, 'journal', newest!.name, '000.undo')
    const whole = readFileSync(file, 'utf8')
    writeFileSync(file, spoil(whole))
    const { code, stdout } = await here(rollbackScript(state, 'a test', newest!.name))
    assert.is(code, 1, why)
    assert.match(stdout.toString(), /not undone: .*000\.undo is damaged/)
    assert.is(shown('a'), '')
    writeFileSync(file, whole)
    assert.is((await undoNewest()).code, 0)
    assert.is(shown('a'), undefined)
  }
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
  const nameless = `theirs\ntext|regular file|600|UNKNOWN:gone|${uid}:${gid}\n`
  const plan: Task['plan'] = (printed, planned) =>
    unknown.plan(shown('f') === 'ours' ? printed : { ...printed, text: nameless }, planned)
  await run('1', [{ ...unknown, plan }])
  assert.is(shown('f'), 'ours')
  const down = await run('2', [])
  assert.is(down.status, 'changed', down.failure?.reason)
  assert.match(down.changes[0]!.after, `owner ${uid}:gone`)
  assert.equal([shown('f'), statSync(path('f')).mode & 0o777], ['theirs', 0o600])
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

test('a rollback that was killed after it has kept a baseline again does the same once more', async () => {
  mkdirSync(folder)
  writeFileSync(path('f'), 'theirs')
  await run('1', [file(path('f'), 'one')])
  await run('2', [file(path('f'), 'two')])
  const [newest] = await journal()
  const dies = sh`rm() { if [[ "$*" == *.id ]]; then kill -KILL "$BASHPID"; fi; command rm "$@"; }`
  const killed = await here(lines(dies, rollbackScript(state, 'a test', newest!.name)))
  assert.is(killed.code, null)
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), 'one')
  await run('3', [])
  assert.is(shown('f'), 'theirs')
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
