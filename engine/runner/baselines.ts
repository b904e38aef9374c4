import { createHash } from 'node:crypto'
import { Script, sh } from '../base/sh.ts'
import { type Listed, type Task, tasksOf, unchanged } from './task.ts'

// Beside the journal, which forgets old runs, a host keeps for everything that was ever changed on it how that was before
// the first change: a folder `originals/ID` with the files `about` (run and key), `undo` and `before` of the first
// change, `apply` and `after` of the latest. It goes when the original is back. Of a change that a run has planned and not
// made yet, or never came to, the folder has `first` in the place of `about`: the original for the next run that makes it.

/** Something that the host has as it was made, and could have back as it was. */
export interface Original {
  id: string
  key: string
}

/** @returns the name of the folder where the original of a task is kept */
export const baselineId = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16)

/** Prints what the host keeps, read-only. @param folder see `RunNote.folder` */
export const baselinesProbe = (folder: string): Script =>
  sh`cd ${folder}/originals 2>/dev/null && grep -H . -- */about || true`

/** Reads what `baselinesProbe` printed: the latest first, which is the order to restore in. */
export const parseBaselines = (text: string): Original[] =>
  text
    .split('\n')
    .flatMap((line) => {
      const [, id, order, key] = line.match(/^([0-9a-f]{16})\/about:(\S+) (.*)$/) ?? []
      return id ? [{ id, order: order!, key: key! }] : []
    })
    .sort((a, b) => (a.order < b.order ? 1 : -1))
    .map(({ id, key }) => ({ id, key }))

/**
 * The tasks that give a host back what a list of tasks does not want any more.
 * @param folder see `RunNote.folder`
 */
export function restoreUnlisted(list: readonly Listed[], originals: readonly Original[], folder: string): Task[] {
  const wanted = new Set(tasksOf(list).map(({ key }) => key))
  return originals.filter(({ key }) => !wanted.has(key)).map((original) => restore(original, folder))
}

const parts = ['before', 'after', 'apply', 'undo']

function restore({ id, key }: Original, folder: string): Task {
  return {
    name: `restore ${key}`,
    key,
    probe: sh`cd ${`${folder}/originals/${id}`} 2>/dev/null && for part in ${parts}; do base64 -w0 "$part"; echo; done`,
    plan: ({ text, code }) => {
      if (code !== 0) return unchanged()
      const [before, after, apply, undo] = text
        .split('\n')
        .map((line) => Buffer.from(line, 'base64').toString('utf8')) as [string, string, string, string]
      return { before: after, after: before, apply: new Script(undo), undo: new Script(apply), restores: true }
    },
  }
}
