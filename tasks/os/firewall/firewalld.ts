import { BlockList, isIP } from 'node:net'
import { UserError } from '../../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged, unknown } from '../../../engine/runner/task.ts'
import { type Accept, type Firewall, isOf6, protocolName, type Wire } from './firewall.ts'
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
        accepts.flatMap((rule) => wordsOf(rule, wires)).map((one) => [JSON.stringify(one), inZone(one)]),
      ).values(),
      ...fromZones(accepts, device),
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
  /** Who sends what the rule is for, as far as they are known: a zone may have them by their addresses. */
  senders: readonly string[]
}

/** What goes out is not stopped by zones, and what goes through is let through by the zone of both interfaces. */
const wordsOf = (rule: Accept, wires: readonly Wire[]): Words[] => {
  if (rule.accept === 'out') return []
  const device = rule.interface ?? wires[0]!.device
  if (rule.accept === 'in') return [{ device, text: richRule(rule), senders: sendersTo(rule, device, wires) }]
  // A zone forwards among the interfaces that it names, and not among those that it has as the default one.
  return ['forward', `interface ${device}`].map((text) => ({ device, text, senders: [] }))
}

/** @returns from where packets come that a rule lets in */
const sendersTo = (rule: Accept, device: string, wires: readonly Wire[]): string[] => [
  ...new Set(
    wires
      .filter((wire) => wire.device === device)
      .flatMap(({ packets }) => packets)
      .filter(({ direction, protocol }) => direction === 'in' && protocol === rule.protocol)
      .filter(
        ({ toPort, fromPort }) =>
          [toPort, undefined].includes(rule.toPort) && [fromPort, undefined].includes(rule.fromPort),
      )
      .filter(({ from, to }) => isIn(rule.from, from) && isIn(rule.to, to))
      .map(({ from }) => from),
  ),
]

/** @param network with its prefix length, or an address; without one, all are in it */
function isIn(network: string | undefined, address: string): boolean {
  if (network === undefined) return true
  const [first = '', length] = network.split('/')
  const family = isIP(first)
  // Zones may have hardware addresses, and names of sets.
  if (family === 0 || isIP(address) !== family) return false
  const [kind, bits] = family === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const)
  const list = new BlockList()
  list.addSubnet(first, Number(length ?? bits), kind)
  return list.check(address, kind)
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
  /** @returns zones that have an address by its source, which comes before its interface */
  zonesFrom: (address: string) => string[]
}

// A call of firewall-cmd takes most of a second on a small host: there are two for all rules, side by side.
const probe = sh`
sed -n 's/^DefaultZone=/default=/p' /etc/firewalld/firewalld.conf
exec 3< <(firewall-cmd --permanent --list-all-zones)
live=$(firewall-cmd --list-all-zones 2>&1) || echo "broken=\${live##*$'\n'}"
printf 'live\n%s\npermanent\n' "$live"
exec cat <&3`

/** The zone of an interface has a line, live and at boot. A rule has no name there, so the line itself is what is known by. */
const inZone = ({ device, text: wanted, senders }: Words): Task => ({
  name: `firewalld, zone of ${device}: ${wanted}`,
  key: `firewalld ${device}: ${wanted}`,
  probe,
  plan: ({ text }) => {
    const broken = text.match(/^broken=(.*)$/m)?.[1]
    if (broken !== undefined) throw new UserError(`firewall-cmd --list-all-zones fails: ${broken}`, 1)
    const { live, permanent, zoneOf, zonesFrom } = parse(text)
    const zones = [...new Set([zoneOf(device), ...senders.flatMap(zonesFrom)])].map((zone) => {
      const line = `${zone}: ${wanted}`
      // NetworkManager gives a zone its interfaces live.
      const named = wanted.startsWith('interface ') && live.includes(line)
      const missing = [
        ...(permanent.includes(line) || named ? [] : ['at boot']),
        ...(live.includes(line) ? [] : ['live']),
      ]
      return { zone, line, missing }
    })
    if (zones.every(({ missing }) => missing.length === 0)) return unchanged()
    const before = zones.flatMap(({ line, missing }) => [[line], [`${line} (not ${missing[0]})`], []][missing.length]!)
    const verb = wanted.startsWith('rule ') ? `-rich-rule=${wanted}` : `-${wanted.replace(' ', '=')}`
    const all = (words: string) =>
      lines(...zones.flatMap(({ zone, missing }) => missing.map((when) => told(when, zone, `${words}${verb}`))))
    return {
      before: before.join('\n'),
      after: zones.map(({ line }) => line).join('\n'),
      apply: all('--add'),
      undo: all('--remove'),
    }
  },
})

/** What goes through is let through by the zone of both interfaces, unless another zone has who sends it by the address. */
function fromZones(rules: readonly Accept[], first: string): Task[] {
  const through = rules.filter(({ accept, from }) => accept === 'forward' && from !== undefined)
  if (through.length === 0) return []
  return [
    {
      name: 'firewalld: no zone has real servers by their addresses',
      probe,
      plan: ({ text }) => {
        const { zoneOf, zonesFrom } = parse(text)
        const found = through.flatMap(({ from, interface: device = first }) => {
          const address = from!.split('/')[0]!
          const own = zoneOf(device)
          return zonesFrom(address)
            .filter((zone) => zone !== own)
            .map((zone) => `${address}, which the zone ${zone} has by its source, to the zone ${own}`)
        })
        if (found.length === 0) return unchanged()
        const what = [...new Set(found)].join('; ')
        return unknown(`whether a policy of firewalld lets answers pass from ${what}: without one, they are dropped`)
      },
    },
  ]
}

const told = (when: string, zone: string, words: string): Script =>
  sh`firewall-cmd -q ${when === 'live' ? [] : ['--permanent']} ${`--zone=${zone}`} ${words}`

/** Reads the zones that firewall-cmd has listed, live and permanent. */
function parse(text: string): Found {
  const [head = '', live = '', permanent = ''] = text.split(/^(?:live|permanent)\n/m)
  const otherwise = head.match(/^default=(.*)$/m)?.[1] ?? 'public'
  const zoneOf = (device: string) =>
    zonesIn(live).find(({ rows }) => rows.includes(`interface ${device}`))?.name ?? otherwise
  const linesIn = (text: string) => zonesIn(text).flatMap(({ name, rows }) => rows.map((row) => `${name}: ${row}`))
  const all = [...zonesIn(live), ...zonesIn(permanent)]
  const zonesFrom = (address: string) =>
    all.filter(({ sources }) => sources.some((source) => isIn(source, address))).map(({ name }) => name)
  return { live: linesIn(live), permanent: linesIn(permanent), zoneOf, zonesFrom }
}

const zonesIn = (text: string) =>
  text.split(/^(?=\S)/m).map((zone) => {
    const [head = '', ...rows] = zone.split('\n').map((row) => row.trim())
    const value = (key: string) => rows.find((row) => row.startsWith(`${key}: `))?.slice(key.length + 2) ?? ''
    return {
      name: head.split(' ')[0]!,
      sources: value('sources').split(' ').filter(Boolean),
      rows: [
        ...rows.filter((row) => row.startsWith('rule ')),
        ...(value('forward') === 'yes' ? ['forward'] : []),
        ...value('interfaces')
          .split(' ')
          .map((device) => `interface ${device}`),
      ],
    }
  })
