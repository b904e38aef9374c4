import { isIP } from 'node:net'

/** A name, and the type of record that is asked for. */
export interface AskedName {
  dns: string
  record: string
}

/** A program that asks a name server, without anything of a shell. */
const asks = /^MISC_CHECK (?:misc_path|program) "?\/(?:usr\/)?bin\/(?:dig|host|nslookup|kdig|delv) ([^;&|<>`$"]*)"?$/

/** Options of dig(1) and host(1) that have a word of their own behind them. */
const withWord = /^-[bckmpqtyWRN]$/
const types = /^(A|AAAA|CNAME|MX|NS|SOA|TXT)$/i

/** @returns what a program that is run to check a real server asks it for; undefined for other checks */
export function nameAskedBy(check: string): AskedName | undefined {
  const words = asks.exec(check)?.[1]?.split(' ')
  if (!words) return undefined
  const at = words.findIndex((word) => /^-(t|type=\S+)$/i.test(word))
  const given = at < 0 ? undefined : (words[at]!.split('=')[1] ?? words[at + 1])
  const names = words.filter(
    (word, place) =>
      word !== '' && !/^[-+@]/.test(word) && isIP(word) === 0 && !(place > 0 && withWord.test(words[place - 1]!)),
  )
  const record = given ?? names.find((word) => types.test(word)) ?? 'A'
  const [dns] = names.filter((word) => word !== record && word !== 'IN')
  if (dns === undefined || !types.test(record)) return undefined
  return { dns: dns.replace(/(?<=.)\.$/, '').toLowerCase(), record: record.toUpperCase() }
}
