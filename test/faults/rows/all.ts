import type { Break, Row } from '../row.ts'
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
 * What CI has time for: all but what is refused before anything is changed, which units show as well; and of the runs that are
 * broken off, those where the holder is being changed, or a first run.
 */
export const isChosen = ({ fault, break: broken }: Row): boolean =>
  (broken === undefined && !refusals.has(fault)) ||
  (broken?.when === 'during' && (!broken.at.startsWith('other') || /rollback/.test(broken.at)) && writes(broken))

const refusals = new Set(
  lockOut.filter(({ ends }) => ends.every((end) => typeof end !== 'string')).map(({ fault }) => fault),
)

const writes = ({ how, at }: Break) => (how === 'kill' ? /changes|confirmation|standby|rollback/ : /changes/).test(at)
