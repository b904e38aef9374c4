import { type Script } from '../../../engine/base/sh.ts'
import { type Accept, isOf6, type Rule, type SourceNat, type Untracked } from './firewall.ts'

/** The programs of the families, which have rules of their own each. */
export type Program = 'iptables' | 'ip6tables'

/** A rule in the words of iptables. Its comment carries its name, which is how ours are told from others'. */
export interface Words {
  name: string
  program: Program
  table: 'filter' | 'nat' | 'raw'
  chain: string
  /** The IP protocols it is for: a rule for another can't take its packets away. One alone becomes its `-p`. */
  protocols: readonly string[]
  /** After the chain, without protocol and comment. */
  words: readonly string[]
  /** Ends with 0 where it may be set at boot. */
  when?: Script
}

/** What comments of ours begin with. */
export const prefix = 'keepalived-playbooks-'

export function wordsOf(rule: Rule): Words {
  if ('accept' in rule) return accept(rule)
  return 'untracked' in rule ? untracked(rule) : sourceNat(rule)
}

const accept = (rule: Accept): Words => ({
  name: rule.name,
  program: isOf6(rule) ? 'ip6tables' : 'iptables',
  table: 'filter',
  chain: { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[rule.accept],
  protocols: [rule.protocol],
  words: [
    ...(rule.interface === undefined || rule.accept === 'out' ? [] : ['-i', rule.interface]),
    ...(rule.interface === undefined || rule.accept === 'in' ? [] : ['-o', rule.interface]),
    ...ends(rule),
    ...['-j', 'ACCEPT'],
  ],
})

const untracked = (rule: Untracked): Words => ({
  name: rule.name,
  program: 'iptables',
  table: 'raw',
  chain: { in: 'PREROUTING', out: 'OUTPUT' }[rule.untracked],
  protocols: [rule.protocol],
  words: [
    ...(rule.interface ? ['-i', rule.interface] : []),
    ...ends(rule),
    ...(rule.except ? ['!', '-d', rule.except, '-m', 'addrtype', '!', '--dst-type', 'LOCAL'] : []),
    ...['-j', 'CT', '--notrack'],
  ],
  when: rule.when,
})

const ends = ({ from, to, fromPort, toPort }: Accept | Untracked): string[] => [
  ...(from ? ['-s', from] : []),
  ...(to ? ['-d', to] : []),
  ...(fromPort ? ['--sport', String(fromPort)] : []),
  ...(toPort ? ['--dport', String(toPort)] : []),
]

const sourceNat = ({ name, protocols, virtualServer: { address, port }, source }: SourceNat): Words => ({
  name,
  program: 'iptables',
  table: 'nat',
  chain: 'POSTROUTING',
  protocols,
  words: [
    // Without a mask, as iptables-save prints the address: with one, the saved rule would not find itself again.
    ...['-m', 'ipvs', '--vaddr', address, '--vport', String(port)],
    ...['-j', 'SNAT', '--to-source', source],
  ],
})

/** @returns for iptables-restore: rules as it saves them, each with another command */
export const restorable = (rules: readonly Words[], command: (saved: string) => string): string =>
  [...Map.groupBy(rules, ({ table }) => table)]
    .flatMap(([table, own]) => [`*${table}`, ...own.map((rule) => command(saves(rule))), 'COMMIT'])
    .join('\n')

export const atTop = (saved: string) => saved.replace(/^-A (\S+)/, '-I $1 1')
export const check = (saved: string) => saved.replace(/^-A/, '-C')

/** iptables-save puts quotes around what has a dot, as a host's name may. */
export const comment = (rule: Words) => prefix + rule.name.replaceAll('.', '_')
export const specification = (rule: Words): string[] => [
  ...(rule.protocols.length === 1 ? ['-p', ...rule.protocols] : []),
  ...['-m', 'comment', '--comment', comment(rule)],
  ...rule.words,
]

/** @returns a rule as iptables-save prints it */
export const saves = (rule: Words) => ['-A', rule.chain, ...specification(rule)].join(' ')
