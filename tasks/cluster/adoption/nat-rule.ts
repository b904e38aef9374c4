import { parseNetwork } from '../../../inventory/network.ts'
import { abilitiesOf, type Level, realAddress } from '../../../inventory/levels.ts'
import { servicesOf } from '../../../services/all.ts'
import { virtualServersOf } from '../../../services/virtual-server.ts'
import type { Target } from '../../target.ts'
import { checkedAt } from '../packets.ts'

type Knows = Pick<Target, 'cluster' | 'host' | 'hosts'>

/** Whose a rule is that changes sources in nat POSTROUTING: the article's, in the cluster's way, or neither. */
export type RuleKind = 'of the article' | 'in the way' | undefined

/** @param text of the rule as iptables-save prints it */
export function kindOf(text: string, level: Level, target: Knows): RuleKind {
  const rule = parse(text)
  if (rule.chain !== 'POSTROUTING' || !/^(SNAT|MASQUERADE)$/.test(rule.target) || ours.test(text)) return undefined
  if (isArticles(rule, target)) return 'of the article'
  return hidesClients(rule, level, target) || takesChecks(rule, level, target) ? 'in the way' : undefined
}

const ours = / --comment "?keepalived-playbooks-/

interface Rule {
  chain: string
  target: string
  /** The value of an option, with `!` before it where it is negated. */
  option(name: string): string | undefined
  names: string[]
}

function parse(text: string): Rule {
  const words: string[] = text.match(/"[^"]*"|\S+/g) ?? []
  const option = (name: string) => {
    const place = words.indexOf(name)
    return place < 0 ? undefined : `${words[place - 1] === '!' ? '!' : ''}${words[place + 1]}`
  }
  return {
    chain: option('-A') ?? '',
    target: option('-j') ?? '',
    option,
    names: words.filter((word) => /^--?[a-z]/.test(word)),
  }
}

/** What the article's rule may have beside its target: where to, by what, for which service. */
const known = /^(-[Admpoj]|--dport|--vaddr|--vport|--vproto|--ipvs|--comment|--to-source|--random-fully)$/

/** To the cluster's network or what IPVS sends, from the virtual IP. */
function isArticles({ target, option, names }: Rule, { cluster, hosts }: Knows): boolean {
  const to = option('-d')
  const nodes = hosts.flatMap(({ address, second }) => [address, ...(second ? [second.address] : [])])
  const wide =
    to === undefined ? names.includes('--vaddr') : [cluster.network, ...nodes.map((one) => `${one}/32`)].includes(to)
  return (
    wide &&
    names.every((name) => known.test(name)) &&
    (option('--vaddr')?.split('/')[0] ?? cluster.vip) === cluster.vip &&
    (target === 'MASQUERADE' || option('--to-source') === cluster.vip)
  )
}

/**
 * Where nodes are to see their clients, nothing may change the source of what a director sends on. By direct routing,
 * connection tracking leaves that alone, and no rule of nat sees it.
 */
function hidesClients(rule: Rule, level: Level, target: Knows): boolean {
  const { keepsClients, answersDirectly } = abilitiesOf(level, target.cluster)
  const ports = servicesOf(target.cluster).map(({ port }) => port)
  return (
    keepsClients &&
    !answersDirectly &&
    clientsMatch(rule.option('-s'), target) &&
    catches(rule, level, target, ports) &&
    (rule.option('--vaddr')?.split('/')[0] ?? target.cluster.vip) === target.cluster.vip
  )
}

/** Clients may be anywhere. A network of one of the host's own programs, as containers have one, is not theirs. */
function clientsMatch(from: string | undefined, { cluster, hosts }: Knows): boolean {
  if (from === undefined || from.startsWith('!')) return true
  if (hosts.some(({ address, second }) => [address, second?.address].includes(from.replace(/\/32$/, '')))) return false
  const [given, own] = [parseNetwork(withMask(from)), parseNetwork(cluster.network)]
  return given.has(own.address) || own.has(given.address)
}

/** The node's own checks of the others come from an address of its own, or no answer finds back. */
const takesChecks = (rule: Rule, level: Level, target: Knows): boolean =>
  abilitiesOf(level, target.cluster).balances &&
  rule.target === 'SNAT' &&
  rule.option('--to-source') !== target.host.address &&
  !rule.names.some((name) => /^--v(addr|port|proto|dir|method)$|^--ipvs$/.test(name)) &&
  holds(rule.option('-s'), (network) => parseNetwork(withMask(network)).has(target.host.address)) &&
  catches(
    rule,
    1,
    target,
    virtualServersOf(target.cluster).map((server) => checkedAt(server).toPort),
  )

const withMask = (network: string) => (network.includes('/') ? network : `${network}/32`)

/** What goes out to ports of another node. Nobody marks it; other matches may be true of it. */
function catches({ option }: Rule, level: Level, { host, hosts }: Knows, asked: readonly number[]): boolean {
  const others = hosts.filter(({ name }) => name !== host.name).map((other) => realAddress(other, level)!)
  return (
    others.some((other) => holds(option('-d'), (network) => parseNetwork(withMask(network)).has(other))) &&
    holds(
      option('-o'),
      (device) => device === host.interface || (device.endsWith('+') && host.interface.startsWith(device.slice(0, -1))),
    ) &&
    // Their numbers, where a host has no /etc/protocols.
    holds(option('-p'), (protocol) => /^(udp|tcp|all|6|17)$/.test(protocol)) &&
    ['--dport', '--dports', '--ports'].every((name) =>
      holds(option(name), (ports) => asked.some((port) => among(ports, port))),
    ) &&
    option('--mark') === undefined
  )
}

/** @param ports as iptables-save prints them: `53`, `50:60` or `53,80,8000:8100` */
const among = (ports: string, port: number): boolean =>
  ports.split(',').some((range) => {
    const [first, last = first] = range.split(':').map(Number)
    return port >= first! && port <= last!
  })

/** Whether an option of a rule, which may be negated or not there, lets something match. */
function holds(value: string | undefined, has: (value: string) => boolean): boolean {
  if (value === undefined) return true
  return value.startsWith('!') ? !has(value.slice(1)) : has(value)
}
