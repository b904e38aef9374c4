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

/** What CI has time for, by name: what happens during the changes, of each kind one that nothing else on the lab's machines shows. */
export const chosen: readonly string[] = [
  'level 2: a rule that drops new connections by SSH, during the changes',
  'level 2: package manager killed -9 half way, before the run',
  'level 2: power failure of ns2, during the changes',
  'level 2: a keepalived.conf that passes -t and makes two nodes MASTER, during the changes',
  'level 2: playbook killed -9, during holder changes 1',
  'level 3: ns2 cut from us, not from its peers, during the changes',
  'level 3: connection cut, during holder changes 1',
]

export const isChosen = (row: Row): boolean => chosen.includes(nameOf(row))
