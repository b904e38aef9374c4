import { randomBytes } from 'node:crypto'
import type { Plan } from './plan.ts'
import { type Script, sh } from './sh.ts'

/** The script leaves with this code when another run holds the host's lock. */
export const busyCode = 75

/** Who changes the host, for the journal and for whoever finds the lock taken. */
export interface RunNote {
  /** Sorts by time: `2026-03-01T12-00-00Z-1a2b`. */
  id: string
  /** One line: who, from where, with which playbook. */
  by: string
  /** The folder on the host, of root alone, with the lock and the journal of how to undo what runs have changed. */
  folder: string
}

/** What the stream of an applying host tells, in order. */
export type Step =
  | { type: 'started'; index: number }
  | { type: 'output'; index: number; line: string }
  | { type: 'ended'; index: number; code: number }

/** One script that makes all changes in order and tells of each as it goes. */
export interface ApplyBatch {
  script: string
  /** Takes a piece of the script's stdout and gives the steps that it completes. */
  read(chunk: Buffer): Step[]
}

/**
 * Packs the changes of a plan into one script. It takes the host's lock, writes how to undo each change into the
 * journal before it makes the change, stops at the first that fails, and stops between two changes when nobody
 * listens any more: a lost connection never leaves half a change.
 */
export function batchChanges(plan: Plan, note: RunNote): ApplyBatch {
  const marker = `apply-${randomBytes(9).toString('hex')}`
  const steps = plan.changes.map(({ task, change }, index) => step(marker, index, task.name, change.undo, change.apply))
  const script = [prologue(note).text, ...steps.map((s) => s.text)].join('\n')
  return { script, read: stepReader(marker) }
}

const prologue = (note: RunNote) => sh`
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap '' HUP PIPE
mkdir -p -m 700 ${note.folder} || exit 1
cd ${note.folder}
exec 9>>lock
if ! flock -n 9; then
  cat lock >&2
  exit ${busyCode}
fi
printf '%s\n' ${note.by} >lock
journal=$PWD/journal/${note.id}
mkdir -p "$journal"
printf '%s\n' ${note.by} >"$journal/by"
# Twenty runs can be undone; older ones go.
ls -1d journal/*/ | head -n -20 | xargs -r rm -rf --
cd /`

// errexit works in a subshell only where its exit status is not tested in the same command. What a change prints goes
// through cat, so that it does not fail in the middle when nobody listens any more.
const step = (marker: string, index: number, name: string, undo: Script, apply: Script) => sh`
printf '\n%s start %d\n' ${marker} ${index} || exit 1
undo=$journal/${String(index).padStart(3, '0')}.undo
(umask 077; printf '# %s\n%s\n' ${name} ${undo.text} >"$undo")
(
set -euo pipefail
${apply}
) 9>&- 2>&1 | { cat; cat >/dev/null; }
code=$PIPESTATUS
printf '\n%s end %d %d\n' ${marker} ${index} "$code"
[ "$code" -eq 0 ] || { touch "$undo.failed"; exit 1; }`

function stepReader(marker: string): (chunk: Buffer) => Step[] {
  let rest = ''
  let index = -1
  const decoder = new TextDecoder()
  return (chunk) => {
    const found = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = found.pop()!
    return found.flatMap((line): Step[] => {
      if (!line.startsWith(marker)) return line.trim() && index >= 0 ? [{ type: 'output', index, line }] : []
      const [, word, number, code] = line.split(' ')
      index = Number(number)
      return [word === 'start' ? { type: 'started', index } : { type: 'ended', index, code: Number(code) }]
    })
  }
}
