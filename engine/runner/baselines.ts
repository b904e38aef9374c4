import { createHash } from 'node:crypto'
import { Script, sh } from '../base/sh.ts'
import type { RunNote } from './note.ts'
import type { Plan } from './plan.ts'
import { type Listed, type Task, tasksOf, unchanged } from './task.ts'

// Beside the journal, which forgets old runs, a host keeps for everything that was ever changed on it how that was before
// the first change: a folder `originals/ID`, or `originals.SCOPE/ID` for a scope of its own, with the files `about` (run and key), `undo` and `before` of the first
// change, `apply` and `after` of the latest. It goes when the original is back. Of a change that a run has planned and not
// made yet, or never came to, the folder has `first` in the place of `about`: the original for the next run that makes it.

/** The scope of the cluster's own playbooks. */
export const clusterScope = 'cluster'

/** @returns the folder of a scope's baselines, below `RunNote.folder` */
export const baselineFolder = (scope: string): string => (scope === clusterScope ? 'originals' : `originals.${scope}`)

/** A saved state that can be restored. */
export interface Baseline {
  scope: string
  id: string
  key: string
}

/** @returns the name of the folder where the original of a task is kept */
export const baselineId = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)

/** Prints what the host keeps, read-only. @param folder see `RunNote.folder` */
export const baselinesProbe = (folder: string): Script =>
  sh`cd ${folder} 2>/dev/null && grep -sH . -- originals*/*/about || true`

/** Reads what `baselinesProbe` printed: the latest first, which is the order to restore in. */
export const parseBaselines = (text: string): Baseline[] =>
  text
    .split('\n')
    .flatMap((line) => {
      const [, scope = clusterScope, id, order, key] =
        line.match(/^originals(?:\.([^/]+))?\/([0-9a-f]{16})\/about:(\S+) (.*)$/) ?? []
      return id ? [{ scope, id, order: order!, key: key! }] : []
    })
    .sort((a, b) => (a.order < b.order ? 1 : -1))
    .map(({ scope, id, key }) => ({ scope, id, key }))

/**
 * The tasks that give a host back what a list of tasks does not want any more.
 * @param baselines of all scopes; those of other scopes stay as they are
 */
export function restoreUnlisted(
  list: readonly Listed[],
  baselines: readonly Baseline[],
  { folder, scope }: Pick<RunNote, 'folder' | 'scope'>,
): Task[] {
  const wanted = new Set(tasksOf(list).map(({ key }) => key))
  return baselines
    .filter((baseline) => baseline.scope === scope && !wanted.has(baseline.key))
    .map((baseline) => restore(baseline, folder))
}

/**
 * @returns the first change of something that another scope has changed before, as words: two scopes that want different
 *   states would take turns in undoing each other
 */
export function conflictOf(plan: Plan, baselines: readonly Baseline[], scope: string): string | undefined {
  for (const { task } of plan.changes) {
    const other = baselines.find(({ key, scope: theirs }) => key === task.key && theirs !== scope)
    if (other)
      return `${task.name}: the playbooks of scope "${other.scope}" keep it another way; take it out of one of them`
  }
}

const parts = ['before', 'after', 'apply', 'undo']

function restore({ scope, id, key }: Baseline, folder: string): Task {
  return {
    name: `restore ${key}`,
    key,
    probe: sh`cd ${`${folder}/${baselineFolder(scope)}/${id}`} 2>/dev/null && for part in ${parts}; do base64 -w0 "$part"; echo; done`,
    plan: ({ text, code }) => {
      if (code !== 0) return unchanged()
      const [before, after, apply, undo] = text
        .split('\n')
        .map((line) => Buffer.from(line, 'base64').toString('utf8')) as [string, string, string, string]
      return { before: after, after: before, apply: new Script(undo), undo: new Script(apply), restores: true }
    },
  }
}
