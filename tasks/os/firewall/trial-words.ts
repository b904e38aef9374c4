import { isOf6, type Packet, protocolName } from './firewall.ts'

// What a trial says of packets, read from what its script printed.

/** A packet, and the interface where it was tried. */
type Tried = Packet & { device: string }

/**
 * @param result what packets.pl says of the packet that did not pass
 * @returns what happens to it, what does that, and what to do about it
 */
export function stopped(text: string, result: string, packet: Tried): string {
  const [verdict, where] = result.split(' ')
  const { what, from, to, mayGoElsewhere } = packet
  if (verdict === 'from')
    return `${what} leaves with another source, ${where} and not ${from}: ${translation(text, 'nat', from)}`
  if (verdict === 'to') return `${what} is sent to ${where} and not to ${to}: ${translation(text, 'dnat', to)}`
  if (verdict === 'elsewhere' || (!mayGoElsewhere && /^dnat=/m.test(text)))
    return `${what} is sent elsewhere and not to ${to}: ${translation(text, 'dnat', to)}`
  return `${what} does not get through: ${cause(text, packet)}`
}

/** @returns what could not be found out by trying, for people; nothing where all is known */
export function untold(text: string, results: readonly string[], packets: readonly Tried[]): string | undefined {
  const of = Map.groupBy(
    packets.flatMap(({ what }, place) => (results[place]?.startsWith('pass ') ? { what, result: results[place] } : [])),
    ({ result }) => result,
  )
  const said = [
    ...(/^untold=arptables-legacy$/m.test(text) ? [ofArptables(packets)] : []),
    ...[...of].map(([result, found]) => {
      const queue = result.match(/queue (.*)$/)?.[1]
      const which = found.map(({ what }) => what).join(', ')
      return queue === undefined
        ? `who gets what nat sends elsewhere (${which})`
        : `whether the program at queue ${queue} of NFQUEUE lets pass what it gets (${which})`
    }),
  ]
  return said.length > 0 ? `it could not be tried ${said.join('; ')}` : undefined
}

const ofArptables = (packets: readonly Tried[]): string => {
  const addresses = new Set(packets.flatMap(({ protocol, to }) => (protocol === 'arp' ? [to] : [])))
  return (
    `whether rules of arptables-legacy stop ARP for ${[...addresses].join(', ') || 'this host'}, so that neighbours do not find it ` +
    '(look at them there: arptables-legacy -L -n -v; set by arptables-nft in its place, they are tried)'
  )
}

/** @returns what translates an address, and what to do about it */
function translation(text: string, kind: 'nat' | 'dnat', address: string): string {
  const [, where, rule] = text.match(new RegExp(`^${kind}=(\\S+ \\S+ \\S+) (?:rule )?(.*)$`, 'm')) ?? []
  const by = where ? `the chain ${where} does that (${rule})` : 'a rule in nat does that'
  if (kind === 'nat') return `${by}. Take it out, or narrow it so that it leaves the cluster's network alone`
  const docker = where?.endsWith(' DOCKER')
    ? ', as a port that Docker publishes at one other address: -p ADDRESS:PORT:PORT'
    : ''
  return `${by}. Take it out, or narrow it so that it leaves ${address} alone${docker}`
}

/** The chains of iptables that packets go through, in the order in which they do. */
const chains: Readonly<Record<Packet['direction'], readonly string[]>> = {
  in: ['PREROUTING', 'INPUT'],
  out: ['OUTPUT', 'POSTROUTING'],
  forward: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
}

/** @returns what stops a packet, and how to let it pass, in words */
function cause(text: string, packet: Tried): string {
  const [, where, rule] = text.match(/^cause=(\S+ \S+ \S+) (.*)$/m) ?? []
  const [, queue, handing] = (where ? undefined : text.match(/^queued=(\S+ \S+ \S+) (.*)$/m)) ?? []
  if (queue) {
    const [family, table] = queue.split(' ')
    const isIptables = family === 'ip' && text.match(/^iptables=\S+$/gm)?.includes(`iptables=${table}`)
    const number = /\bqueue (?:flags \S+ )?(?:num|to) (\S+)/.exec(handing!)?.[1] ?? 'NUMBER'
    const bypass = isIptables ? '--queue-bypass' : `queue flags bypass to ${number}`
    return `the chain ${queue} hands it to a program, and none listens (${handing}). Start that program, or let the rule pass packets without it: ${bypass}`
  }
  if (packet.protocol === 'arp') return arpCause(text, packet.to, where, rule)
  const { device, direction, protocol, isAnswer } = packet
  // What has been translated has another port where it is stopped.
  const translated = text.match(/^dnat=.*(?: to \S*:|--to-ports |--to-destination \S*:)(\d+)/m)?.[1]
  const [side, port] = isAnswer ? ['sport', packet.fromPort] : ['dport', translated ?? packet.toPort]
  const own = isOf6(packet) ? 'ip6tables' : 'iptables'
  const byIptables = (program: string, table: string, chain: string) =>
    `Allow it, now and at boot: ${program}${table === 'filter' ? '' : ` -t ${table}`} -I ${chain} -p ${protocol}` +
    `${port ? ` --${side} ${port}` : ''} -j ACCEPT`
  if (!where) {
    const legacy = [...text.matchAll(/^legacy=(\S+) (\S+)$/gm)]
    const [, table, chain] = legacy.find(([, , name]) => chains[direction].includes(name!)) ?? []
    const which = legacy.length > 0 ? `${own}-legacy` : own
    const usual = { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[direction]
    return `a rule or policy of ${which} stops it. ${byIptables(which, table ?? 'filter', chain ?? usual)}`
  }
  const [family, table, chain] = where.split(' ') as [string, string, string]
  if ((family === 'ip' || family === 'ip6') && text.split('\n').includes(`${own}=${table}`))
    return `the chain ${chain} in the table ${table} of ${own} stops it (${rule}). ${byIptables(own, table, chain)}`
  const [by] =
    family === 'bridge' ? (text.match(new RegExp(`^ebtables(-legacy)?(?==${table}$)`, 'gm'))?.slice(-1) ?? []) : []
  if (by !== undefined) {
    const match = port ? `--ip-proto ${protocol} --ip-${side} ${port}` : `--ip-proto ${protocol}`
    return (
      `the chain ${chain} in the table ${table} of ${by} stops it (${rule}). ` +
      `Allow it, now and at boot: ${by} -t ${table} -I ${chain} -p IPv4 ${match} -j ACCEPT`
    )
  }
  const said = `the nftables chain ${where} stops it (${rule}).`
  const owner = ownerOf(text, where)
  if (table === 'firewalld') {
    const words =
      direction === 'forward'
        ? '--add-forward'
        : port
          ? `--add-port=${port}/${protocol}`
          : `--add-protocol=${protocolName(protocol)}`
    const zone = `"$(firewall-cmd --get-zone-of-interface=${device} 2>/dev/null || firewall-cmd --get-default-zone)"`
    return `${said} Allow it in firewalld's zone of ${device}: firewall-cmd --permanent --zone=${zone} ${words} && firewall-cmd --reload`
  }
  const alone = `${isOf6(packet) ? 'meta l4proto' : 'ip protocol'} ${protocolName(protocol)}`
  const match = port ? `${protocol} ${side} ${port}` : alone
  if (owner)
    return `${said} Its table belongs to the program ${owner}, which alone can change it: have it accept ${match}`
  return `${said} Allow it now, and in the file that loads the table (/etc/nftables.conf?): nft insert rule ${where} ${match} accept`
}

/** @returns the program that alone may change the table of a chain, FAMILY TABLE CHAIN */
const ownerOf = (text: string, where: string): string | undefined =>
  [...text.matchAll(/^owned=(\S+ \S+) (.*)$/gm)].find(([, table]) => where.startsWith(`${table} `))?.[2]

/** @returns the same of ARP for an address, whose answer may be what is stopped */
function arpCause(text: string, address: string, where?: string, rule?: string): string {
  if (!where)
    return `neither it nor its answer is traced. Look at nft list ruleset and arptables -L for what stops ARP for ${address}`
  const [family, table, chain] = where.split(' ')
  const leaves = text.includes(`\nleaving=${where}\n`)
  if (family === 'arp' && table === 'filter' && /^(IN|OUT)PUT$/.test(chain!))
    return (
      `the chain ${chain} of arptables stops it (${rule}). ` +
      `Allow it, now and at boot: arptables -I ${chain} ${leaves ? '-s' : '-d'} ${address} -j ACCEPT`
    )
  const match = family === 'arp' ? `arp ${leaves ? 'saddr' : 'daddr'} ip ${address}` : 'meta protocol arp'
  return `the nftables chain ${where} stops it (${rule}). Allow it now, and in the file that loads the table (/etc/nftables.conf?): nft insert rule ${where} ${match} accept`
}
