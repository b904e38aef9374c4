import { nameOf, type Row } from '../row.ts'
import { brokenOff } from './broken-off.ts'
import { clusterRows } from './cluster.ts'
import { host } from './host.ts'
import { lockOut } from './lock-out.ts'
import { runs } from './runs.ts'

/** All rows, those of a level together. */
export const rows: readonly Row[] = [...lockOut, ...host, ...clusterRows, ...runs, ...brokenOff].sort(
  (a, b) => (a.level ?? 2) - (b.level ?? 2),
)

/** What CI has time for: one of each kind that units can't show. */
const ofCi = [
  'level 2: a rule that drops new connections by SSH',
  'level 2: disk full on /,',
  'level 2: read-only /var',
  'level 2: package manager killed -9 half way',
  'level 2: sudo withdrawn, during',
  'level 2: a keepalived.conf that passes -t',
  'level 2: two controllers',
  'level 2: rollback killed -9, during',
  'level 2: playbook killed -9, during holder standby 1',
  'level 3: an address that others have put on the second interface',
  'level 3: journald drops lines',
  'level 3: the VIP moves',
  'level 3: ns2 cut from its peers',
  'level 3: playbook killed -9, during holder changes 1',
  'level 3: connection cut, during holder changes 1',
]

export const isChosen = (row: Row): boolean => ofCi.some((start) => nameOf(row).startsWith(start))
