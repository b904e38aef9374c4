import { isNetwork, parseNetwork } from '../../inventory/network.ts'

/** What a node sends: the answers of the service from one of its addresses, to any client. */
export interface AnswerSource {
  address: string
  port: number
}

/** @returns the table that a rule looks up, as `ip -N rule show` prints it */
export const tableOf = (rule: string): string | undefined => rule.match(/ lookup (\S+)/)?.[1]

/** Whether a rule, as `ip -N rule show` prints it, decides on answers, or may for some clients (ip-rule(8)). */
export function catches(rule: string, { address, port }: AnswerSource): boolean {
  const selector = (key: string) => rule.match(new RegExp(` ${key} (\\S+)`))?.[1]
  if (/ nop( |$)/.test(rule) || tableOf(rule) === '[l3mdev-table]') return false
  const ours = within(selector('from') ?? 'all', address)
  if (/: *not /.test(rule)) return !ours || / (to|iif|oif|fwmark|tos|ipproto|sport|dport|uidrange) /.test(rule)
  return (
    ours &&
    // What the host itself sends comes in by lo.
    (selector('iif') ?? 'lo') === 'lo' &&
    // Nobody marks or binds answers, and clients ask from a port of their own choice.
    ['oif', 'dport'].every((key) => selector(key) === undefined) &&
    Number(selector('fwmark')?.split('/')[0] ?? 0) === 0 &&
    /^(ipproto-)?(6|17|tcp|udp)$/.test(selector('ipproto') ?? 'udp') &&
    between(selector('sport') ?? `${port}`, port)
  )
}

function within(from: string, address: string): boolean {
  if (from === 'all') return true
  return isNetwork(from, 0, 32) ? parseNetwork(from).has(address) : from === address
}

function between(ports: string, port: number): boolean {
  const [first, last = first] = ports.split('-').map(Number)
  return port >= first! && port <= last!
}
