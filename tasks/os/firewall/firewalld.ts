import { UserError } from '../../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { type Accept, type Firewall, isOf6, protocolName } from './firewall.ts'
import { ends } from './nft-words.ts'
import { hold, nftables, onTrial } from './nftables.ts'
import { packetsPass } from './trial.ts'

/**
 * firewalld's zones let the cluster's packets in and through, live and at boot, without a reload, which would lose what others
 * have set live. What it has no words for is left to tables of our own (firewall-cmd(1), firewalld.richlanguage(5)).
 */
export const firewalld: Firewall = {
  shut: true,
  packages: nftables.packages,
  tasks: (rules, wires) => {
    const others = rules.filter((rule) => !('accept' in rule))
    const accepts = rules.filter((rule) => 'accept' in rule)
    const device = wires[0]!.device
    return [
      packetsPass(wires, lines(onTrial(others), accepted(accepts))),
      ...new Map(
        accepts.flatMap((rule) => wordsOf(rule, device)).map((one) => [JSON.stringify(one), inZone(one)]),
      ).values(),
      // It leaves tables of others alone.
      ...hold(others, []),
    ]
  },
  untracking: (rules) => nftables.untracking(rules),
}

/** A line of a zone. */
interface Words {
  /** An interface of the zone. */
  device: string
  /** A rich rule, `forward`, or `interface NAME`. */
  text: string
}

/** What goes out is not stopped by zones, and what goes through is let through by the zone of both interfaces. */
const wordsOf = (rule: Accept, first: string): Words[] => {
  if (rule.accept === 'out') return []
  const device = rule.interface ?? first
  if (rule.accept === 'in') return [{ device, text: richRule(rule) }]
  // A zone forwards among the interfaces that it names, and not among those that it has as the default one.
  return ['forward', `interface ${device}`].map((text) => ({ device, text }))
}

function richRule(rule: Accept): string {
  const { protocol, from, to, fromPort, toPort } = rule
  const element =
    toPort !== undefined
      ? `port port="${toPort}" protocol="${protocol}"`
      : fromPort !== undefined
        ? `source-port port="${fromPort}" protocol="${protocol}"`
        : `protocol value="${protocolName(protocol)}"`
  return [
    `rule family="${isOf6(rule) ? 'ipv6' : 'ipv4'}"`,
    ...(from ? [`source address="${from}"`] : []),
    ...(to ? [`destination address="${to}"`] : []),
    ...[element, 'accept'],
  ].join(' ')
}

/** Where packets are tried, there is no firewalld: what its zones are going to let pass goes to the top of its chains. */
const accepted = (rules: readonly Accept[]): Script => sh`
if nft list table inet firewalld >/dev/null 2>&1; then
  ${lines(
    sh`true`,
    ...rules
      .filter(({ accept }) => accept !== 'out')
      .map((rule) => sh`nft insert rule inet firewalld ${chains[rule.accept]} ${[...ends(rule), 'accept'].join(' ')}`),
  )}
fi`

const chains = { in: 'filter_INPUT', forward: 'filter_FORWARD', out: 'filter_OUTPUT' } as const

/** What zones have, each as `ZONE: LINE`. */
interface Found {
  live: readonly string[]
  permanent: readonly string[]
  /** @returns the zone of an interface */
  zoneOf: (device: string) => string
}

// A call of firewall-cmd takes most of a second on a small host: there are two for all rules, side by side.
const probe = sh`
sed -n 's/^DefaultZone=/default=/p' /etc/firewalld/firewalld.conf
exec 3< <(firewall-cmd --permanent --list-all-zones)
live=$(firewall-cmd --list-all-zones 2>&1) || echo "broken=\${live##*$'\n'}"
printf 'live\n%s\npermanent\n' "$live"
exec cat <&3`

/** The zone of an interface has a line, live and at boot. A rule has no name there, so the line itself is what is known by. */
const inZone = ({ device, text: wanted }: Words): Task => ({
  name: `firewalld, zone of ${device}: ${wanted}`,
  key: `firewalld ${device}: ${wanted}`,
  probe,
  plan: ({ text }) => {
    const broken = text.match(/^broken=(.*)$/m)?.[1]
    if (broken !== undefined) throw new UserError(`firewall-cmd --list-all-zones fails: ${broken}`, 1)
    const { live, permanent, zoneOf } = parse(text)
    const zone = zoneOf(device)
    const line = `${zone}: ${wanted}`
    // NetworkManager gives a zone its interfaces live.
    const named = wanted.startsWith('interface ') && live.includes(line)
    const missing = [
      ...(permanent.includes(line) || named ? [] : ['at boot']),
      ...(live.includes(line) ? [] : ['live']),
    ]
    if (missing.length === 0) return unchanged()
    const before = missing.length === 1 ? [`${line} (not ${missing[0]})`] : []
    const verb = wanted.startsWith('rule ') ? `-rich-rule=${wanted}` : `-${wanted.replace(' ', '=')}`
    return {
      before: before.join(''),
      after: line,
      apply: lines(...missing.map((when) => told(when, zone, `--add${verb}`))),
      undo: lines(...missing.map((when) => told(when, zone, `--remove${verb}`))),
    }
  },
})

const told = (when: string, zone: string, words: string): Script =>
  sh`firewall-cmd -q ${when === 'live' ? [] : ['--permanent']} ${`--zone=${zone}`} ${words}`

/** Reads the zones that firewall-cmd has listed, live and permanent. */
function parse(text: string): Found {
  const [head = '', live = '', permanent = ''] = text.split(/^(?:live|permanent)\n/m)
  const otherwise = head.match(/^default=(.*)$/m)?.[1] ?? 'public'
  const zoneOf = (device: string) =>
    zonesIn(live).find(({ rows }) => rows.includes(`interface ${device}`))?.name ?? otherwise
  const linesIn = (text: string) => zonesIn(text).flatMap(({ name, rows }) => rows.map((row) => `${name}: ${row}`))
  return { live: linesIn(live), permanent: linesIn(permanent), zoneOf }
}

const zonesIn = (text: string) =>
  text.split(/^(?=\S)/m).map((zone) => {
    const [head = '', ...rows] = zone.split('\n').map((row) => row.trim())
    const value = (key: string) => rows.find((row) => row.startsWith(`${key}: `))?.slice(key.length + 2) ?? ''
    return {
      name: head.split(' ')[0]!,
      rows: [
        ...rows.filter((row) => row.startsWith('rule ')),
        ...(value('forward') === 'yes' ? ['forward'] : []),
        ...value('interfaces')
          .split(' ')
          .map((device) => `interface ${device}`),
      ],
    }
  })
