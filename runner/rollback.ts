import { busyCode } from './apply.ts'
import { type Script, sh } from './sh.ts'

/**
 * Plays the newest run in the host's journal back: its undo scripts, the last change first, then what they put off
 * until the files are back (`at_end`: reloads of services). A run that was played back leaves the journal, so that
 * the next rollback takes the one before. Prints who made the run, then a line for each change.
 * @param folder see `RunNote.folder`
 * @param check print and change nothing
 */
export const rollbackScript = (folder: string, check: boolean): Script => sh`
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
cd ${folder}/journal 2>/dev/null || exit 0
exec 9>>../lock
flock -n 9 || { cat ../lock >&2; exit ${busyCode}; }
run=$(ls -1 | tail -n 1)
[ -n "$run" ] || exit 0
cat "$run/by"
: >../at-end
at_end() { printf '%q ' "$@" >>../at-end; echo >>../at-end; }
for undo in $(ls -1r "$run"/*.undo); do
  sed -n '1s/^# /undo /p' "$undo"
  ${check ? sh`continue` : sh`true`}
  (set -euo pipefail; . "$PWD/$undo") 9>&- 2>&1 || exit 1
done
${check ? sh`exit 0` : sh`bash -e ../at-end 9>&- 2>&1 || exit 1`}
rm -rf -- "$run"`
