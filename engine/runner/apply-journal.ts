import { sh } from '../base/sh.ts'
import { baselineFolder } from './baselines.ts'
import { takeLock } from './lock.ts'
import type { RunNote } from './note.ts'
import { changingShell, listRuns, staleCode, stateFormat, stateFunctions } from './state.ts'

/** Takes the lock of the host, and reads what the latest change there was. */
export const lock = (note: RunNote) => sh`
${changingShell}
${takeLock(note.folder, note.by)}
cd ${note.folder} || exit 1
latest=
[ ! -e latest ] || read -r latest <latest`

/** Begins a journal. Twenty runs can be undone; older ones are removed, and what a power failure has left of plans. */
export const beginRun = (note: RunNote, latest: string) => sh`
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
export const enterRun = (note: RunNote) => sh`
[ "\${latest%% *}" = ${note.id} ] || exit ${staleCode}
runs=(journal/run-*-${note.id})
run=\${runs[-1]##*/}
mkdir -p "journal/$run" || exit 1`

/** The last line of what tells how to undo a change. */
export const planEnd = '# end'

/** The bash functions of changes, and what is done when the script ends. */
export const changeFunctions = (note: RunNote) => sh`
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
