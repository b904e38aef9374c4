import { createHash } from 'node:crypto'
import { type Accept, isOf6, type Rule, type SourceNat, type Untracked } from './firewall.ts'

// A rule of the cluster in the words of nft(8). Its comment carries its name, by which ours are told from others'.

export const prefix = 'keepalived-playbooks'

/** A comment has at most 128 characters. @returns a name, or what is known by it */
export const short = (name: string): string => (name.length > 80 ? `${name.slice(0, 70)}-${sum(name)}` : name)

const sum = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 8)

/** @returns a rule that lets packets pass, for a chain of others; the comment changes with the rule */
export function acceptWords(rule: Accept): string {
  const words = [
    ...(rule.interface === undefined || rule.accept === 'out' ? [] : [`iifname "${rule.interface}"`]),
    ...(rule.interface === undefined || rule.accept === 'in' ? [] : [`oifname "${rule.interface}"`]),
    ...ends(rule),
    'accept',
  ].join(' ')
  return `${words} comment "${prefix}-${short(rule.name)}-${sum(words)}"`
}

/** @returns a table of ours with these rules alone, in place of one that is there; none where there are none */
export function tableOf(name: string, rules: readonly Rule[]): string {
  const text = [
    ...Map.groupBy(
      rules.filter((rule): rule is SourceNat | Untracked => !('accept' in rule)),
      chainOf,
    ),
  ].map(
    ([{ chain, hook }, own]) => `  chain ${chain} {\n    type ${hook}; policy accept;\n${own.map(row).join('')}  }\n`,
  )
  return `${replacing(name)}${text.length > 0 ? `table ip ${name} {\n${text.join('')}}\n` : ''}`
}

/** nft(8): a table has to be there to be deleted. */
export const replacing = (name: string): string => `table ip ${name}\ndelete table ip ${name}\n`

// Ahead of what iptables and firewalld translate: the first one that gives a connection a source wins.
const chains = {
  nat: { chain: 'postrouting', hook: 'nat hook postrouting priority 90' },
  in: { chain: 'prerouting', hook: 'filter hook prerouting priority -300' },
  out: { chain: 'output', hook: 'filter hook output priority -300' },
} as const

const chainOf = (rule: SourceNat | Untracked) => ('untracked' in rule ? chains[rule.untracked] : chains.nat)

const row = (rule: SourceNat | Untracked) =>
  wordsOf(rule)
    .map((words) => `    ${words} comment "${short(rule.name)}"\n`)
    .join('')

function wordsOf(rule: SourceNat | Untracked): string[] {
  if ('untracked' in rule)
    return [
      [
        ...(rule.interface ? [`iifname "${rule.interface}"`] : []),
        ...ends(rule),
        ...(rule.except ? [`ip daddr != ${rule.except} fib daddr type != local`] : []),
        'notrack',
      ].join(' '),
    ]
  const { virtualServer, protocols, source } = rule
  // Of a connection to the virtual server, a packet that goes elsewhere is one that IPVS sends on.
  return protocols.map((protocol) =>
    [
      `meta l4proto ${protocol} ct original ip daddr ${virtualServer.address} ct original proto-dst ${virtualServer.port}`,
      `ip daddr != ${virtualServer.address} snat to ${source}`,
    ].join(' '),
  )
}

/** @returns the family of tables that see packets of a rule, beside inet */
export const familyOf = (rule: Pick<Accept, 'from' | 'to'>): 'ip' | 'ip6' => (isOf6(rule) ? 'ip6' : 'ip')

/** @returns what packets of a rule are like, but for interfaces */
export const ends = ({ protocol, from, to, fromPort, toPort }: Accept | Untracked): string[] => [
  ...(from ? [`${familyOf({ from })} saddr ${from}`] : []),
  ...(to ? [`${familyOf({ to })} daddr ${to}`] : []),
  ...(fromPort ? [`${protocol} sport ${fromPort}`] : []),
  ...(toPort ? [`${protocol} dport ${toPort}`] : []),
  ...(fromPort || toPort ? [] : [`meta l4proto ${protocol}`]),
]
