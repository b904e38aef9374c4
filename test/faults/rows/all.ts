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

/** What CI has time for: of the runs that are broken off, those that are changing a host just then. */
export const isChosen = ({ break: broken }: Row): boolean =>
  broken === undefined || (broken.when === 'during' && /changes|confirmation|standby|rollback/.test(broken.at))
