import { posix } from 'node:path'
import { exitCode, UserError } from '../engine/base/errors.ts'
import { lines, type Script, sh } from '../engine/base/sh.ts'
import { SharedRead } from '../engine/runner/shared-read.ts'
import { type Resource, type Task, unchanged } from '../engine/runner/task.ts'

export interface ServiceOptions {
  /** Files whose change the service takes up by a reload … */
  reloadOn?: readonly string[]
  /** … or, for a service that can't reload, by a restart. */
  restartOn?: readonly string[]
  /** Unit files and drop-ins: systemd reads them again, the service keeps running. */
  unitFiles?: readonly string[]
}

interface Found {
  enabled: boolean
  /** The command that lets it be started again. */
  unmask?: string
  running: boolean
  unitChanged: boolean
  /** The files are not as they were when the service was loaded or started. */
  stale: boolean
}

/**
 * A systemd service is enabled, runs, and has loaded its files as they are now. Whether it has is read from the
 * host. Where a playbook loaded the service last, the files have to be those that it noted then; where others did, or a
 * boot, a file that changed after the service's last change of state means a missed reload.
 */
export function service(name: string, options: ServiceOptions = {}): Task {
  const { reloadOn, restartOn = [], unitFiles = [] } = options
  const watched = reloadOn ?? restartOn
  return {
    name: `service ${name} is enabled, running${watched.length > 0 ? ' and up to date' : ''}`,
    key: `service ${name}`,
    probe: probe(name, watched),
    plan: ({ text }, planned) => {
      const found = parse(name, text)
      if (found.unmask)
        throw new UserError(`${name} is masked, so that nothing starts it: ${found.unmask} ${name}`, exitCode.failed)
      const touched = (paths: readonly string[]) => paths.some((path) => planned.changes(path))
      const unitChanged = found.unitChanged || touched(unitFiles)
      const stale = found.running && (found.stale || touched(watched))
      if (found.enabled && found.running && !unitChanged && !stale) return unchanged()
      const load = found.running && reloadOn ? 'reload-or-restart' : 'restart'
      return {
        before: describe(name, { ...found, unitChanged, stale }),
        after: describe(name, { enabled: true, running: true, unitChanged: false, stale: false }),
        apply: apply(
          name,
          found,
          { unitChanged, relink: touched(unitFiles) },
          found.running && !stale ? undefined : noting(name, watched, withReason(name, sh`systemctl ${load} ${name}`)),
        ),
        undo: restore(name, found),
        quiet: true,
      }
    },
  }
}

/** A service that is enabled or not, and runs or not. */
export const serviceResource = (name: string): Resource => ({
  probe: probe(name, []),
  read: ({ text }) => {
    const found = parse(name, text)
    return { text: describe(name, found), restore: restore(name, found) }
  },
})

function describe(name: string, { enabled, running, unitChanged, stale }: Found): string {
  const current = running && !unitChanged && !stale
  return `${name}: ${enabled ? 'enabled' : 'not enabled'}, ${running ? 'running' : 'not running'}, ${current ? 'up to date' : 'not up to date'}`
}

/** What a service had loaded when a playbook loaded it last: its time, then the sums of its files. Gone at a boot. */
const noteOf = (name: string) => `/run/keepalived-playbooks/loaded/${name}`

// StateChangeTimestamp moves at a reload as well as at a start; before systemd 248 it has whole seconds only.
const show = (names: readonly string[], ...words: string[]): Script =>
  sh`TZ=UTC exec systemctl show ${names} -p UnitFileState -p ActiveState -p SubState -p NeedDaemonReload -p StateChangeTimestamp ${words}`

const isPath = (word: string) => word.startsWith('/')

/** Reads units, and of files when they were written and their sums. */
function readServices(words: readonly string[]): Script {
  const names = words.filter((word) => !isPath(word))
  const files = words.filter(isPath)
  // systemctl puts an empty line between two units.
  return sh`
declare -A about_unit=() written=() sum_of=()
all=$(${show(names, '--timestamp=us+utc')} 2>/dev/null) || all=$(${show(names)})
for name in ${names}; do
  about_unit[$name]=\${all%%$'\n\n'*}
  all=\${all#*$'\n\n'}
done
${files.length > 0 ? readWatched(files) : sh`true`}
${printService}`
}

const readWatched = (files: readonly string[]): Script => sh`
while IFS= read -rd '' line; do written[\${line#* }]=\${line%% *}; done < <(exec stat --printf '%.9Z %n\0' -- ${files} 2>/dev/null)
while IFS= read -rd '' line; do sum_of[\${line:66}]=\${line::64}; done < <(exec sha256sum -z -- ${files} 2>/dev/null)`

// A note counts as long as nobody else has loaded the service. Otherwise the files' ctime does: a copy that keeps an old
// mtime has a new one, and nobody sets it.
const printService = sh`
print_service() {
  local found=\${about_unit[$1]} note=$2 loaded= sums= path
  shift 2
  printf '%s\n' "$found"
  [ "$#" -gt 0 ] || return 0
  { IFS= read -r loaded && IFS= read -rd '' sums; } 2>/dev/null <"$note"
  if [ "$loaded" ] && [[ $'\n'$found$'\n' == *$'\n'"$loaded"$'\n'* ]]; then
    printf 'noted\n%snow\n' "$sums"
    for path; do [ -z "\${sum_of[$path]}" ] || printf '%s  %s\n' "\${sum_of[$path]}" "$path"; done
  else
    for path; do [ -z "\${written[$path]}" ] || printf 'written=%s\n' "\${written[$path]}"; done
  fi
}`

const probe = (name: string, watched: readonly string[]): Script =>
  new SharedRead(readServices, [name, ...watched], sh`print_service ${[name, noteOf(name), ...watched]}`)

/** Where a load fails, its own words: systemd only tells where to look. */
const withReason = (name: string, load: Script): Script => sh`(
since=$(date +%s)
${load} && exit
code=$?
journalctl --sync 2>/dev/null || true
unit=$(systemctl show -p Id --value ${name})
journalctl -q -o cat --no-pager --since "@$since" _SYSTEMD_UNIT="$unit" 2>/dev/null | tail -n 4 >&2
exit "$code"
)`

/**
 * Notes what the service loads now. The sums are taken first, so that a file that changes meanwhile is seen later. They are
 * for root alone: from that of a file with a short password it can be guessed.
 */
const noting = (name: string, watched: readonly string[], load: Script): Script =>
  watched.length === 0
    ? load
    : sh`
sums=$(sha256sum -- ${watched} 2>/dev/null || true)
code=0
${load} || code=$?
# systemd counts a load that failed as a change of state, so the note alone tells that it is still to be done.
[ "$code" -eq 0 ] || sums='not loaded'
(
umask 077
mkdir -p ${posix.dirname(noteOf(name))}
{
  { (${show([name], '--timestamp=us+utc')} 2>/dev/null) || (${show([name])}); } | grep ^StateChangeTimestamp=
  printf '%s\n' "$sums"
} >${noteOf(name)}
)
exit "$code"`

/** @param time as systemctl prints it: `Tue 2026-11-24 23:38:09.123456 UTC`, or nothing; @returns seconds since 1970 */
function seconds(time: string): number {
  const [, day, clock, fraction] = time.match(/ (\S+) ([\d:]+)(\.\d+)? UTC$/) ?? []
  return day ? Date.parse(`${day}T${clock}Z`) / 1000 + Number(fraction ?? 0) : 0
}

const masks: Readonly<Record<string, string>> = {
  masked: 'systemctl unmask',
  'masked-runtime': 'systemctl unmask --runtime',
}

function parse(name: string, text: string): Found {
  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
  const loaded = seconds(values('StateChangeTimestamp')[0] ?? '')
  const [, noted, now] = text.match(/^noted\n([^]*)^now\n([^]*)$/m) ?? []
  const state = values('ActiveState')[0] ?? ''
  return {
    enabled: values('UnitFileState').some((state) => enabledStates(name).includes(state)),
    unmask: masks[values('UnitFileState')[0] ?? ''],
    // A service that is loading or starting is not started anew; one that crashes again and again does not run.
    running: /^(active|reloading|refreshing|activating)$/.test(state) && !values('SubState').includes('auto-restart'),
    unitChanged: values('NeedDaemonReload').includes('yes'),
    stale: noted?.trim() !== now?.trim() || values('written').some((written) => Number(written) > loaded),
  }
}

// What is enabled until the next boot alone (`--runtime`) is not enabled, but for what netplan enables so at each boot.
const enabledStates = (name: string): string[] => [
  ...['enabled', 'static', 'generated'],
  ...(name === 'systemd-networkd' ? ['enabled-runtime'] : []),
]

// A package of this run may have enabled its service already, and asking costs less than enabling twice.
const enable = (name: string, otherwise = sh`true`): Script =>
  sh`if [[ ${` ${enabledStates(name).join(' ')} `} == *" $(systemctl is-enabled ${name} 2>/dev/null) "* ]]; then ${otherwise}; else systemctl enable -q ${name}; fi`

// A unit file that has changed may want to be started by others than before.
const apply = (
  name: string,
  found: Found,
  { unitChanged, relink }: { unitChanged: boolean; relink: boolean },
  load: Script | undefined,
): Script =>
  lines(
    ...(unitChanged && found.enabled ? [sh`systemctl daemon-reload`] : []),
    ...(found.enabled && relink ? [sh`systemctl enable -q ${name}`] : []),
    // Who enables a unit has systemd read them all.
    ...(found.enabled ? [] : [enable(name, unitChanged ? sh`systemctl daemon-reload` : undefined)]),
    // A service that failed too often is not started again before it is forgiven.
    ...(found.running ? [] : [sh`systemctl reset-failed ${name} 2>/dev/null || true`]),
    ...(load ? [load] : []),
  )

// The files that the service reads are put back after this, so its own reload waits until the end.
// A service that sees at its stop that it is disabled knows that it stops for good. One whose package is gone is neither
// enabled nor runs.
const restore = (name: string, found: Found): Script => sh`
at_end systemctl daemon-reload
gone() { ! systemctl cat -- ${name} >/dev/null 2>&1; }
${found.enabled ? enable(name) : sh`gone || systemctl disable -q ${name}`}
${found.running ? sh`at_end systemctl reload-or-restart ${name}` : sh`gone || systemctl stop ${name}`}`
