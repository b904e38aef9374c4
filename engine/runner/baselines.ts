import { createHash } from 'node:crypto'
import { Script, sh } from '../base/sh.ts'
import type { RunNote } from './note.ts'
import type { Plan } from './plan.ts'
import { type Listed, type Task, tasksOf, unchanged } from './task.ts'

// Baselines: for every setting ever changed, a host keeps the state before the first change. The journal would not do,
// as it forgets old runs. A baseline is a folder `originals/ID`, or `originals.SCOPE/ID` for another scope, with the
// files `about` (run and key), `undo` and `before` of the first change, `apply` and `after` of the latest change. It is
// deleted when the baseline is restored. For a change that is planned but not yet made, the folder has `first` in place
// of `about`: it is the baseline for the next run that makes the change.

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

/** The baselines that `baselinesProbe` printed, latest first: the order of restoring. */
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
 * The tasks that restore the baselines of tasks that are no longer listed.
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
 * @returns the first change of a setting that another scope has already changed, as text: two scopes that want
 *   different states would undo each other in turn
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
