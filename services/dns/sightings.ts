import { sh } from '../../engine/base/sh.ts'
import type { Sightings } from '../service.ts'

/** named's query log, in the journal (rndc(8), `querylog`). */
export const sightings: Sightings = {
  begin: sh`
logged=$(rndc status 2>/dev/null | grep -c 'query logging is ON')
[ "$logged" -eq 1 ] || rndc querylog on`,
  end: sh`[ "$logged" -eq 1 ] || rndc querylog off`,
  print: (tag) => sh`
journalctl -q -o cat -u named --since "@$began" --no-pager | grep -F ${tag} |
  sed -n 's/.*client [^ ]* \([0-9.]*\)#[0-9]* (\([^)]*\)).*/\1 \2/p'`,
}
