import type { Row } from '../row.ts'
import { brokenOff } from './broken-off.ts'
import { clusterRows } from './cluster.ts'
import { host } from './host.ts'
import { lockOut } from './lock-out.ts'
import { runs } from './runs.ts'

/** All rows, those of a level together. */
export const rows: readonly Row[] = [...lockOut, ...host, ...clusterRows, ...runs, ...brokenOff].sort(
  (a, b) => (a.level ?? 2) - (b.level ?? 2),
)

/**
 * What CI has time for: rows without an execution, and of runs that are broken off those where the holder is being changed, or
 * a rollback. Not a first run, which has not been played to its end yet.
 */
export const isChosen = ({ fault, when, break: broken }: Row): boolean => {
  // Whether sudo is back before the run comes to it hangs on how busy the machine is.
  if (!broken) return `${fault}, ${when}` !== 'sudo withdrawn, before the run'
  return broken.when === 'during' && (broken.how === 'kill' ? killed : /^holder changes 1$/).test(broken.at)
}

const killed = /^holder (changes|confirmation|standby) 1$|^other rollback /
