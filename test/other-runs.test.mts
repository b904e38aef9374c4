// Runs of others on the same host: at the same time, and by other versions of the playbooks.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { baselineId } from '../engine/runner/baselines.ts'
import { parseJournal } from '../engine/runner/rollback.ts'
import { runHosts } from '../engine/runner/run.ts'
import { barrier } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { file } from '../tasks/file.ts'
import {
  folder,
  host,
  inFreshFolders,
  journal,
  kept,
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
    { ...options, note: { ...options.note, id: runId('3') } },
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
  assert.equal(readdirSync(join(state, 'journal')), [`run-000001-${runId('1')}`, `run-000002-${options.note.id}`])
  assert.equal(readdirSync(join(other, 'journal')), [`run-000001-${options.note.id}`])
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

test.run()
