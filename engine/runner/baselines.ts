import { createHash } from 'node:crypto'
import { posix } from 'node:path'
import { exitCode, UserError } from '../base/errors.ts'
import { lines, Script, sh } from '../base/sh.ts'
import type { RunNote } from './note.ts'
import type { Plan } from './plan.ts'
import { type Listed, type Resource, type Task, tasksOf, unchanged } from './task.ts'

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

/** @returns a key as hosts keep it: in one line */
export const keyLine = (key: string): string => key.replaceAll('\n', ' ')

/** @returns the name of the folder where the original of a task is kept */
export const baselineId = (key: string): string => createHash('sha256').update(keyLine(key)).digest('hex').slice(0, 16)

/** @returns the folder of a baseline on the host */
export const baselinePath = ({ folder, scope }: Pick<RunNote, 'folder' | 'scope'>, key: string): string =>
  posix.join(folder, baselineFolder(scope), baselineId(key))

/** The baselines that `stateProbe` printed, latest first: the order of restoring. */
export const parseBaselines = (text: string): Baseline[] =>
  text
    .split('\n')
    .flatMap((line) => {
      const [, scope = clusterScope, id, order, key] =
        line.match(/^originals(?:\.([^/]+))?\/([0-9a-f]{16})\/about:(\S+) ([^]*)$/) ?? []
      return id ? [{ scope, id, order: order!, key: key! }] : []
    })
    .sort((a, b) => (a.order < b.order ? 1 : -1))
    .map(({ scope, id, key }) => ({ scope, id, key }))

/** How a resource is read, by the key of its baseline; undefined for a kind that can't be read on its own. */
export type ResourceOf = (key: string) => Resource | undefined

/**
 * The tasks that restore the baselines of tasks that are no longer listed.
 * @param baselines of all scopes; those of other scopes stay as they are
 * @throws UserError where a listed task has the resource under another key: the restore would destroy what it makes
 */
export function restoreUnlisted(
  list: readonly Listed[],
  baselines: readonly Baseline[],
  note: Pick<RunNote, 'folder' | 'scope'>,
  resourceOf: ResourceOf = () => undefined,
): Task[] {
  const tasks = tasksOf(list)
  const wanted = new Set(
    tasks.flatMap(({ key, formerKeys = [] }) => [...(key === undefined ? [] : [key]), ...formerKeys].map(keyLine)),
  )
  const unlisted = baselines.filter(({ scope, key }) => scope === note.scope && !wanted.has(key))
  for (const { key } of unlisted) {
    const owner = tasks.find(({ resources = [] }) => resources.some((resource) => key.endsWith(` ${resource}`)))
    if (owner)
      throw new UserError(
        `${owner.name}: the host keeps how it was under "${key}", which this playbook does not list: ` +
          `give the task formerKeys: ['${key}']`,
        exitCode.failed,
      )
  }
  return unlisted.map(({ key }) => restore(key, baselinePath(note, key), resourceOf(key)))
}

/**
 * @returns the first change of a setting that another scope has already changed, as text: two scopes that want
 *   different states would undo each other in turn
 */
export function conflictOf(plan: Plan, baselines: readonly Baseline[], scope: string): string | undefined {
  for (const { task } of plan.changes) {
    const other = baselines.find(
      ({ key, scope: theirs }) => task.key !== undefined && key === keyLine(task.key) && theirs !== scope,
    )
    if (other)
      return `${task.name}: the playbooks of scope "${other.scope}" keep it another way; take it out of one of them`
  }
}

const parts = ['before', 'after', 'apply', 'undo']

// What is really there is shown, and journalled as it is: others may have changed it since the latest change.
function restore(key: string, path: string, resource: Resource | undefined): Task {
  const live = resource ? sh`( ${resource.probe} ) | base64 -w0; printf '\n%d\n' "$PIPESTATUS"` : sh`true`
  return {
    name: `restore ${key}`,
    key,
    probe: lines(sh`cd ${path} 2>/dev/null && for part in ${parts}; do base64 -w0 "$part"; echo; done || exit 1`, live),
    plan: ({ text, code }) => {
      if (code !== 0) return unchanged()
      const rows = text.split('\n')
      const [before, after, apply, undo, printed] = rows.map((row) => Buffer.from(row, 'base64').toString('utf8')) as [
        string,
        string,
        string,
        string,
        string,
      ]
      const state = resource?.read({ text: printed, code: Number(rows[5]) })
      const byOthers = state !== undefined && state.text !== after && state.text !== before
      return {
        before: state?.text ?? after,
        after: before,
        apply: new Script(undo),
        undo: state?.restore ?? new Script(apply),
        restores: true,
        ...(byOthers && { remark: 'changed by others meanwhile; rollback.mts brings their version back' }),
      }
    },
  }
}
