import { sh } from '../../engine/base/sh.ts'
import type { Sightings } from '../service.ts'

/** named's query log, in the journal (rndc(8), `querylog`). */
export const sightings: Sightings = {
  isOn: sh`rndc status 2>/dev/null | grep -q 'query logging is ON'`,
  on: sh`rndc querylog on`,
  off: sh`rndc querylog off`,
  print: (tag) => sh`
journalctl -q -o cat -u named --since "@$began" --no-pager | grep -F ${tag} |
  sed -n 's/.*client [^ ]* \([0-9.]*\)#[0-9]* (\([^)]*\)).*/\1 \2/p'`,
}
