import type { Cluster, Host } from '../inventory/types.ts'
import { lines, type Script, sh } from '../runner/sh.ts'
import { type Task, unchanged } from '../runner/task.ts'
import { file } from './file.ts'
import { service } from './service.ts'
import { template } from './template.ts'

/** A packet filter rule of the cluster. Its comment carries its name, which is how ours are told from others'. */
export interface Rule {
  name: string
  table: 'filter' | 'nat'
  chain: string
  /** The IP protocols it is for: a rule for another can't take its packets away. One alone becomes its `-p`. */
  protocols: readonly string[]
  /** Words for iptables after the chain, without protocol and comment. */
  words: readonly string[]
}

const script = '/etc/keepalived/iptables.sh'
const unit = 'keepalived-iptables.service'
const unitFile = `/etc/systemd/system/${unit}`
const prefix = 'keepalived-playbooks-'

/** VRRP adverts may come and go (article, preparation). 112 is VRRP's protocol number, with or without /etc/protocols. */
export const allowVrrp = (host: Host): Rule[] => [
  {
    name: 'vrrp-in',
    table: 'filter',
    chain: 'INPUT',
    protocols: ['112'],
    words: ['-i', host.interface, '-d', '224.0.0.18/32', '-j', 'ACCEPT'],
  },
  {
    name: 'vrrp-out',
    table: 'filter',
    chain: 'OUTPUT',
    protocols: ['112'],
    words: ['-o', host.interface, '-d', '224.0.0.18/32', '-j', 'ACCEPT'],
  },
]

/**
 * Balanced connections reach the real servers from the VIP, so that answers come back to the director (article,
 * level 2). Matching what IPVS sends, and no more, keeps the node's own connections as they are.
 */
export const snat = (cluster: Cluster): Rule => ({
  name: 'snat',
  table: 'nat',
  chain: 'POSTROUTING',
  protocols: ['tcp', 'udp'],
  // Without a mask, as iptables-save prints the address: with one, the saved rule would not find itself again.
  words: [
    '-m',
    'ipvs',
    '--vaddr',
    cluster.vip,
    '--vport',
    String(cluster.service.port),
    '-j',
    'SNAT',
    '--to-source',
    cluster.vip,
  ],
})

/** These rules and no others of ours, live and at boot, ahead of whatever could take their packets away. */
export const iptables = (...rules: Rule[]): Task[] => [
  live(rules),
  template(
    script,
    'iptables.sh',
    { rules: rules.map((rule) => ({ ...rule, words: specification(rule) })) },
    { mode: '755' },
  ),
  file(unitFile, unitText),
  service(unit, { restartOn: [script], unitFiles: [unitFile] }),
]

const comment = (rule: Rule) => prefix + rule.name
const specification = (rule: Rule): string[] => [
  ...(rule.protocols.length === 1 ? ['-p', ...rule.protocols] : []),
  ...['-m', 'comment', '--comment', comment(rule)],
  ...rule.words,
]

function live(rules: readonly Rule[]): Task {
  return {
    name: `iptables rules ${rules.map((rule) => rule.name).join(', ')}`,
    probe: probe(rules),
    plan: ({ text }) => {
      const saved = parseSaved(text)
      const exact = (rule: Rule) => text.includes(`\nexact ${comment(rule)}\n`)
      const ours = saved.filter((rule) => rule.text.includes(prefix))
      if (rules.every((rule) => inPlace(rule, saved, exact(rule))) && ours.length === rules.length) return unchanged()
      const wanted = rules.map((rule) => ({
        table: rule.table,
        text: ['-A', rule.chain, ...specification(rule)].join(' '),
      }))
      return {
        before: ours.map((rule) => rule.text).join('\n'),
        after: wanted.map((rule) => rule.text).join('\n'),
        apply: replace(ours, wanted),
        undo: replace(wanted, ours),
      }
    },
  }
}

interface SavedRule {
  table: string
  /** As iptables-save prints it: `-A INPUT …`. */
  text: string
}

// The kernel is asked for a rule only where its comment is there: on nftables even `-C` creates an empty table.
const probe = (rules: readonly Rule[]): Script =>
  lines(
    sh`
saved=$(iptables-save 2>/dev/null)
sed -n '/^[*]/p; /^-A/p' <<<"$saved"
has() {
  local name=$1 table=$2
  shift 2
  if [[ $saved == *"$name"* ]] && iptables -w -t "$table" -C "$@" 2>/dev/null; then echo "exact $name"; fi
}`,
    ...rules.map((rule) => sh`has ${comment(rule)} ${rule.table} ${rule.chain} ${specification(rule)}`),
  )

function parseSaved(text: string): SavedRule[] {
  let table = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1)
    return line.startsWith('-A') ? [{ table, text: line }] : []
  })
}

/** Exactly once, as wanted, and before every rule that could take its packets away. */
function inPlace(rule: Rule, saved: readonly SavedRule[], exact: boolean): boolean {
  const chain = saved.filter(({ table, text }) => table === rule.table && text.startsWith(`-A ${rule.chain} `))
  const places = chain.flatMap(({ text }, index) => (text.includes(comment(rule)) ? [index] : []))
  return exact && places.length === 1 && !chain.slice(0, places[0]).some(({ text }) => couldCatch(text, rule))
}

const protocols: Readonly<Record<string, string>> = { vrrp: '112' }

function couldCatch(other: string, rule: Rule): boolean {
  const target = other.match(/ -[jg] (\S+)/)?.[1]
  if (!target || other.includes(prefix) || /^(N?F?LOG|MARK|CONNMARK|TRACE)$/.test(target)) return false
  if (target === 'ACCEPT' && rule.words.includes('ACCEPT')) return false
  const protocol = other.match(/(?<!!) -p (\S+)/)?.[1]
  if (protocol && !rule.protocols.includes(protocols[protocol] ?? protocol)) return false
  return ['-i', '-o'].every((flag) => {
    const there = other.match(new RegExp(`(?<!!) ${flag} (\\S+)`))?.[1]
    const here = rule.words[rule.words.indexOf(flag) + 1]
    return !there || !rule.words.includes(flag) || there === here || there.endsWith('+')
  })
}

/** One transaction a table: nobody ever sees the chain without the rules. */
function replace(old: readonly SavedRule[], wanted: readonly SavedRule[]): Script {
  const tables = [...new Set([...old, ...wanted].map(({ table }) => table))]
  const document = tables.flatMap((table) => [
    `*${table}`,
    ...old.filter((rule) => rule.table === table).map(({ text }) => text.replace(/^-A/, '-D')),
    // Each goes to the top, so the last comes first.
    ...wanted
      .filter((rule) => rule.table === table)
      .toReversed()
      .map(({ text }) => text.replace(/^-A (\S+)/, '-I $1 1')),
    'COMMIT',
  ])
  return sh`iptables-restore -w --noflush <<<${document.join('\n')}`
}

const unitText = `# Written by keepalived-playbooks; changes by hand are replaced by the next run.
[Unit]
Description=Packet filter rules of the keepalived cluster
# Whoever loads a rule set of their own at boot, or again later, does it before us.
After=netfilter-persistent.service iptables.service nftables.service ufw.service firewalld.service
PartOf=netfilter-persistent.service iptables.service nftables.service ufw.service firewalld.service
Before=keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${script}

[Install]
WantedBy=multi-user.target
`
