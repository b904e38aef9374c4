import { lines, type Script, sh } from '../base/sh.ts'

// Both keepalived processes register the same few SNMP variables; at a reload the second one logs this error, and the
// first keeps answering (keepalived issue 186).
const harmless = ['registering pdu failed: 263!']

// What systemd logs before it ends a unit, also to start it again (sd-messages.h, SD_MESSAGE_UNIT_STOPPING).
const stopping = 'MESSAGE_ID=de5b426a63be47a7b6ac3eaac82e2f6f'

/**
 * Prints the errors in the journal of keepalived and the services around it, and when each of these was told to stop.
 * @param units whose errors count
 * @param since seconds since 1970 by the node's own clock
 */
export function journalScript(units: readonly string[], since: number): Script {
  const read = sh`journalctl -q --no-pager -o json --all --since ${`@${since}`} "\${names[@]/#/--unit=}"`
  const fields = sh`--output-fields=MESSAGE,INVOCATION_ID,_SYSTEMD_INVOCATION_ID,_SOURCE_REALTIME_TIMESTAMP`
  return lines(
    // The journal knows no other name of a unit than its own: of mysql, which is an alias, it would tell nothing.
    sh`
mapfile -t names < <(systemctl show -p Id --value ${units} | grep .)
[ "\${#names[@]}" -gt 0 ] || names=(${units})`,
    sh`${read} ${fields} ${stopping} | sed 's/^/stopping=/'`,
    sh`${read} ${fields} -p err | sed 's/^/error=/'`,
  )
}

/** What is read of an entry (systemd.journal-fields(7)). */
interface Entry {
  /** As bytes where it is no text for a terminal; an entry need not have any. */
  MESSAGE?: string | number[] | string[] | null
  /** Microseconds since 1970: when the journal got it, and when it was sent, which sorts what came by several ways. */
  __REALTIME_TIMESTAMP: string
  _SOURCE_REALTIME_TIMESTAMP?: string
  /** The run of the unit that logged it. */
  _SYSTEMD_INVOCATION_ID?: string
  /** The run of the unit that systemd tells of. */
  INVOCATION_ID?: string
}

/**
 * Reads what `journalScript` printed.
 * @returns the errors, each once. Errors logged while a service stops are left out, since they say nothing about the
 *   running service: bind, for one, logs "automatic interface scanning terminated: end of file" at its stop.
 */
export function parseErrors(text: string): string[] {
  const entries = (key: string): Entry[] =>
    // JSON may have characters in it that end a line for a regular expression.
    text.split('\n').flatMap((row) => (row.startsWith(`${key}=`) ? entryOf(row.slice(key.length + 1)) : []))
  const ends = new Map(entries('stopping').map((entry) => [entry.INVOCATION_ID!, timeOf(entry)]))
  const isOfItsEnd = (entry: Entry) => timeOf(entry) >= (ends.get(entry._SYSTEMD_INVOCATION_ID ?? '') ?? Infinity)
  const errors = entries('error').flatMap((entry) => (isOfItsEnd(entry) ? [] : [messageOf(entry)]))
  return [...new Set(errors)].filter((error) => error && !harmless.includes(error))
}

const timeOf = (entry: Entry) => Number(entry._SOURCE_REALTIME_TIMESTAMP ?? entry.__REALTIME_TIMESTAMP)

/** What is cut off in the middle is no entry. */
function entryOf(row: string): Entry | [] {
  try {
    return JSON.parse(row) as Entry
  } catch {
    return []
  }
}

/** An entry may have several messages. */
const messageOf = ({ MESSAGE }: Entry): string => {
  if (typeof MESSAGE === 'string') return MESSAGE
  const all = MESSAGE ?? []
  return all.some((one) => typeof one === 'string') ? all.join(' ') : Buffer.from(all as number[]).toString('utf8')
}
