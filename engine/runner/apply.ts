import { createHash, randomBytes } from 'node:crypto'
import type { RunNote } from './note.ts'
import { beginRun, changeFunctions, enterRun, lock, planEnd } from './apply-journal.ts'
import { baselineId, keyLine } from './baselines.ts'
import type { Plan, PlannedChange } from './plan.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import { armFunction } from './dead-man.ts'
import type { Printed, Task } from './task.ts'

/** One event in the output of an applying host, in order. */
export type ApplyStep =
  | { type: 'started'; index: number }
  | { type: 'output'; index: number; line: string }
  | { type: 'ended'; index: number; code: number }

/** One script that makes all changes in order and reports each one. */
export interface ApplyBatch {
  script: string
  /** @returns the steps that this piece of the script's stdout completes */
  read(chunk: Buffer): ApplyStep[]
}

/** Which part of a run a batch is. */
export interface BatchPlace {
  phase: number
  /** `latest` of the host's state as it was planned on, for the first batch of a run on a host. */
  first?: string
  /** The last batch of the run on this host, which then has made all changes. */
  last: boolean
  /** Seconds after which the host undoes the run by itself, unless it is confirmed; 0 for never. */
  confirmWithin: number
}

/**
 * Packs the changes of one phase into one script. The script takes the host lock, ends with `staleCode` where another
 * run has changed the host since it was planned, writes baselines and the undo of each change to disk before the first
 * change, and stops at the first failure; restores go on, since they don't need each other. If the connection is
 * lost, it stops between two changes: a lost connection never leaves half a change. What was put off is done however
 * the script ends.
 */
export function batchChanges(plan: Plan, note: RunNote, { phase, first, last, confirmWithin }: BatchPlace): ApplyBatch {
  const marker = `apply-${randomBytes(9).toString('hex')}`
  const all = [...plan.changes.entries()]
  const changes = all.filter(([, change]) => change.phase === phase)
  const parts = [
    lock(note),
    first === undefined ? enterRun(note) : beginRun(note, first),
    changeFunctions(note),
    armFunction(note, confirmWithin),
    prepare(first === undefined ? [] : all, changes),
    sh`arm || { echo 'the timer that would undo what cuts this host off can not be set (systemd-run); --confirm-timeout 0 goes without it' >&2; exit 1; }`,
    ...changes.map(([index, change]) => step(marker, note, index, change)),
    last ? forgetUnmade : nothing,
    sh`exit "$failed"`,
  ]
  return { script: lines(...parts).text, read: stepReader(marker) }
}

type Numbered = readonly [index: number, planned: PlannedChange]

/**
 * Saves all baselines before the first change, those of later phases too: one change can alter the baseline of a later
 * one (a package starts its service), and after an aborted run the original state would be unknown. Like the undo
 * scripts they are on disk before any change is.
 */
function prepare(all: readonly Numbered[], changes: readonly Numbered[]): Script {
  const kept = all.flatMap(([index, { task, change }]) => {
    if (task.key === undefined || change.restores) return []
    const former = (task.formerKeys ?? []).map(baselineId)
    return sh`keep ${[stepNumber(index), idOf(task), keyLine(task.key), change.undo.text, change.before, ...former]}`
  })
  const undos = changes.map(
    ([index, { task, change }]) =>
      sh`printf '# %s\n%s\n%s\n' ${[oneLine(task.name), change.undo.text, planEnd]} >"$journal"/${stepNumber(index)}.plan`,
  )
  return sh`(
umask 077
set -e
${lines(...kept, ...undos)}
to_disk
)
[ "$?" -eq 0 ] || exit 1`
}

// All changes are made, so notes of an earlier aborted run are stale.
const forgetUnmade = sh`
[ "$failed" -ne 0 ] || find "$originals" -mindepth 2 -maxdepth 2 -name first -printf '%h\0' | xargs -0r rm -rf --`

const oneLine = (text: string) => text.replaceAll('\n', ' ')
const stepNumber = (index: number) => String(index).padStart(3, '0')
const idOf = ({ key }: Task) => (key === undefined ? '' : baselineId(key))
const nothing = sh`true`

function step(marker: string, note: RunNote, index: number, { task, change, printed }: PlannedChange): Script {
  const number = stepNumber(index)
  const { after, apply, restores } = change
  const id = idOf(task)
  const keep = !id ? nothing : restores ? sh`save ${number} ${id}` : sh`made ${[id, apply.text, after]}`
  return sh`
printf '\n%s start %d\n' ${marker} ${index} || { listener=gone; exit 1; }
stamp ${note.id} ${number} begun
undo=$journal/${number}.undo
umask 077
planned ${number} && mv -- "$journal"/${number}.plan "$undo" && ${keep} || exit 1
sync "$journal" ${id && !restores ? sh`"$originals"/${id}` : sh``} 2>/dev/null || sync || exit 1
umask 022
${change.quiet ? quietly(apply) : aloud(apply)}
stamp ${note.id} ${number} ended
${restores ? sh`[ "$code" -ne 0 ] || restored+=("$originals"/${id})` : nothing}
printf '\n%s end %d %d\n' ${marker} ${index} "$code" || listener=gone
if [ "$code" -ne 0 ]; then
touch "$undo.failed"
seen=$({
(
${task.probe}
) 2>/dev/null 9>&-
printf '\n%d' "$?"
} | sha256sum)
[ "\${seen%% *}" != ${digest(printed)} ] || not_made ${number} ${restores ? '' : id}
${restores ? sh`failed=1` : sh`exit 1`}
fi`
}

// errexit works in a subshell only if its exit status is not tested in the same command. The output of a change goes
// through cat, so that a lost connection does not stop the change in the middle.
const aloud = (apply: Script) => sh`
(
set -euo pipefail
${apply}
) 9>&- 2>&1 | { cat || cat >/dev/null; }
code=$PIPESTATUS`

// Two processes less.
const quietly = (apply: Script) => sh`
said=$(
exec 9>&- 2>&1
set -euo pipefail
${apply}
)
code=$?
[ -z "$said" ] || printf '%s\n' "$said"`

const digest = ({ text, code }: Printed) => createHash('sha256').update(`${text}\n${code}`).digest('hex')

const longestLine = 4096
const shortened = (line: string) => (line.length > longestLine ? `${line.slice(0, longestLine)}…` : line)

function stepReader(marker: string): (chunk: Buffer) => ApplyStep[] {
  let rest = ''
  let index = -1
  const decoder = new TextDecoder()
  return (chunk) => {
    const found = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = found.pop()!
    // Marks begin a line of their own, and nobody reads a line without end.
    if (rest.length > longestLine) {
      found.push(rest)
      rest = ''
    }
    return found.flatMap((line): ApplyStep[] => {
      if (!line.startsWith(marker))
        return line.trim() && index >= 0 ? [{ type: 'output', index, line: shortened(line) }] : []
      const [, word, number, code] = line.split(' ')
      index = Number(number)
      return [word === 'start' ? { type: 'started', index } : { type: 'ended', index, code: Number(code) }]
    })
  }
}
