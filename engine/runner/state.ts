import { exitCode, UserError } from '../base/errors.ts'
import { Script, sh } from '../base/sh.ts'
import { type Baseline, parseBaselines } from './baselines.ts'
import { switchFunctions, switchProbe } from './switch.ts'
import { type Task, unchanged } from './task.ts'

// The state folder of a host (`RunNote.folder`), readable by root alone:
//   lock                    see lock.ts
//   format                  version of this layout; absent in format 1
//   number                  of the newest run: the order of runs must not depend on a clock
//   latest                  the step that a run began or ended last; shows that a plan is stale
//   put-off                 commands that wait until files are restored, one a line
//   confirm, confirm.lock, go-back, went-back   see dead-man.ts
//   journal/run-NUMBER-ID/  one run: `by`, `originals` (folder of its baselines), and for each step `.plan` before it
//                           begins, then `.undo`; `.undo.failed`, `.id` and `.original` (baseline before the step)
//   originals/              see baselines.ts
// Format 1 named runs by ID alone. An ID begins with a digit, so these runs sort before `run-…`. What has another name in the
// journal is an administrator's, as a copy of a run: it is neither a run nor ever taken away.

/** The version of the layout of the state folder that this version reads and writes. */
export const stateFormat = 2

/** The exit code of a script that changed nothing, since another run changed the host after it was read. */
export const staleCode = 76

/** The bash function `list_runs` for a script in the state folder: puts the names of the runs in the journal into `runs`, oldest first. */
export const listRuns: Script = sh`
list_runs() {
  local each shape='^(run-[0-9]{6,}-)?[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z-[0-9a-f]{4}$'
  runs=()
  for each in journal/*/; do
    each=\${each#journal/} each=\${each%/}
    if [[ $each =~ $shape ]]; then runs+=("$each"); fi
  done
}`

/** The files of format 1 with what runs have put off. */
const putOffOnce = new Script('journal/[0-9]*Z-[0-9a-f][0-9a-f][0-9a-f][0-9a-f]/at-end')

/** What a host keeps of earlier runs. */
export interface HostState {
  /** The content of `latest`. */
  latest: string
  /** Earlier runs have put off commands that were not done. */
  putOff: boolean
  /** Who has changed the host in a run that is not confirmed yet. */
  unconfirmed?: string
  /** A run that was never confirmed, and whose timer is gone: its name in the journal, and whose it was. */
  abandoned?: { run: string; by: string }
  /** Who holds the host lock. */
  atWork?: string
  /** When and why the host undid a run by itself. */
  wentBack?: string
  /** Of all scopes, latest first. */
  baselines: Baseline[]
}

/** Prints what the host keeps; read-only. `latest` goes first, so that a change meanwhile is noticed. */
export const stateProbe = (folder: string): Script => sh`
cd ${folder} 2>/dev/null || exit 0
for name in latest format; do
  { read -r value <"$name" && echo "$name=$value"; } 2>/dev/null
done
{ read -r _ value <went-back && echo "went-back=$value"; } 2>/dev/null
${switchProbe}
# Whoever tries a lock takes it for a moment, and a run that begins then would be refused.
{ read -r _ _ processes; read -r device inode _; } < <(stat -c '%D %i %N' /proc/self/ns/pid lock 2>/dev/null)
locks=$'\n'$(</proc/locks)
# In a container the kernel hides locks of programs that have ended, as flock itself. 4026531836 is no container.
[[ $processes == *4026531836* ]] || locks+=$'\n'$(grep -sh '^lock:' /proc/[0-9]*/fdinfo/9)
if [ -n "$inode" ] && [[ $locks == *":$inode "* ]]; then
  # Other file systems have files of the same number. On these two the kernel means another device than stat.
  printf -v device '%02x:%02x' "$((0x$device >> 8 & 0xfff))" "$((0x$device & 0xff | 0x$device >> 12 & 0xfff00))"
  case $(stat -f -c %T lock) in btrfs | overlayfs) device='[0-9a-f]+:[0-9a-f]+' ;; esac
  held='FLOCK [^'$'\n'']* '$device:$inode' '
  if [[ $locks =~ $held ]]; then read -r by <lock && echo "at-work=$by"; fi
fi
{ [ -s put-off ] || compgen -G ${putOffOnce.text} >/dev/null; } && echo put-off=yes
grep -sH . -- originals*/*/about || true`

/**
 * Reads what `stateProbe` printed.
 * @throws UserError where a newer version has written it
 */
export function parseState(text: string, folder: string): HostState {
  const value = (key: string) => text.match(new RegExp(`^${key}=(.*)$`, 'm'))?.[1] ?? ''
  expectFormat(value('format'), folder)
  const [, run, by] = value('abandoned').match(/^(\S+) (.*)$/) ?? []
  return {
    latest: value('latest'),
    putOff: value('put-off') === 'yes',
    unconfirmed: value('unconfirmed').replace(/^\S+ /, '') || undefined,
    abandoned: run === undefined ? undefined : { run, by: by! },
    atWork: value('at-work') || undefined,
    wentBack: value('went-back') || undefined,
    baselines: parseBaselines(text),
  }
}

/** @returns what people should know of earlier runs that were not confirmed */
export function notesOf({ wentBack, abandoned, atWork, unconfirmed }: HostState, host: string): string[] {
  return [
    ...(wentBack ? [wentBack] : []),
    ...(atWork ? [`another run is at work, so this is the state of a moment: ${atWork}`] : []),
    ...(abandoned
      ? [
          `the run of ${abandoned.by} was not confirmed, and stays, since its timer is gone (a reboot); rollback.mts undoes it`,
        ]
      : []),
    ...(unconfirmed
      ? [`the run of ${unconfirmed} is not confirmed yet: ${host} goes back by itself soon. Run this again then`]
      : []),
  ]
}

/** @throws UserError where a newer version has written the state folder */
export function expectFormat(format: string, folder: string): void {
  if (Number(format) > stateFormat)
    throw new UserError(
      `a newer version has written ${folder} (format ${format}, this one knows ${stateFormat}): use that version`,
      exitCode.failed,
    )
}

/** A task that does what earlier runs have put off and not done, as runs that were broken off. */
export const doPutOff = (folder: string): Task => ({
  name: 'do what an earlier run has put off',
  probe: sh`cat ${`${folder}/put-off`} ${folder}/${putOffOnce} 2>/dev/null; true`,
  plan: ({ text }) =>
    text.trim() === ''
      ? unchanged()
      : {
          before: text.trimEnd(),
          after: '',
          // There is nothing to undo, so this alone is no run to roll back.
          apply: sh`end_all; rm -f -- "$undo"`,
          undo: sh`true`,
          remark: text.trim().split('\n').join(', '),
        },
})

/**
 * Bash functions of all scripts that change a host, to be defined in the state folder:
 * `at_end COMMAND …` puts a command off until files are restored, `end_all` runs each command that was put off once.
 * Those that fail are told and kept for the next run. `stamp WORDS` writes `latest`. And `switchFunctions` and `listRuns`.
 */
export const stateFunctions: Script = sh`
${switchFunctions}
${listRuns}
put_off=$state/put-off
stamp() { printf '%s\n' "$*" >"$state/latest"; }
at_end() {
  local command
  printf -v command '%q ' "$@"
  printf '%s\n' "$command" >>"$put_off"
}
end_all() {
  local command code=0
  local -A tried=()
  [ -s "$put_off" ] || return 0
  : >"$put_off.left"
  while IFS= read -r command <&8; do
    [ -n "$command" ] && [ -z "\${tried[$command]:-}" ] || continue
    tried[$command]=1
    # The output goes through cat, so that a lost connection does not stop the command in the middle.
    if (
      set -o pipefail
      cd /
      bash -ec "$command" 8<&- 9>&- </dev/null 2>&1 | { cat || cat >/dev/null; }
    ); then continue; fi
    code=1
    printf '%s\n' "$command" >>"$put_off.left"
    echo "put off, failed, and tried again by the next run: $command(to leave it, take its line out of $put_off)" >&2
  done 8<"$put_off"
  if [ "$code" -eq 0 ]; then rm -f -- "$put_off" "$put_off.left"; else mv -f -- "$put_off.left" "$put_off"; fi
  return "$code"
}
# Format 1 kept what was put off in the journal of each run.
for old in ${putOffOnce}; do
  [ ! -e "$old" ] || { cat -- "$old" >>"$put_off" && rm -f -- "$old"; }
done`

/** How scripts that change a host begin, before they take the lock. */
export const changingShell: Script = sh`
umask 022
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin
trap '' HUP PIPE`
