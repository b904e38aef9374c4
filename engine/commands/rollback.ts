import type { Documents } from '../../documents/all.ts'
import { exitCode, UserError } from '../base/errors.ts'
import { didYouMean } from '../base/suggest.ts'
import type { JournalledRun } from '../runner/rollback.ts'

/** What a host can undo, newest run first. */
export interface HostJournal {
  host: string
  runs: readonly JournalledRun[]
}

/** A run on all of its hosts, as people and programs are told of it. */
type RunSummary = NonNullable<Documents['rollback']['runs']>[number]

/** @returns the runs of all hosts, the newest first; each host counts by itself, so no clock is asked */
export function runsOf(journals: readonly HostJournal[]): RunSummary[] {
  const ages = new Map<string, number>()
  const summaries = new Map<string, RunSummary>()
  for (const { host, runs } of journals) {
    runs.forEach(({ id, by, changes }, age) => {
      const [, who = by, when = '', playbook = ''] = by.match(/^(.*?), (\d\S+), (.*)$/) ?? []
      const summary = summaries.get(id) ?? { id, when, who, playbook, hosts: [] }
      summary.hosts.push({ host, changes: changes.length, newest: age === 0 })
      summaries.set(id, summary)
      ages.set(id, Math.min(age, ages.get(id) ?? Infinity))
    })
  }
  return [...summaries.values()].sort((a, b) => ages.get(a.id)! - ages.get(b.id)!)
}

/** @returns the table of runs for people */
export function runTable(summaries: readonly RunSummary[]): string[] {
  const rows = [
    ['RUN', 'WHEN', 'WHO', 'PLAYBOOK', 'CHANGES'],
    ...summaries.map(({ id, when, who, playbook, hosts }) => {
      const counts = hosts.map(({ host, changes, newest }) => `${host} ${changes}${newest ? ' (newest)' : ''}`)
      return [id, when.replace(/\.\d+Z$/, 'Z'), who, playbook, counts.join(', ')]
    }),
  ]
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
}

/**
 * Chooses the run to undo: the one that was asked for, or the newest where it is the same on all hosts.
 * @throws UserError where there is no such run, or no single newest one
 */
export function chooseRun(summaries: readonly RunSummary[], to: string | undefined): RunSummary {
  if (to !== undefined) {
    const ids = summaries.map(({ id }) => id)
    const asked = summaries.find(({ id }) => id === to)
    if (!asked) throw new UserError(`--to: no host has a run ${to} in its journal${didYouMean(to, ids)}`)
    return asked
  }
  const newest = summaries.filter(({ hosts }) => hosts.some((one) => one.newest))
  if (newest.length === 1) return newest[0]!
  const ways = newest.map(({ id, hosts }) => `  --to ${id}   ${newestOn(hosts).join(', ')}`)
  throw new UserError(
    ['The newest run is not the same on all hosts: choose one, which is undone where it is the newest:', ...ways].join(
      '\n',
    ),
    exitCode.usage,
  )
}

/** @returns the hosts where a run is the newest, and can be undone */
export const newestOn = (hosts: RunSummary['hosts']): string[] =>
  hosts.filter(({ newest }) => newest).map(({ host }) => host)
