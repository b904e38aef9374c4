import { exitCode, UserError } from '../engine/base/errors.ts'
import { lines, type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'

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
  masked: boolean
  running: boolean
  unitChanged: boolean
  /** The newest of the files changed after the service was loaded or started. */
  stale: boolean
}

/**
 * A systemd service is enabled, runs, and has loaded its files as they are now. Whether it has is read from the
 * host: a file newer than the service's last change of state means a missed reload.
 */
export function service(name: string, options: ServiceOptions = {}): Task {
  const { reloadOn, restartOn = [], unitFiles = [] } = options
  const watched = reloadOn ?? restartOn
  return {
    name: `service ${name} is enabled, running${watched.length > 0 ? ' and up to date' : ''}`,
    key: `service ${name}`,
    probe: probe(name, watched),
    plan: ({ text }, planned) => {
      const found = parse(text)
      if (found.masked)
        throw new UserError(`${name} is masked, so that nothing starts it: systemctl unmask ${name}`, exitCode.failed)
      const touched = (paths: readonly string[]) => paths.some((path) => planned.changes(path))
      const unitChanged = found.unitChanged || touched(unitFiles)
      const stale = found.running && (found.stale || touched(watched))
      if (found.enabled && found.running && !unitChanged && !stale) return unchanged()
      const load = found.running && reloadOn ? 'reload-or-restart' : 'restart'
      return {
        before: describe(name, found.enabled, found.running, found.running && !unitChanged && !stale),
        after: describe(name, true, true, true),
        apply: apply(
          name,
          found,
          { unitChanged, relink: touched(unitFiles) },
          found.running && !stale ? undefined : load,
        ),
        undo: undo(name, found),
      }
    },
  }
}

const describe = (name: string, enabled: boolean, running: boolean, current: boolean) =>
  `${name}: ${enabled ? 'enabled' : 'not enabled'}, ${running ? 'running' : 'not running'}, ${current ? 'up to date' : 'not up to date'}`

// StateChangeTimestamp moves at a reload as well as at a start; before systemd 248 it has whole seconds only.
const probe = (name: string, watched: readonly string[]) => sh`
show() { TZ=UTC systemctl show ${name} -p UnitFileState -p ActiveState -p NeedDaemonReload -p StateChangeTimestamp "$@"; }
show --timestamp=us+utc 2>/dev/null || show
${watched.length > 0 ? sh`exec stat -c written=%.9Y -- ${watched} 2>/dev/null` : sh`true`}`

/** @param time as systemctl prints it: `Tue 2026-11-24 23:38:09.123456 UTC`, or nothing; @returns seconds since 1970 */
function seconds(time: string): number {
  const [, day, clock, fraction] = time.match(/ (\S+) ([\d:]+)(\.\d+)? UTC$/) ?? []
  return day ? Date.parse(`${day}T${clock}Z`) / 1000 + Number(fraction ?? 0) : 0
}

function parse(text: string): Found {
  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
  const loaded = seconds(values('StateChangeTimestamp')[0] ?? '')
  return {
    enabled: values('UnitFileState').some((state) => /^(enabled|enabled-runtime|static|generated)$/.test(state)),
    masked: values('UnitFileState').some((state) => state.startsWith('masked')),
    running: values('ActiveState').includes('active'),
    unitChanged: values('NeedDaemonReload').includes('yes'),
    stale: values('written').some((written) => Number(written) > loaded),
  }
}

// A package of this run may have enabled its service already, and asking costs less than enabling twice. A unit file that
// has changed may want to be started by others than before.
const apply = (
  name: string,
  found: Found,
  { unitChanged, relink }: { unitChanged: boolean; relink: boolean },
  load: 'restart' | 'reload-or-restart' | undefined,
): Script =>
  lines(
    ...(unitChanged ? [sh`systemctl daemon-reload`] : []),
    ...(found.enabled && relink ? [sh`systemctl enable -q ${name}`] : []),
    ...(found.enabled ? [] : [sh`systemctl is-enabled -q ${name} || systemctl enable -q ${name}`]),
    // A service that failed too often is not started again before it is forgiven.
    ...(found.running ? [] : [sh`systemctl reset-failed ${name} 2>/dev/null || true`]),
    ...(load ? [sh`systemctl ${load} ${name}`] : []),
  )

// The files that the service reads are put back after this, so its own reload waits until the end.
// A service that sees at its stop that it is disabled knows that it stops for good.
const undo = (name: string, found: Found): Script => sh`
at_end systemctl daemon-reload
${found.enabled ? sh`true` : sh`systemctl disable -q ${name}`}
${found.running ? sh`at_end systemctl reload-or-restart ${name}` : sh`systemctl stop ${name}`}`
