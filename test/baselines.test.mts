// What a host keeps of how it was: rollbacks, and what it gets back when a playbook does not list it any more.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { sh } from '../engine/base/sh.ts'
import type { Task } from '../engine/runner/task.ts'
import { file } from '../tasks/file.ts'
import { line } from '../tasks/line.ts'
import {
  folder,
  host,
  inFreshFolders,
  journal,
  kept,
  options,
  path,
  runHost,
  shown,
  runId,
  silent,
  touch,
  undoNewest,
  untimed,
} from './engine-host.ts'

inFreshFolders()

test('rollback undoes a run that failed half way, the last change first, and then the run before it', async () => {
  await runHost(host([file(path('f'), 'first')]), { ...options, note: { ...options.note, id: runId('1') } }, silent)
  const broken: Task = {
    ...touch('b'),
    plan: () => ({ before: '', after: 'b', apply: sh`touch ${path('b')}; false`, undo: sh`false` }),
  }
  const second = [file(path('f'), 'second'), touch('a'), broken]
  await runHost(host(second), { ...options, note: { ...options.note, id: runId('2') } }, silent)
  const [newest] = await journal()
  assert.equal(newest!.changes, ['touch b', 'touch a', `file ${path('f')}`])
  assert.ok(existsSync(path('a')))
  assert.is((await undoNewest()).code, 0)
  assert.not.ok(existsSync(path('a')))
  assert.is(readFileSync(path('f'), 'utf8'), 'first')
  assert.is((await undoNewest()).code, 0)
  assert.not.ok(existsSync(path('f')))
})

const numbered = (id: string) => ({ ...options, note: { ...options.note, id: runId(id) } })

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
  assert.equal(untimed(run.changes), check.changes)
  assert.is(shown('theirs'), 'theirs')
  assert.is(shown('hosts'), 'no newline at its end')
  assert.not.ok(existsSync(path('new')))
  assert.is((await runHost(host([]), numbered('4'), silent)).status, 'ok')

  assert.is((await undoNewest()).code, 0)
  assert.is(shown('theirs'), 'two\n')
  assert.is(shown('new/ours'), 'two\n')
  assert.is((await runHost(host([]), numbered('5'), silent)).status, 'changed')
  assert.is(shown('theirs'), 'theirs')
})

test('rollbacks to the very first run leave nothing to give back', async () => {
  await runHost(host([file(path('f'), 'one')]), numbered('1'), silent)
  await runHost(host([file(path('f'), 'two')]), numbered('2'), silent)
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), 'one')
  assert.is((await undoNewest()).code, 0)
  assert.is(shown('f'), undefined)
  assert.is((await runHost(host([]), numbered('3'), silent)).status, 'ok')
})

test('a run that breaks off has kept how everything was, also what its first changes touch; rolled back, it has not', async () => {
  const installs = touch('f', sh`mkdir -p ${folder}; echo started >${path('f')}`)
  const ours = [file(path('f'), 'ours'), file(path('g'), 'ours')]
  await runHost(host([installs, touch('b', sh`false`), ...ours]), numbered('1'), silent)
  assert.is(shown('f'), 'started\n')
  assert.is(kept().length, 2)
  // What was never made is not given back.
  assert.is((await runHost(host([]), numbered('2'), silent)).status, 'ok')

  assert.is((await runHost(host(ours), numbered('2'), silent)).status, 'changed')
  await undoNewest()
  assert.is(shown('f'), 'started\n')
  await runHost(host(ours), numbered('2'), silent)
  await runHost(host([]), numbered('3'), silent)
  assert.is(shown('f'), undefined)

  await undoNewest()
  await undoNewest()
  assert.is(kept().length, 2)
  await undoNewest()
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

const scoped = (scope: string, id: string) => ({ ...options, note: { ...options.note, id: runId(id), scope } })

test('a scope gives back what its own runs have made, and leaves what others have made', async () => {
  await runHost(host([file(path('cluster'), 'of the cluster')]), numbered('1'), silent)
  await runHost(host([file(path('mine'), 'of my playbook')]), scoped('mine', '2'), silent)
  assert.equal(['cluster', 'mine'].map(shown), ['of the cluster', 'of my playbook'])

  await runHost(host([]), scoped('mine', '3'), silent)
  assert.equal(['cluster', 'mine'].map(shown), ['of the cluster', undefined])
  // The newest run goes first, whatever its scope.
  assert.is((await undoNewest()).code, 0)
  assert.equal(['cluster', 'mine'].map(shown), ['of the cluster', 'of my playbook'])
  await runHost(host([]), numbered('4'), silent)
  assert.equal(['cluster', 'mine'].map(shown), [undefined, 'of my playbook'])
  await runHost(host([]), scoped('mine', '5'), silent)
  assert.is(shown('mine'), undefined)
})

test('what another scope keeps another way is refused before any change; the same way is no conflict', async () => {
  await runHost(host([file(path('shared'), 'one')]), numbered('1'), silent)
  const same = await runHost(host([file(path('shared'), 'one')]), scoped('mine', '2'), silent)
  assert.equal([same.status, same.changes], ['ok', []])
  const other = await runHost(host([touch('first'), file(path('shared'), 'two')]), scoped('mine', '3'), silent)
  assert.is(other.status, 'failed')
  assert.match(other.failure!.reason, /^file .*shared: the playbooks of scope "cluster" keep it another way/)
  assert.equal([shown('shared'), shown('first')], ['one', undefined])
})

test('a key of several lines, or with a carriage return, has its baseline: nothing is given back while it is listed, all of it then', async () => {
  const odd = ['a\nb', 'c\r', 'd\u2028e']
  mkdirSync(dirname(path('f')), { recursive: true })
  writeFileSync(path('f'), 'mine\n')
  const tasks = odd.map((text) => line(path('f'), text.replace('\n', ' ')))
  const listed = tasks.map((task, index) => ({ ...task, key: `odd ${odd[index]}` }))
  assert.is((await runHost(host(listed), options, silent)).status, 'changed')
  const again = await runHost(host(listed), options, silent)
  assert.equal([again.status, again.changes, again.failure], ['ok', [], undefined])
  const back = await runHost(host([]), options, silent)
  assert.equal([back.status, back.changes.length], ['changed', 3])
  assert.is(readFileSync(path('f'), 'utf8'), 'mine\n')
})

test.run()
