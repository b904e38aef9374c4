import { randomBytes } from 'node:crypto'
import { takeLock } from './lock.ts'
import type { RunNote } from './note.ts'
import { baselineFolder, baselineId } from './baselines.ts'
import type { PlannedChange } from './plan.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import type { Task } from './task.ts'

/** One event in the output of an applying host, in order. */
export type Step =
  | { type: 'started'; index: number }
  | { type: 'output'; index: number; line: string }
  | { type: 'ended'; index: number; code: number }

/** One script that makes all changes in order and reports each one. */
export interface ApplyBatch {
  script: string
  /** @returns the steps that this piece of the script's stdout completes */
  read(chunk: Buffer): Step[]
}

/**
 * Packs changes into one script. The script takes the host lock, writes the undo of each change into the journal before
 * the change, and stops at the first failure. If the connection is lost, it stops between two changes: a lost
 * connection never leaves half a change.
 * @param changes all or some of a plan, by their place in it
 */
export function batchChanges(changes: ReadonlyMap<number, PlannedChange>, note: RunNote): ApplyBatch {
  const marker = `apply-${randomBytes(9).toString('hex')}`
  const steps = [...changes].map(([index, planned]) => step(marker, index, planned))
  const script = [prologue(note), keepAll(changes), ...steps, epilogue].map(({ text }) => text).join('\n')
  return { script, read: stepReader(marker) }
}

/**
 * Bash functions for undo scripts: `at_end COMMAND …` defers a command until the files are restored, `end_all` runs the
 * deferred commands. Both need the name of a file in `$put_off`.
 */
export const putOff: Script = sh`
at_end() { printf '%q ' "$@" >>"$put_off"; echo >>"$put_off"; }
end_all() {
  [ -e "$put_off" ] || return 0
  bash -e "$put_off" 9>&- 2>&1 | { cat; cat >/dev/null; }
  local code=$PIPESTATUS
  rm -f -- "$put_off"
  return "$code"
}`

const prologue = (note: RunNote) => sh`
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap '' HUP PIPE
${takeLock(note.folder, note.by)}
cd ${note.folder}
run=${note.id} journal=$PWD/journal/${note.id} originals=$PWD/${baselineFolder(note.scope)} put_off=$PWD/journal/${note.id}/at-end
mkdir -p "$journal" "$originals"
printf '%s\n' ${note.by} >"$journal/by"
printf '%s\n' ${baselineFolder(note.scope)} >"$journal/originals"
# Twenty runs can be undone; older ones go.
ls -1d journal/*/ | head -n -20 | xargs -r rm -rf --
cd /
${putOff}
# keep STEP ID KEY UNDO BEFORE: how a resource is before the first change that is planned for it. The file "first" comes
# last, since it makes the rest count; it becomes "about" when the change is made.
keep() {
  local entry=$originals/$2
  save "$1" "$2"
  [ ! -e "$entry/about" ] && [ ! -e "$entry/first" ] || return 0
  [ -d "$entry" ] || mkdir "$entry"
  printf %s "$4" >"$entry/undo"
  printf %s "$5" >"$entry/before"
  printf '%s-%s %s\n' "$run" "$1" "$3" >"$entry/first"
}
# made ID APPLY AFTER: how it is from now on.
made() {
  local entry=$originals/$1
  printf %s "$2" >"$entry/apply"
  printf %s "$3" >"$entry/after"
  [ -e "$entry/about" ] || mv -- "$entry/first" "$entry/about"
}
# save STEP ID: what is kept under this id before the step, for a rollback.
save() {
  printf '%s\n' "$2" >"$journal/$1.id"
  [ ! -d "$originals/$2" ] || cp -a -- "$originals/$2" "$journal/$1.original"
}`

/**
 * Saves all baselines before the first change: one change can alter the baseline of a later one (a package starts
 * its service), and after an aborted run the original state would be unknown.
 */
function keepAll(changes: ReadonlyMap<number, PlannedChange>): Script {
  const kept = [...changes].flatMap(([index, { task, change }]) => {
    if (task.key === undefined || change.restores) return []
    const key = task.key.replaceAll('\n', ' ')
    return sh`keep ${[stepNumber(index), idOf(task), key, change.undo.text, change.before]}`
  })
  return sh`(
umask 077
set -e
${lines(...kept)}
)
[ "$?" -eq 0 ] || exit 1`
}

// All changes are made, so notes of an earlier aborted run are stale.
const epilogue = sh`
find "$originals" -mindepth 2 -maxdepth 2 -name first -printf '%h\0' | xargs -0r rm -rf --
end_all`

const stepNumber = (index: number) => String(index).padStart(3, '0')
const idOf = ({ key }: Task) => (key === undefined ? '' : baselineId(key))

// errexit works in a subshell only if its exit status is not tested in the same command. The output of a change goes
// through cat, so that a lost connection does not stop the change in the middle.
function step(marker: string, index: number, { task, change }: PlannedChange): Script {
  const number = stepNumber(index)
  const { after, apply, undo, restores } = change
  const id = idOf(task)
  return sh`
printf '\n%s start %d\n' ${marker} ${index} || exit 1
undo=$journal/${number}.undo
(
umask 077
set -e
printf '# %s\n%s\n' ${task.name.replaceAll('\n', ' ')} ${undo.text} >"$undo"
${!id ? nothing : restores ? sh`save ${number} ${id}` : sh`made ${[id, apply.text, after]}`}
)
[ "$?" -eq 0 ] || exit 1
(
set -euo pipefail
${apply}
) 9>&- 2>&1 | { cat; cat >/dev/null; }
code=$PIPESTATUS
${restores ? sh`[ "$code" -ne 0 ] || rm -rf -- "$originals"/${id}` : nothing}
printf '\n%s end %d %d\n' ${marker} ${index} "$code"
[ "$code" -eq 0 ] || { touch "$undo.failed"; end_all; exit 1; }`
}

const nothing = sh`true`

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
