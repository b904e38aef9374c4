import { takeLock } from './lock.ts'
import { type Script, sh } from '../base/sh.ts'
import { changingShell, expectFormat, listRuns, staleCode, stateFormat, stateFunctions } from './state.ts'

/** A run in the journal of a host. */
export interface JournalledRun {
  /** The same on all hosts of the run. */
  id: string
  /** Its folder in the journal. */
  name: string
  /** Who, from where, when, with which playbook. */
  by: string
  /** What a rollback undoes, in that order. */
  changes: string[]
}

/** Prints the journal of a host, read-only. @param folder see `RunNote.folder` */
export const journalProbe = (folder: string): Script => sh`
export LC_ALL=C
cd ${folder} 2>/dev/null || exit 0
{ read -r format <format && echo "format $format"; } 2>/dev/null
${listRuns}
list_runs
for run in "\${runs[@]}"; do
  compgen -G "journal/$run/*.undo" >/dev/null || compgen -G "journal/$run/*.id" >/dev/null || continue
  by=
  { read -r by <"journal/$run/by"; } 2>/dev/null
  printf 'run %s\nby %s\n' "$run" "$by"
  for undo in "journal/$run/"*.undo; do
    { read -r title <"$undo" && printf 'undo %s\n' "\${title#\# }"; } 2>/dev/null
  done
done
true`

/**
 * Reads what `journalProbe` printed.
 * @returns the runs, the newest first
 * @throws UserError where a newer version has written the journal
 */
export function parseJournal(text: string, folder: string): JournalledRun[] {
  const runs: JournalledRun[] = []
  for (const [, word, rest] of text.matchAll(/^(format|run|by|undo) (.*)$/gm)) {
    if (word === 'format') expectFormat(rest!, folder)
    else if (word === 'run') runs.unshift({ id: rest!.replace(/^run-\d+-/, ''), name: rest!, by: '', changes: [] })
    else if (word === 'by') runs[0]!.by = rest!
    else runs[0]!.changes.unshift(rest!)
  }
  return runs
}

/**
 * Undoes a run, the last change first, then does what that has put off (`at_end`: reloads of services). The run is
 * then removed from the journal, so that the run before it is the newest. A change whose undo fails stays in the journal,
 * and the others are undone; the exit code is 1 then. Prints a line for each change. Ends with `staleCode` where the run is
 * not the newest.
 * @param folder see `RunNote.folder`
 * @param by who rolls back, shown to others who find the lock taken
 * @param run its name in the journal
 * @param guard bash that runs once the lock is held, and may end the script
 */
export const rollbackScript = (folder: string, by: string, run: string | Script, guard = sh`true`): Script => sh`
${changingShell}
cd ${folder} 2>/dev/null || exit ${staleCode}
${takeLock(folder, by)}
${stateFunctions}
${guard}
newest=
list_runs
for each in "\${runs[@]}"; do
  if compgen -G "journal/$each/*.undo" >/dev/null || compgen -G "journal/$each/*.id" >/dev/null; then newest=$each; fi
done
[ "$newest" = ${run} ] || exit ${staleCode}
journal=$PWD/journal/${run} failed=0
originals=$PWD/$(cat "$journal/originals" 2>/dev/null || echo originals)
echo ${stateFormat} >format
cd /
# keep_again STEP: what was kept of the resource before the change is kept again; nothing, if this change was its first.
# Broken off anywhere and begun again, it does the same.
keep_again() {
  [ -e "$journal/$1.id" ] || return 0
  local id entry
  read -r id <"$journal/$1.id"
  [ -n "$id" ] || return 0
  entry=$originals/$id
  rm -rf -- "$journal/$1.again"
  [ ! -d "$journal/$1.original" ] || cp -a -- "$journal/$1.original" "$journal/$1.again" || return 1
  rm -rf -- "$entry"
  [ ! -d "$journal/$1.again" ] || { mkdir -p "$originals" && mv -- "$journal/$1.again" "$entry"; } || return 1
  rm -f -- "$journal/$1.id"
}
# A disk that was full, or a machine that lost its power, may have left a file without its end.
is_whole() {
  [ "$(tr -d '\0' <"$1" | wc -c)" -eq "$(stat -c %s -- "$1")" ] && [ "$(wc -l <"$1")" -gt 1 ] && bash -n "$1" 2>/dev/null
}
undone=()
steps=("$journal"/*.undo)
for ((i = \${#steps[@]} - 1; i >= 0; i--)); do
  undo=\${steps[i]} step=\${steps[i]##*/}
  step=\${step%.undo}
  [ -e "$undo" ] || continue
  title=
  { IFS= read -r title <"$undo"; } 2>/dev/null || true
  printf 'undo %s\n' "\${title#\# }"
  if ! is_whole "$undo"; then
    failed=1
    echo "not undone: $undo is damaged, so that nobody knows how; to leave the change as it is: rm $undo"
    continue
  fi
  stamp rollback of ${run} "$step" begun
  # errexit works in a subshell only where its exit status is not tested in the same command.
  (set -euo pipefail; . "$undo") 9>&- </dev/null 2>&1 | { cat || cat >/dev/null; }
  code=$PIPESTATUS
  # Of a change that failed there may be nothing to undo.
  if [ "$code" -eq 0 ] || [ -e "$undo.failed" ]; then undone+=("$step"); continue; fi
  failed=1
  echo "not undone: \${title#\# }; the next rollback tries again; to leave it as it is: rm $undo"
done
stamp rollback of ${run} ended
# The journal forgets only what is on disk.
sync
for step in "\${undone[@]}"; do
  keep_again "$step" || exit 1
  rm -f -- "$journal/$step.undo" "$journal/$step.undo.failed"
done
# Of changes that the run did not come to.
for id in "$journal"/*.id; do
  step=\${id##*/}
  step=\${step%.id}
  [ ! -e "$id" ] || [ -e "$journal/$step.undo" ] || keep_again "$step" || exit 1
done
end_all || failed=1
# A run that still waited to be confirmed waits no more.
disarm ${run}
compgen -G "$journal/*.undo" >/dev/null || rm -rf -- "$journal"
exit "$failed"`
