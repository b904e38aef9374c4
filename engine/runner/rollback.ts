import { putOff } from './apply.ts'
import { takeLock } from './lock.ts'
import { type Script, sh } from '../base/sh.ts'

/**
 * Rolls back the newest run in the host's journal: its undo scripts, last change first, then the commands that they
 * deferred until the files are restored (`at_end`: reloads of services). The run is then removed from the journal, so
 * that the next rollback takes the run before it. Prints the author of the run, then a line for each change.
 * @param folder see `RunNote.folder`
 * @param by who rolls back, shown to others who find the lock taken
 * @param check print and change nothing
 */
export const rollbackScript = (folder: string, by: string, check: boolean): Script => sh`
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap '' HUP PIPE
cd ${folder}/journal 2>/dev/null || exit 0
${takeLock(folder, by)}
run=$(ls -1 | tail -n 1)
[ -n "$run" ] || exit 0
originals=../$(cat "$run/originals" 2>/dev/null || echo originals)
echo "the run of $(cat "$run/by")"
put_off=$PWD/$run/at-end
${putOff}
# What was kept of the resource before the change is kept again; nothing, if this change was its first.
keep_again() {
  [ -e "$1.id" ] || return 0
  local entry
  entry=$originals/$(cat "$1.id")
  rm -rf -- "$entry"
  [ ! -d "$1.original" ] || { mkdir -p "$originals"; mv -- "$1.original" "$entry"; }
  rm -f -- "$1.id"
}
for undo in $(ls -1r "$run"/*.undo 2>/dev/null); do
  sed -n '1s/^# /undo /p' "$undo"
  ${check ? sh`continue` : sh`true`}
  # errexit works in a subshell only where its exit status is not tested in the same command.
  (set -euo pipefail; . "$PWD/$undo") 9>&- 2>&1 | { cat; cat >/dev/null; }
  code=$PIPESTATUS
  # Of a change that failed there may be nothing to undo.
  [ "$code" -eq 0 ] || [ -e "$undo.failed" ] || exit 1
  keep_again "$(dirname "$undo")/$(basename "$undo" .undo)" || exit 1
  rm -f -- "$undo" "$undo.failed"
done
${check ? sh`exit 0` : sh`true`}
# Of changes that the run did not come to.
for id in "$run"/*.id; do
  [ ! -e "$id" ] || keep_again "$run/$(basename "$id" .id)" || exit 1
done
end_all || exit 1
rm -rf -- "$run"`
