import { posix } from 'node:path'
import { exitCode, UserError } from '../base/errors.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Finding } from './finding.ts'

/** A node's note about a rolling reboot, kept until its end so that another run can resume it. */
export interface Note {
  /** Who began it, from where, when. */
  by: string
  state: 'waiting' | 'begun' | 'done' | 'left out'
  /** An operator had drained it before: it stays drained. */
  drained: boolean
  /** The boot id before the reboot of this node. */
  bootId?: string
  /** The command to run before the reboot. */
  before?: string
  reboot: boolean
  /** What was wrong with the cluster before, and was tolerated. */
  known: readonly Finding[]
}

/** @param folder see `RunNote.folder` */
export const noteFile = (folder: string): string => posix.join(folder, 'rolling')

/**
 * Reads a note: it comes from a host, so it is held against what runs write.
 * @throws UserError where it is another thing
 */
export function parseNote(host: string, folder: string, text: string): Note {
  try {
    const note: Partial<Record<keyof Note, unknown>> = JSON.parse(text)
    const { by, state, drained, bootId = '', before = '', reboot, known } = note
    const texts = [by, state, bootId, before].every((value) => typeof value === 'string')
    if (texts && typeof drained === 'boolean' && typeof reboot === 'boolean' && Array.isArray(known))
      return note as Note
  } catch {}
  throw new UserError(
    `${host}: ${noteFile(folder)} is no note of a rolling reboot: look at it there, and remove it`,
    exitCode.failed,
  )
}

/**
 * A note holds a command for root on every node, so no node alone can say that there is one.
 * @returns a note of the run that is to be gone on with; undefined where there is none
 * @throws UserError where the nodes differ
 */
export function agreedNote(
  names: readonly string[],
  notes: ReadonlyMap<string, Note>,
  folder: string,
): Note | undefined {
  const states = new Set([...notes.values()].map(({ state }) => state))
  const isComplete = notes.size === names.length
  // All nodes have a note before the first step and until the last: here the first was not begun, or the last has ended.
  if (!isComplete && !states.has('begun') && !(states.has('waiting') && states.has('done'))) return undefined
  const told = Map.groupBy(names, (name) => whatIsTold(notes.get(name)))
  if (told.size === 1) return notes.get(names[0]!)
  throw new UserError(
    [
      `the nodes tell of different rolling reboots, so none is gone on with. In ${noteFile(folder)} they have:`,
      ...[...told].map(([what, who]) => `  ${who.join(', ')}: ${what}`),
      'Remove the file where it does not belong; without any, a new run begins',
    ].join('\n'),
    exitCode.failed,
  )
}

/** What has to be the same on all nodes, in one line. */
function whatIsTold(note: Note | undefined): string {
  if (!note) return 'nothing'
  const { by, before, reboot, known } = note
  return JSON.stringify({ by, before, reboot, known })
}

/** Keeps a note on a host; `undefined` takes it away. */
export const writeNote = (folder: string, note: Note | undefined): Script =>
  note
    ? sh`umask 077; printf '%s\n' ${JSON.stringify(note)} >${`${noteFile(folder)}.new`} && sync ${`${noteFile(folder)}.new`} &&
mv -f ${`${noteFile(folder)}.new`} ${noteFile(folder)} && sync ${folder}`
    : sh`rm -f -- ${noteFile(folder)}`
