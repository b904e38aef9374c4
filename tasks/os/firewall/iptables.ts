import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { file, ownFile } from '../../file.ts'
import { service } from '../../service.ts'
import { render } from '../../template.ts'
import type { Accept, Firewall, Rule, SourceNat } from './firewall.ts'
import { packetsPass } from './trial.ts'

/** A rule in the words of iptables. Its comment carries its name, which is how ours are told from others'. */
interface Words {
  name: string
  table: 'filter' | 'nat'
  chain: string
  /** The IP protocols it is for: a rule for another can't take its packets away. One alone becomes its `-p`. */
  protocols: readonly string[]
  /** After the chain, without protocol and comment. */
  words: readonly string[]
}

const script = '/etc/keepalived/iptables.sh'
const unit = 'keepalived-iptables.service'
const unitFile = `/etc/systemd/system/${unit}`
const prefix = 'keepalived-playbooks-'

export const iptables: Firewall = {
  tasks: (given, wires) => {
    const rules = given.map(wordsOf)
    // Translation of addresses stops no packet, and its match would load a module.
    const accepts = rules.filter(({ table }) => table === 'filter')
    return [
      packetsPass(wires, lines(...accepts.map(atTop))),
      ...rules.map((rule) => live(rule, probe(rules))),
      file(script, scriptText(rules), { mode: '755' }),
      file(unitFile, unitText),
      service(unit, { restartOn: [script], unitFiles: [unitFile] }),
    ]
  },
}

const wordsOf = (rule: Rule): Words => ('accept' in rule ? accept(rule) : sourceNat(rule))

const accept = (rule: Accept): Words => ({
  name: rule.name,
  table: 'filter',
  chain: { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[rule.accept],
  protocols: [rule.protocol],
  words: [
    ...(rule.accept === 'out' ? [] : ['-i', rule.interface]),
    ...(rule.accept === 'in' ? [] : ['-o', rule.interface]),
    ...(rule.from ? ['-s', rule.from] : []),
    ...(rule.to ? ['-d', rule.to] : []),
    ...(rule.fromPort ? ['--sport', String(rule.fromPort)] : []),
    ...(rule.toPort ? ['--dport', String(rule.toPort)] : []),
    ...['-j', 'ACCEPT'],
  ],
})

const sourceNat = ({ name, protocols, virtualServer: { address, port }, source }: SourceNat): Words => ({
  name,
  table: 'nat',
  chain: 'POSTROUTING',
  protocols,
  words: [
    // Without a mask, as iptables-save prints the address: with one, the saved rule would not find itself again.
    ...['-m', 'ipvs', '--vaddr', address, '--vport', String(port)],
    ...['-j', 'SNAT', '--to-source', source],
  ],
})

const atTop = (rule: Words) => sh`iptables -w -t ${rule.table} -I ${rule.chain} 1 ${specification(rule)}`

const scriptText = (rules: readonly Words[]) =>
  render('iptables.sh', { prefix, rules: rules.map((rule) => ({ ...rule, words: specification(rule) })) })

const comment = (rule: Words) => prefix + rule.name
const specification = (rule: Words): string[] => [
  ...(rule.protocols.length === 1 ? ['-p', ...rule.protocols] : []),
  ...['-m', 'comment', '--comment', comment(rule)],
  ...rule.words,
]

function live(rule: Words, probe: Script): Task {
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
const probe = (rules: readonly Words[]): Script => sh`
saved=$(iptables-save 2>/dev/null)
printf '%s\n' "$saved"
${lines(...rules.map(probeExact))}`

const probeExact = (rule: Words): Script => sh`
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
function inPlace(rule: Words, saved: readonly SavedRule[]): boolean {
  const chain = saved.filter(({ table, text }) => table === rule.table && text.startsWith(`-A ${rule.chain} `))
  const place = chain.findIndex(({ text }) => text.includes(` ${comment(rule)} `))
  return place >= 0 && !chain.slice(0, place).some(({ text }) => couldCatch(text, rule))
}

const protocols: Readonly<Record<string, string>> = { vrrp: '112' }

function couldCatch(other: string, rule: Words): boolean {
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
const replace = (rule: Words, texts: readonly string[]): Script => sh`
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
