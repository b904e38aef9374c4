import { isIPv4 } from 'node:net'

/** An IPv4 network and the addresses in it that have a meaning of their own. */
export interface Network {
  /** As CIDR, with host bits zero. */
  cidr: string
  address: string
  /** The lowest address that a host may have. */
  first: string
  broadcast: string
  has(address: string): boolean
}

const toNumber = (address: string) => address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0)
const toAddress = (number: number) => [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.')

/** Whether the text is an IPv4 address, a slash, and a prefix length within these bounds, without zeros before it: not all programs take 08 for 8. */
export function isNetwork(text: string, shortest: number, longest: number): boolean {
  const [, address = '', prefix = ''] = /^(.*)\/(\d|[1-9]\d)$/.exec(text) ?? []
  return isIPv4(address) && Number(prefix) >= shortest && Number(prefix) <= longest
}

/** @param cidr a text that `isNetwork`; host bits are ignored */
export function parseNetwork(cidr: string): Network {
  const [address, prefix] = cidr.split('/')
  const size = 2 ** (32 - Number(prefix))
  const startOf = (text: string) => Math.floor(toNumber(text) / size) * size
  const start = startOf(address!)
  return {
    cidr: `${toAddress(start)}/${Number(prefix)}`,
    address: toAddress(start),
    first: toAddress(start + 1),
    broadcast: toAddress(start + size - 1),
    has: (text) => startOf(text) === start,
  }
}

/** Blocks that are no one's network, and what each is for (RFC 6890, RFC 5771). */
const notForHosts = [
  ['0.0.0.0/8', 'hosts that do not know their address yet'],
  ['127.0.0.0/8', 'a host to reach itself'],
  ['169.254.0.0/16', 'addresses that hosts give themselves'],
  ['224.0.0.0/4', 'groups (multicast)'],
  ['240.0.0.0/4', 'the future'],
] as const

/** @returns the block of an IPv4 address that no host has, and what it is for */
export const specialBlockOf = (address: string): readonly [block: string, meaning: string] | undefined =>
  notForHosts.find(([block]) => parseNetwork(block).has(address))

/** @returns what an IPv4 address is for that no host has */
export const meaningOf = (address: string): string | undefined => specialBlockOf(address)?.[1]

/**
 * @returns whether clients are served at an address that moves, by its place among all: at `vip`, which is the first, and at others of
 *   IPv4 in the network of the nodes
 */
export function servesAt(cidr: string): (address: string, place: number) => boolean {
  const { has } = parseNetwork(cidr)
  return (address, place) => isIPv4(address) && (place === 0 || has(address))
}
