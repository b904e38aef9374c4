// A host in trouble: its operator is gone, an undo fails, another run holds the lock, others look around.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { batchChanges } from '../engine/runner/apply.ts'
import { baselineId } from '../engine/runner/baselines.ts'
import { busyCode, takeLock } from '../engine/runner/lock.ts'
import { rollbackScript } from '../engine/runner/rollback.ts'
import type { Task } from '../engine/runner/task.ts'
import { localTransport } from '../engine/transport/local.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { file } from '../tasks/file.ts'
import { folder, host, inFreshFolders, options, path, runHost, silent, touch } from './engine-host.ts'

inFreshFolders()

const state = options.note.folder
const numbered = (id: string) => ({ ...options, note: { ...options.note, id } })
const rollBack = () => localTransport().run(rollbackScript(state, 'a test', false).text, { timeout: 60 })

/** A task whose state is the existence of a file, with a key, and with an undo of its own. */
const undoneBy = (name: string, undo: Script): Task => {
  const task = touch(name)
  return {
    ...task,
    key: name,
    plan: (printed, planned) => {
      const answer = task.plan(printed, planned)
      return 'unchanged' in answer ? answer : { ...answer, undo }
    },
  }
}

/** Runs two changes, and loses the operator while the first, which ends with `last`, is under way. */
async function loseDuring(last: Script, undo: Script, lose: (pid: number) => void): Promise<void> {
  mkdirSync(folder)
  const apply = sh`
echo begun
until [ -e ${path('lost')} ]; do sleep 0.1; done
printf '%s\n' {1..20000}
${last}`
  const changes = [
    { task: touch('first'), change: { before: '', after: 'first', apply, undo }, phase: 0 },
    { task: touch('second'), change: { before: '', after: '', apply: sh`touch ${path('second')}`, undo }, phase: 0 },
  ]
  const { script } = batchChanges(new Map(changes.entries()), options.note)
  const bash = spawn('bash', ['--norc', '-c', script], { detached: true })
  for await (const chunk of bash.stdout) if (String(chunk).includes('begun')) break
  bash.stdout.destroy()
  lose(bash.pid!)
  writeFileSync(path('lost'), '')
  await once(bash, 'exit')
}

const losses: [name: string, lose: (pid: number) => void][] = [
  ['nobody listens any more', () => {}],
  ['its session ends', (pid) => process.kill(-pid, 'SIGHUP')],
]
for (const [name, lose] of losses) {
  test(`${name}: the change under way ends, and the next is not begun`, async () => {
    await loseDuring(sh`touch ${path('first')}`, sh`true`, lose)
    assert.equal([existsSync(path('first')), existsSync(path('second'))], [true, false])
  })

  test(`${name}: of a change that fails then, there need be nothing to undo`, async () => {
    await loseDuring(sh`false`, sh`false`, lose)
    assert.is((await rollBack()).code, 0)
  })
}

test('a program that a change leaves running does not keep the lock', async () => {
  const leaves = sh`mkdir -p ${folder}; setsid sleep 300 >/dev/null 2>&1 & echo $! >${path('a')}`
  await runHost(host([touch('a', leaves)]), numbered('1'), silent)
  try {
    const next = await runHost(host([touch('b')]), numbered('2'), silent)
    assert.is(next.status, 'changed', next.failure?.reason)
  } finally {
    process.kill(Number(readFileSync(path('a'), 'utf8')))
  }
})

test('an undo that fails ends the rollback there; when that is mended, the next one goes on', async () => {
  const stuck = undoneBy('stuck', sh`[ -e ${path('mended')} ]; rm -f ${path('stuck')}`)
  await runHost(host([touch('first'), stuck, touch('last')]), numbered('1'), silent)
  assert.is((await rollBack()).code, 1)
  assert.equal(
    ['first', 'stuck', 'last'].map((name) => existsSync(path(name))),
    [true, true, false],
  )
  writeFileSync(path('mended'), '')
  assert.is((await rollBack()).code, 0)
  assert.equal(
    ['first', 'stuck'].map((name) => existsSync(path(name))),
    [false, false],
  )
})

/** A service that reloads by copying its file. */
const reloads = undoneBy('service', sh`at_end cp ${path('conf')} ${path('loaded')}; rm -f ${path('service')}`)

test('a rollback reloads services after their files are back', async () => {
  await runHost(host([file(path('conf'), 'old')]), numbered('1'), silent)
  await runHost(host([file(path('conf'), 'new'), reloads]), numbered('2'), silent)
  assert.is((await rollBack()).code, 0)
  assert.is(readFileSync(path('loaded'), 'utf8'), 'old')
})

test('a reload that fails in a rollback is told, and the run stays to be rolled back', async () => {
  const broken = undoneBy('service', sh`at_end test -e ${path('mended')}; rm -f ${path('service')}`)
  await runHost(host([broken]), numbered('1'), silent)
  assert.is.not((await rollBack()).code, 0)
  const printed = await rollBack()
  assert.match(printed.stdout.toString(), 'the run of the engine test')
})

test('a run that gives back and fails half way still reloads what it has given back', async () => {
  const stuck = undoneBy('stuck', sh`false`)
  await runHost(host([stuck, file(path('conf'), 'ours'), reloads]), numbered('1'), silent)
  const kept = file(path('conf'), 'ours')
  const result = await runHost(host([kept]), numbered('2'), silent)
  assert.is(result.failure?.task, 'restore stuck')
  assert.is(readFileSync(path('loaded'), 'utf8'), 'ours')
})

test('a rollback waits for nobody: it names the run that is at work, and changes nothing', async () => {
  await runHost(host([touch('a')]), numbered('1'), silent)
  const script = sh`${takeLock(state, 'somebody else')}; echo taken; read -r`
  const other = spawn('bash', ['--norc', '-c', script.text])
  await once(other.stdout, 'data')
  const { code, stderr } = await rollBack()
  other.stdin.end()
  await once(other, 'exit')
  assert.equal([code, stderr.trim(), existsSync(path('a'))], [busyCode, 'somebody else', true])
})

test('where it can not be kept how something was, nothing is changed', async () => {
  const [first, second] = [file(path('first'), 'ours'), file(path('second'), 'ours')]
  mkdirSync(join(state, 'originals'), { recursive: true })
  writeFileSync(join(state, 'originals', baselineId(first.key!)), 'in the way')
  const result = await runHost(host([touch('a'), first, second]), numbered('1'), silent)
  assert.is(result.status, 'failed')
  assert.not.ok(existsSync(path('a')))
})

/** @returns what others than root may do with a file or folder */
const forOthers = (name: string) => statSync(name).mode & 0o077

test('what a host keeps is for root alone', async () => {
  const before = process.umask(0)
  try {
    await runHost(host([file(path('secret'), 'one', { mode: '600' })]), numbered('1'), silent)
  } finally {
    process.umask(before)
  }
  assert.is(forOthers(state), 0)
  const kept = readdirSync(join(state, 'originals'))
  assert.is(kept.length, 1)
  const undo = join(state, 'journal', '1', '000.undo')
  const open = [
    ...readdirSync(join(state, 'originals', kept[0]!)).map((name) => join(state, 'originals', kept[0]!, name)),
  ]
  assert.equal([undo, ...open].filter(forOthers), [])
})

test.run()
