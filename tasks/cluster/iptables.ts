import { lines, type Script, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { file, ownFile } from '../file.ts'
import { noOtherDrop } from './nftables.ts'
import { service } from '../service.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Target } from '../target.ts'
import { template } from '../template.ts'

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
export const allowVrrp = ({ host }: Target): Rule[] => [
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

/** Connection sync: the holder sends open connections to the others by multicast (keepalived's `lvs_sync_daemon`). */
export const allowSync = ({ host }: Target): Rule[] => [
  {
    name: 'sync-in',
    table: 'filter',
    chain: 'INPUT',
    protocols: ['udp'],
    words: ['-i', host.interface, '-d', '224.0.0.81/32', '--dport', '8848', '-j', 'ACCEPT'],
  },
  {
    name: 'sync-out',
    table: 'filter',
    chain: 'OUTPUT',
    protocols: ['udp'],
    words: ['-o', host.interface, '-d', '224.0.0.81/32', '--dport', '8848', '-j', 'ACCEPT'],
  },
]

/**
 * Answers of the real servers pass through the director, so it must forward them, even if it forwards nothing else.
 * Connection tracking would match them better, but must stay off: a connection that continues through another director
 * after a move of the VIP looks like two connections with the same answers, and it drops one.
 */
export const allowAnswers = ({ cluster, host }: Target): Rule[] =>
  virtualServersOf(cluster).map(({ protocol, port }) => ({
    name: `answers-${protocol.toLowerCase()}`,
    table: 'filter',
    chain: 'FORWARD',
    protocols: [protocol.toLowerCase()],
    words: ['-i', host.interface, '-s', cluster.network, '--sport', String(port), '-j', 'ACCEPT'],
  }))

/**
 * Balanced connections reach the real servers from the VIP, so that answers come back to the director (article,
 * level 2). Matching what IPVS sends, and no more, keeps the node's own connections as they are.
 */
export const snat = ({ cluster }: Target): Rule[] => [
  {
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
  },
]

/** These rules, live and at boot, ahead of rules that could take their packets. */
export function iptables(target: Target, ...sets: ((target: Target) => Rule[])[]): Task[] {
  const rules = sets.flatMap((rulesOf) => rulesOf(target))
  return [
    noOtherDrop(),
    ...rules.map((rule) => live(rule, probe(rules))),
    template(
      script,
      'iptables.sh',
      { prefix, rules: rules.map((rule) => ({ ...rule, words: specification(rule) })) },
      { mode: '755' },
    ),
    file(unitFile, unitText),
    service(unit, { restartOn: [script], unitFiles: [unitFile] }),
  ]
}

const comment = (rule: Rule) => prefix + rule.name
const specification = (rule: Rule): string[] => [
  ...(rule.protocols.length === 1 ? ['-p', ...rule.protocols] : []),
  ...['-m', 'comment', '--comment', comment(rule)],
  ...rule.words,
]

function live(rule: Rule, probe: Script): Task {
  const wanted = ['-A', rule.chain, ...specification(rule)].join(' ')
  return {
    name: `iptables rule ${rule.name}`,
    key: `iptables rule ${rule.name}`,
    probe,
    plan: ({ text }) => {
      const saved = parseSaved(text)
      const found = saved.filter((one) => one.table === rule.table && one.text.includes(` ${comment(rule)} `))
      const exact = text.includes(`\nexact ${comment(rule)}\n`)
      if (exact && found.length === 1 && inPlace(rule, saved)) return unchanged()
      const texts = found.map((one) => one.text)
      return {
        before: texts.join('\n'),
        after: wanted,
        apply: replace(rule, [wanted]),
        undo: replace(rule, texts),
      }
    },
  }
}

interface SavedRule {
  table: string
  /** As iptables-save prints it: `-A INPUT …`. */
  text: string
}

// Asks for all rules at once. The kernel is asked for a rule only where its comment is there: on nftables even `-C`
// creates an empty table.
const probe = (rules: readonly Rule[]): Script => sh`
saved=$(iptables-save 2>/dev/null)
printf '%s\n' "$saved"
${lines(...rules.map(probeExact))}`

const probeExact = (rule: Rule): Script => sh`
if [[ $saved == *${` ${comment(rule)} `}* ]] &&
  iptables -w -t ${rule.table} -C ${rule.chain} ${specification(rule)} 2>/dev/null; then echo ${`exact ${comment(rule)}`}; fi`

function parseSaved(text: string): SavedRule[] {
  let table = ''
  return text.split('\n').flatMap((line) => {
    if (line.startsWith('*')) table = line.slice(1)
    return line.startsWith('-A') ? [{ table, text: line }] : []
  })
}

/** Whether it stands before every rule that could take its packets. */
function inPlace(rule: Rule, saved: readonly SavedRule[]): boolean {
  const chain = saved.filter(({ table, text }) => table === rule.table && text.startsWith(`-A ${rule.chain} `))
  const place = chain.findIndex(({ text }) => text.includes(` ${comment(rule)} `))
  return place >= 0 && !chain.slice(0, place).some(({ text }) => couldCatch(text, rule))
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

/** Takes every rule of this name away and puts these at the top, in one transaction, so that no half state is visible. */
const replace = (rule: Rule, texts: readonly string[]): Script => sh`
{
  echo ${`*${rule.table}`}
  iptables-save 2>/dev/null |
    sed -n ${`/^\\*${rule.table}$/,/^COMMIT$/s/^-A \\(.* --comment ${comment(rule)} .*\\)/-D \\1/p`}
  printf '%s\n' ${texts.toReversed().map((text) => text.replace(/^-A (\S+)/, '-I $1 1'))} COMMIT
} | iptables-restore -w --noflush`

// Services that load a rule set, at boot or later.
const loaders = 'netfilter-persistent.service iptables.service nftables.service ufw.service firewalld.service'

const unitText = `${ownFile}[Unit]
Description=Packet filter rules of the keepalived cluster
# Loading a rule set removes these rules: they are set after it, also when it restarts or reloads.
After=${loaders}
PartOf=${loaders}
ReloadPropagatedFrom=${loaders}
Before=keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${script}
ExecReload=${script}

[Install]
# One that is stopped stops this unit too, and has to start it again.
WantedBy=multi-user.target ${loaders}
`
