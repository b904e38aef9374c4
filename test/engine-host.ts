// A host of the engine's tests: real bash on this machine, in a folder of its own; no cluster and no SSH.
import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import type { ChangeReport, HostResult, Listener } from '../engine/runner/events.ts'
import type { HostOptions, RunHost } from '../engine/runner/host.ts'
import { localTransport } from '../engine/transport/local.ts'
import { runHosts } from '../engine/runner/run.ts'
import { type JournalledRun, journalProbe, parseJournal, rollbackScript } from '../engine/runner/rollback.ts'
import { type Script, sh } from '../engine/base/sh.ts'
import { type Listed, type Task, unchanged } from '../engine/runner/task.ts'
import type { Outcome, Transport } from '../engine/transport/transport.ts'
import { resourceOf } from '../tasks/resources.ts'
import { checkedFilled } from './documents.ts'
import { needRoot } from './root.ts'

// Files belong to root unless a task says otherwise.
needRoot('mapped')

const base = mkdtempSync(join(tmpdir(), 'engine-'))
export const folder = join(base, 'work')
export const path = (name: string) => join(folder, name)

/** Every test of a file begins with nothing there, and none leaves anything. */
export function inFreshFolders(): void {
  test.before.each(() => {
    // What a host does by itself may go on for a moment.
    for (const one of [folder, join(base, 'state')]) rmSync(one, { recursive: true, force: true, maxRetries: 5 })
  })
  test.after(() => rmSync(base, { recursive: true, force: true }))
}

/** A task whose state is the existence of a file. */
export const touch = (name: string, apply = sh`mkdir -p ${folder}; touch ${path(name)}`): Task => ({
  name: `touch ${name}`,
  probe: sh`[ -e ${path(name)} ]`,
  plan: ({ code }) => (code === 0 ? unchanged() : { before: '', after: name, apply, undo: sh`rm -f ${path(name)}` }),
})

export const host = (tasks: Listed[], transport: Transport = localTransport(), name = 'here'): RunHost => ({
  name,
  transport,
  tasks: () => tasks,
  resourceOf,
})
export const options = {
  check: false,
  // A busy machine may take long; what has to take too long says so itself.
  timeout: 600,
  note: { id: '2026-01-01T00-00-00Z-0000', by: 'the engine test', folder: join(base, 'state'), scope: 'cluster' },
}
export const silent = () => {}
export const runHost = async (
  one: RunHost,
  { check, timeout, note, confirmWithin }: HostOptions,
  tell: Listener,
): Promise<HostResult> => {
  const hosts = await runHosts([one], { check, timeout, note, confirmWithin, forks: 1, interrupted: () => false }, tell)
  checkedFilled('run', { document: 'run', playbook: 'x', exitCode: 0, check, hosts })
  return hosts[0]!
}

export const { folder: state } = options.note
/** Runs a script on the host. */
export const here = (script: Script): Promise<Outcome> =>
  localTransport().run(script.text, { timeout: options.timeout })
export const journal = async (): Promise<JournalledRun[]> =>
  parseJournal((await here(journalProbe(state))).stdout.toString(), state)
export const undo = (name: string): Promise<Outcome> => here(rollbackScript(state, 'a test', name))
export const undoNewest = async (): Promise<Outcome> => undo((await journal())[0]!.name)
/** The content of a file, or undefined where there is none. */
export const shown = (name: string): string | undefined =>
  existsSync(path(name)) ? readFileSync(path(name), 'utf8') : undefined
/** @returns the id of a run, as a host knows it again, for a word that a test calls it by; an id stays as it is */
export const runId = (word: string): string =>
  /Z-[0-9a-f]{4}$/.test(word)
    ? word
    : `2026-01-01T00-00-00Z-${createHash('sha256').update(word).digest('hex').slice(0, 4)}`
/** Runs these tasks under an id of their own. */
export const run = (word: string, tasks: Listed[], transport?: Transport): Promise<HostResult> =>
  runHost(host(tasks, transport), { ...options, note: { ...options.note, id: runId(word) } }, silent)
/** The ids of the baselines. */
export const kept = (): string[] => readdirSync(join(state, 'originals'))

/** A task with a baseline, whose apply and undo are these. */
export const custom = (name: string, apply: Script, undo: Script): Task => ({
  ...touch(name),
  key: `custom ${name}`,
  plan: ({ code }) => (code === 0 ? unchanged() : { before: '', after: name, apply, undo }),
})
export const made = (name: string, undo: Script): Task =>
  custom(name, sh`mkdir -p ${folder}; touch ${path(name)}`, undo)

/** What check mode announces, as no change takes time there. */
export const untimed = (changes: readonly ChangeReport[]): ChangeReport[] =>
  changes.map(({ seconds: _time, ...change }) => change)
