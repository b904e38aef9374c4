import { createHash, randomBytes } from 'node:crypto'
import { takeLock } from './lock.ts'
import type { RunNote } from './note.ts'
import { baselineFolder, baselineId, keyLine } from './baselines.ts'
import type { Plan, PlannedChange } from './plan.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import { armFunction } from './dead-man.ts'
import { changingShell, listRuns, staleCode, stateFormat, stateFunctions } from './state.ts'
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
    functions(note),
    armFunction(note, confirmWithin),
    prepare(first === undefined ? [] : all, changes),
    sh`arm || { echo 'the timer that would undo what cuts this host off can not be set (systemd-run); --confirm-timeout 0 goes without it' >&2; exit 1; }`,
    ...changes.map(([index, change]) => step(marker, note, index, change)),
    last ? forgetUnmade : nothing,
    sh`exit "$failed"`,
  ]
  return { script: lines(...parts).text, read: stepReader(marker) }
}

const lock = (note: RunNote) => sh`
${changingShell}
${takeLock(note.folder, note.by)}
cd ${note.folder} || exit 1
latest=
[ ! -e latest ] || read -r latest <latest`

/** Begins a journal. Twenty runs can be undone; older ones are removed, and what a power failure has left of plans. */
const beginRun = (note: RunNote, latest: string) => sh`
${listRuns}
[ "$latest" = ${latest} ] || exit ${staleCode}
set -e
number=0
{ read -r number <number; } 2>/dev/null || true
[[ $number =~ ^[0-9]+$ ]] || number=0
# What is in the journal is older, whatever has become of the number.
list_runs
for each in "\${runs[@]}"; do
  [[ $each == run-* ]] || continue
  each=\${each#run-}
  if [ "$((10#\${each%%-*}))" -gt "$number" ]; then number=$((10#\${each%%-*})); fi
done
number=$((10#$number + 1))
printf '%d\n' "$number" >number.new
mv -f number.new number
echo ${stateFormat} >format
printf -v run 'run-%06d-%s' "$number" ${note.id}
mkdir -p "journal/$run" ${baselineFolder(note.scope)}
printf '%s\n' ${note.by} >"journal/$run/by"
printf '%s\n' ${baselineFolder(note.scope)} >"journal/$run/originals"
list_runs
gone=()
while [ "\${#runs[@]}" -gt 20 ]; do gone+=("journal/\${runs[0]}") runs=("\${runs[@]:1}"); done
for each in "\${runs[@]}"; do gone+=("journal/$each"/*.plan); done
rm -rf -- "\${gone[@]}"
set +e`

/** Goes on with the journal that an earlier phase of this run has begun. */
const enterRun = (note: RunNote) => sh`
[ "\${latest%% *}" = ${note.id} ] || exit ${staleCode}
runs=(journal/run-*-${note.id})
run=\${runs[-1]##*/}
mkdir -p "journal/$run" || exit 1`

/** The last line of what tells how to undo a change. */
const planEnd = '# end'

const functions = (note: RunNote) => sh`
journal=$PWD/journal/$run originals=$PWD/${baselineFolder(note.scope)}
restored=() failed=0
${stateFunctions}
cd /
# keep STEP ID KEY UNDO BEFORE FORMER…: how a resource is before the first change that is planned for it. The file
# "first" comes last, since it makes the rest count; it becomes "about" when the change is made. FORMER are the ids of
# earlier names of the key.
keep() {
  local step=$1 id=$2 key=$3 entry=$originals/$2 undo=$4 before=$5 former order _
  shift 5
  for former; do
    [ -d "$originals/$former" ] && [ ! -d "$entry" ] || continue
    mv -- "$originals/$former" "$entry"
    [ ! -e "$entry/about" ] || { read -r order _ <"$entry/about"; printf '%s %s\n' "$order" "$key" >"$entry/about"; }
  done
  save "$step" "$id"
  [ ! -e "$entry/about" ] && [ ! -e "$entry/first" ] || return 0
  [ -d "$entry" ] || mkdir "$entry"
  printf %s "$undo" >"$entry/undo"
  printf %s "$before" >"$entry/before"
  printf '%s-%s %s\n' "$run" "$step" "$key" >"$entry/first"
}
# made ID APPLY AFTER: how it is from now on.
made() {
  local entry=$originals/$1
  printf %s "$2" >"$entry/apply" && printf %s "$3" >"$entry/after" || return
  [ -e "$entry/about" ] || mv -- "$entry/first" "$entry/about"
}
# not_made STEP ID: the change has failed and nothing is changed.
not_made() {
  rm -f -- "$journal/$1.undo" "$journal/$1.undo.failed"
  [ -z "$2" ] || [ -e "$journal/$1.original/about" ] || [ ! -e "$originals/$2/about" ] ||
    mv -- "$originals/$2/about" "$originals/$2/first"
}
# planned STEP: whether how to undo it is on disk, as it was written: a change that nobody could undo is not made.
planned() {
  local said=() plan=$journal/$1.plan
  { mapfile -t said <"$plan"; } 2>/dev/null
  [ "\${said[*]: -1}" = ${planEnd} ] && return
  echo "$plan, which tells how to undo this change, is gone or cut off: nothing of it was changed. Run this again" >&2
  return 1
}
# What the tasks of the cluster change lies in /etc.
to_disk() { sync -f "$state" /etc 2>/dev/null || sync; }
# save STEP ID: what is kept under this id before the step, for a rollback.
save() {
  printf '%s\n' "$2" >"$journal/$1.id" || return
  [ ! -d "$originals/$2" ] || cp -a -- "$originals/$2" "$journal/$1.original"
}
# A batch has ended when what it made is on disk, and a baseline is removed only when what was restored from it is. A run that
# has changed nothing has no journal.
finish() {
  local code=$?
  trap - EXIT
  if [ "\${#restored[@]}" -gt 0 ]; then sync; rm -rf -- "\${restored[@]}"; else to_disk; fi
  end_all || [ "$code" -ne 0 ] || code=1
  rm -f -- "$journal"/*.plan
  compgen -G "$journal/*.undo" >/dev/null || rm -rf -- "$journal"
  # Whoever still listens has from now on time to confirm; where nothing was changed there is nothing to confirm.
  if [ ! -d "$journal" ]; then disarm "$run"; elif [ -z "\${listener:-}" ]; then arm; fi
  exit "$code"
}
trap finish EXIT`

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
