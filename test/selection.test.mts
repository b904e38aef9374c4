// What a run is told to leave out: changes before a task, and those that nobody wants.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askEach } from '../engine/cli/confirm.ts'
import { sh } from '../engine/base/sh.ts'
import type { RunHost } from '../engine/runner/host.ts'
import { type RunOptions, runHosts } from '../engine/runner/run.ts'
import { hasName } from '../engine/runner/selection.ts'
import { barrier, flatten, tagged, type Task, tasksOf, unchanged } from '../engine/runner/task.ts'
import { tasks as level3 } from '../playbooks/level3.mts'
import { file } from '../tasks/file.ts'
import { host, inFreshFolders, options, path, silent, touch } from './engine-host.ts'
import { networkd, target } from './level3-host.ts'

inFreshFolders()

const run = (hosts: readonly RunHost[], more: Partial<RunOptions>) =>
  runHosts(hosts, { ...options, forks: 1, interrupted: () => false, ...more }, silent)
const names = (changes: readonly { task: string }[]) => changes.map(({ task }) => task)

/** A task that has something to change where an earlier one changes something. */
const reload: Task = {
  name: 'reload',
  probe: sh`true`,
  plan: (_, { changes }) =>
    changes() ? { before: '', after: 'reloaded', apply: sh`true`, undo: sh`true` } : unchanged(),
}

test('--start-at: changes before the task are left out, and a later run makes them', async () => {
  const tasks = [touch('a'), touch('b'), barrier, touch('c')]
  const checked = await run([host(tasks)], { check: true, wanted: { startAt: 'touch b' } })
  assert.equal(names(checked[0]!.changes), ['touch b', 'touch c'])
  const [first] = await run([host(tasks)], { wanted: { startAt: 'touch b' } })
  assert.equal([first!.status, first!.leftOut], ['changed', ['touch a']])
  assert.not.ok(existsSync(path('a')))
  const [second] = await run([host(tasks)], {})
  assert.equal([names(second!.changes), second!.leftOut], [['touch a'], undefined])
})

test('--start-at: * stands for anything, and nothing else stands for more than itself', () => {
  const shown = (wanted: string) => ['file /etc/a.conf', 'file /etc/abconf', 'x'].filter(hasName(wanted))
  assert.equal(shown('file /etc/a.conf'), ['file /etc/a.conf'])
  assert.equal(shown('file *'), ['file /etc/a.conf', 'file /etc/abconf'])
  assert.equal(shown('*'), ['file /etc/a.conf', 'file /etc/abconf', 'x'])
  assert.equal(shown(''), [])
})

test('--start-at: a task that no host has is refused before anything is changed', async () => {
  const hosts = [host([touch('a')]), host([touch('beta')], undefined, 'there')]
  try {
    await run(hosts, { wanted: { startAt: 'touch bet' } })
    assert.unreachable()
  } catch (error) {
    const message = `--start-at "touch bet": no host has such a task (did you mean "touch beta"?); --check --verbose lists them`
    assert.is((error as Error).message, message)
  }
  assert.not.ok(existsSync(path('a')))
})

test('--start-at: a host without the task is left alone', async () => {
  const [here, there] = await run([host([touch('a')]), host([touch('b')], undefined, 'there')], {
    wanted: { startAt: 'touch b' },
  })
  assert.equal([here!.status, here!.leftOut], ['ok', ['touch a']])
  assert.equal([there!.status, there!.leftOut], ['changed', undefined])
})

test('--start-at: what was changed before the task and is listed no more is restored all the same', async () => {
  await run([host([file(path('kept'), 'x')])], {})
  const [second] = await run([host([touch('a'), touch('b')])], { wanted: { startAt: 'touch b' } })
  assert.equal(names(second!.changes), ['touch b', `restore file ${path('kept')}`])
})

const [first, second, third] = [tagged('a')(touch('a')), tagged('b')(tagged('c')(touch('b'))), touch('c')]

test('--tags: only tasks that have one, --skip-tags: none that has one', async () => {
  const made = async (wanted: object) => (await run([host([first, second, third])], { check: true, wanted }))[0]!
  const { changes, leftOut } = await made({ tags: ['a', 'c'] })
  assert.equal([names(changes), leftOut], [['touch a', 'touch b'], ['touch c']])
  assert.equal(names((await made({ skipTags: ['b'] })).changes), ['touch a', 'touch c'])
  assert.equal(names((await made({ tags: ['a', 'b'], skipTags: ['c'] })).changes), ['touch a'])
  assert.equal(names((await made({ startAt: 'touch b', tags: ['a', 'b'] })).changes), ['touch b'])
})

test('--tags: one that no host has is refused before anything is changed', async () => {
  const why = async (wanted: object, tasks = [first, second, third]) => {
    try {
      await run([host(tasks)], { wanted })
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  assert.is(
    await why({ tags: ['a', 'bx'] }),
    '--tags bx: no host has a task with this tag (did you mean "b"?); there are a, b, c',
  )
  assert.is(
    await why({ skipTags: ['firewall'] }),
    '--skip-tags firewall: no host has a task with this tag; there are a, b, c',
  )
  assert.is(await why({ tags: ['a'] }, [third]), '--tags a: the tasks of this playbook have no tags')
  assert.not.ok(existsSync(path('a')))
})

test('tasks of the levels have the tags that the page on levels lists', () => {
  const on = target('selinux=enforcing', ...networkd)
  const tasks = tasksOf(flatten(level3(on)))
  const listed = [
    ...readFileSync(new URL('../docs/levels.md', import.meta.url), 'utf8').matchAll(/^\| `([a-z-]+)` \|/gm),
  ].map(([, tag]) => tag!)
  assert.equal([...new Set(tasks.flatMap(({ tags = [] }) => tags))].toSorted(), listed.toSorted())
  // Guards alone have none.
  const untagged = tasks.filter(({ tags, key }) => !tags && key !== undefined)
  assert.equal(
    untagged.map(({ name }) => name),
    [],
  )
})

test('--step: what is declined is left out, with what only it would have brought about', async () => {
  const asked: string[] = []
  const answer = (wanted: string[]) => async (name: string, task: string) => {
    asked.push(`${name}: ${task}`)
    return wanted.includes(task)
  }
  const [none] = await run([host([touch('a'), reload])], { ask: answer([]) })
  assert.equal([none!.status, none!.leftOut, none!.executions], ['ok', ['touch a'], 2])
  assert.equal(asked.splice(0), ['here: touch a'])

  const [some] = await run([host([touch('a'), touch('b'), reload])], { ask: answer(['touch b', 'reload']) })
  assert.equal([names(some!.changes), some!.leftOut], [['touch b', 'reload'], ['touch a']])
  assert.equal(asked, ['here: touch a', 'here: touch b', 'here: reload'])
})

test('--step: the hosts are asked about before the first change of any', async () => {
  const [hosts, seen] = [[host([touch('a')]), host([touch('b')], undefined, 'there')], [] as boolean[]]
  await run(hosts, { ask: async (name) => (seen.push(existsSync(path('a'))), name === 'here') })
  assert.equal(seen, [false, false])
  assert.ok(existsSync(path('a')))
})

test('--step: whoever ends the questions ends the run, and nothing is changed', async () => {
  const ended = Object.assign(new Error('ended'), { code: 'ABORT_ERR' })
  const ask = async () => {
    throw ended
  }
  try {
    await run([host([touch('a')])], { ask })
    assert.unreachable()
  } catch (error) {
    assert.is(error, ended)
  }
  assert.not.ok(existsSync(path('a')))
})

test('what an earlier run has found before its first change is kept for a change that is left out', async () => {
  const failing = { ...file(path('late'), 'x'), plan: file(path('late'), 'x').plan }
  const tasks = [touch('a', sh`false`), failing]
  await run([host(tasks)], {})
  const [second] = await run([host([touch('b'), failing])], { ask: async (_, task) => task === 'touch b' })
  assert.equal([second!.status, second!.leftOut], ['changed', [failing.name]])
  const kept = readdirSync(options.note.folder, { recursive: true }).map(String)
  assert.ok(kept.some((entry) => entry.endsWith('/first')))
})

test('--step asks nobody where stdin is no terminal', async () => {
  const { isTTY } = process.stdin
  process.stdin.isTTY = false
  try {
    await askEach('add --yes')('ns1', 'touch a')
    assert.unreachable()
  } catch (error) {
    assert.is((error as Error).message, 'stdin is not a terminal: add --yes')
  } finally {
    process.stdin.isTTY = isTTY
  }
})

test.run()
