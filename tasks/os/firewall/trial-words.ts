import { type Packet, protocolName } from './firewall.ts'

// What a trial says of a packet that does not get through, read from what its script printed.

/** @returns what gives a packet another source, and what to do about it */
export function translation(text: string): string {
  const [, where, rule] = text.match(/^nat=(\S+ \S+ \S+) (?:rule )?(.*)$/m) ?? []
  const by = where ? `the chain ${where} does that (${rule})` : 'a rule in nat does that'
  return `${by}. Take it out, or narrow it so that it leaves the cluster's network alone`
}

/** The chains of iptables that packets go through, in the order in which they do. */
const chains: Readonly<Record<Packet['direction'], readonly string[]>> = {
  in: ['PREROUTING', 'INPUT'],
  out: ['OUTPUT', 'POSTROUTING'],
  forward: ['PREROUTING', 'FORWARD', 'POSTROUTING'],
}

/** @returns what stops a packet, and how to let it pass, in words */
export function cause(text: string, packet: Packet, device: string): string {
  const [, where, rule] = text.match(/^cause=(\S+ \S+ \S+) (.*)$/m) ?? []
  const { direction, protocol, fromPort = 0, toPort = 0 } = packet
  const [side, port] = toPort > 0 && (fromPort === 0 || toPort < fromPort) ? ['dport', toPort] : ['sport', fromPort]
  const byIptables = (program: string, table: string, chain: string) =>
    `Allow it, now and at boot: ${program}${table === 'filter' ? '' : ` -t ${table}`} -I ${chain} -p ${protocol}` +
    `${port ? ` --${side} ${port}` : ''} -j ACCEPT`
  if (!where) {
    const legacy = [...text.matchAll(/^legacy=(\S+) (\S+)$/gm)]
    const [, table, chain] = legacy.find(([, , name]) => chains[direction].includes(name!)) ?? []
    const which = legacy.length > 0 ? 'iptables-legacy' : 'iptables'
    const usual = { in: 'INPUT', out: 'OUTPUT', forward: 'FORWARD' }[direction]
    return `a rule or policy of ${which} stops it. ${byIptables(which, table ?? 'filter', chain ?? usual)}`
  }
  const [family, table, chain] = where.split(' ') as [string, string, string]
  if (family === 'ip' && text.match(/^iptables=\S+$/gm)?.includes(`iptables=${table}`))
    return `the chain ${chain} in the table ${table} of iptables stops it (${rule}). ${byIptables('iptables', table, chain)}`
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
  const match = port ? `${protocol} ${side} ${port}` : `ip protocol ${protocolName(protocol)}`
  return `${said} Allow it now, and in the file that loads the table (/etc/nftables.conf?): nft insert rule ${where} ${match} accept`
}
