import { isNetwork, parseNetwork } from '../../../inventory/network.ts'
import { abilitiesOf, type Level, realAddress } from '../../../inventory/levels.ts'
import { serviceOf } from '../../../services/all.ts'
import type { Target } from '../../target.ts'

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

/** Where nodes are to see their clients, nothing may change the source of what a director sends on. */
const hidesClients = (rule: Rule, level: Level, target: Knows): boolean =>
  abilitiesOf(level).keepsClients &&
  from(rule, (network) => network === target.cluster.network || network.endsWith('/0')) &&
  catches(rule, level, target) &&
  (rule.option('--vaddr')?.split('/')[0] ?? target.cluster.vip) === target.cluster.vip

/** The node's own checks of the others come from an address of its own, or no answer finds back. */
const takesChecks = (rule: Rule, level: Level, target: Knows): boolean =>
  abilitiesOf(level).balances &&
  rule.target === 'SNAT' &&
  rule.option('--to-source') !== target.host.address &&
  !rule.names.some((name) => /^--v(addr|port|proto|dir|method)$|^--ipvs$/.test(name)) &&
  from(rule, (network) => parseNetwork(network).has(target.host.address)) &&
  catches(rule, 1, target)

const from = ({ option }: Rule, has: (network: string) => boolean): boolean => holds(option('-s'), has)

/** What goes out to the service on another node. Nobody marks it; other matches may be true of it. */
function catches({ option }: Rule, level: Level, { cluster, host, hosts }: Knows): boolean {
  const { port } = serviceOf(cluster)
  const others = hosts.filter(({ name }) => name !== host.name).map((other) => realAddress(other, level)!)
  const [first, last = first] = (option('--dport') ?? `${port}`).split(':').map(Number)
  return (
    others.some((other) => holds(option('-d'), (network) => parseNetwork(network).has(other))) &&
    holds(
      option('-o'),
      (device) => device === host.interface || (device.endsWith('+') && host.interface.startsWith(device.slice(0, -1))),
    ) &&
    holds(option('-p'), (protocol) => /^(udp|tcp|all)$/.test(protocol)) &&
    port >= first! &&
    port <= last! &&
    option('--mark') === undefined
  )
}

/** Whether an option of a rule, which may be negated or not there, lets something match. */
function holds(value: string | undefined, has: (value: string) => boolean): boolean {
  if (value === undefined) return true
  const negated = value.startsWith('!')
  const given = negated ? value.slice(1) : value
  if (/^[\d.]+$/.test(given)) return has(`${given}/32`) !== negated
  return (isNetwork(given, 0, 32) || !given.includes('/') ? has(given) : true) !== negated
}
