import { isIP, isIPv6 } from 'node:net'
import { plain6 } from '../base/plain6.ts'
import type { Statement } from './statement.ts'

/** Whether keepalived takes a word for an address, as inet_pton(3) does: without zeros before a number, and without a zone. */
export const isAddress = (word: string | undefined): word is string =>
  word !== undefined && isIP(word) !== 0 && !word.includes('%')

/**
 * @param word an address, maybe with a prefix length
 * @returns it in the form that all of its forms have in common, as keepalived takes it: `/024` is `/24`, `/` is `/0`, and a length that no
 *   address has is none
 */
export function plainAddress(word: string): string {
  const [address = '', length] = word.split('/', 2)
  if (!isAddress(address)) return word
  const [plain, whole] = isIPv6(address) ? [plain6(address), 128] : [address, 32]
  if (length === undefined) return plain
  // Of what has a letter in it, versions take different things.
  if (!/^\+?\d*$/.test(length)) return `${plain}/${length}`
  return Number(length) > whole ? plain : `${plain}/${Number(length)}`
}

const lists = /^(virtual_ipaddress|virtual_ipaddress_excluded|unicast_peer|virtual_server_group)$/
const servers = /^(virtual_server|real_server|sorry_server)$/
const sources = /^(unicast_src_ip|mcast_src_ip)$/

/** @returns whether it is about an address that is none, so that keepalived leaves it out with its block */
export const isNowhere = ({ words: [keyword = '', address] }: Statement): boolean =>
  servers.test(keyword) && address !== undefined && !/^(group|fwmark)$/.test(address) && !isAddress(address)

/** @returns statements with addresses and ports in normal form, and without servers whose address is none */
export const plainStatements = (statements: readonly Statement[], inside = ''): Statement[] =>
  statements
    .filter((one) => !isNowhere(one))
    .map((one) => ({ ...one, words: plainWords(one.words, inside), block: plainStatements(one.block, one.words[0]) }))

function plainWords(words: readonly string[], inside: string): readonly string[] {
  const [first = '', second, third, ...more] = words
  if (lists.test(inside))
    return [plainAddress(first), ...(second === undefined ? [] : [plainPort(second, inside)]), ...words.slice(2)]
  if (sources.test(first) && second !== undefined) return [first, plainAddress(second), ...words.slice(2)]
  if (!servers.test(first) || !isAddress(second)) return words
  return [first, plainAddress(second), ...(third === undefined ? [] : [plainNumber(third)]), ...more]
}

/** Behind an address of other lists stand words. */
const plainPort = (word: string, inside: string) => (inside === 'virtual_server_group' ? plainNumber(word) : word)

const plainNumber = (word: string) => (/^\d+$/.test(word) ? String(Number(word)) : word)
