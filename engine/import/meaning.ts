import { plainStatements } from '../conf/addresses.ts'
import type { Statement } from '../conf/statement.ts'
import { isKnown } from './keywords.ts'
import { find, isEmptyList, type Meaning, number, Part, whole } from './facts.ts'
import { canMail, instanceOf } from './meaning-instance.ts'
import { virtualServersOf } from './meaning-ipvs.ts'

/**
 * @param read from the files of a node
 * @param own the node's addresses, as far as they are known
 * @returns what they mean, with keepalived's defaults left out
 */
export function meaningOf(read: readonly Statement[], own: readonly string[] = []): Meaning {
  const statements = plainStatements(read)
  const globals = statements.filter(({ words }) => words[0] === 'global_defs').flatMap(({ block }) => block)
  const virtualServers = virtualServersOf(statements)
  const instances = statements
    .filter(({ words }) => words[0] === 'vrrp_instance')
    .filter(({ words }, place, all) => all.findIndex((one) => one.words[1] === words[1]) === place)
    .map((one) => instanceOf(one, { globals, all: statements, own }))
  const syncsConnections = virtualServers.length > 0 && instances.length > 0
  const isTold =
    instances.some((one) => one.get('smtp_alert')) || (virtualServers.length > 0 && !find(globals, 'no_checker_emails'))
  const global = globalOf(globals, { isTold, syncsConnections })
  global.statements = statements.filter(
    (one) => !understood.test(one.words[0]!) && isKnown(one.words[0]!, '') && !isEmptyList(one),
  )
  for (const one of global.statements) global.say(`block ${whole(one)}`, '', one)
  for (const one of statements) if (one.words[0] === 'bfd_instance') watching(global, one)
  const daemon = statements
    .flatMap(({ block }) => block)
    .find(({ words }) => /^lvs_sync_daemon_inter?face$/.test(words[0]!))
  if (daemon && syncsConnections) global.say('lvs_sync_daemon', daemon.words[1], daemon)
  return { global, instances, virtualServers }
}

/** How a node is watched by BFD; whether that matters to its pools is said by their checks. */
function watching(part: Part, one: Statement): void {
  const { block } = one
  const value = (keyword: string, standard: string) => number(find(block, keyword)?.words[1]) ?? standard
  const times = [value('min_rx', '10'), value('min_tx', '10'), value('multiplier', '5')].join(' ')
  part.say(`bfd to ${find(block, 'neighbor_ip', 'neighbour_ip')?.words[1] ?? '?'}`, times, one)
  for (const line of block)
    if (!/^(neighbou?r_ip|source_ip|min_rx|min_tx|multiplier|checker)$/.test(line.words[0]!))
      part.say(`line bfd_instance ${whole(line)}`, '', line)
}

/** Statements of the top level that parts are made of, or that change nothing of what a cluster does. */
const understood =
  /^(global_defs|vrrp_instance|vrrp_script|vrrp_sync_group|virtual_server|virtual_server_group|(vrrp_)?track_file|(vrrp_)?track_process|bfd_instance|use_pid_dir|child_wait_time)$/

/** What says nothing of who answers, and what other facts are made of. */
const silent =
  /^(router_id|lvs_id|enable_script_security|script_user|default_interface|vrrp_version|vrrp_garp_master_|notification_email|smtp_|no_email_faults|no_checker_emails|vrrp_skip_check_adv_addr|vrrp_strict|vrrp_gna_interval|vrrp_iptables|vrrp_ipsets|enable_snmp_|enable_traps|enable_dbus|snmp_socket|(vrrp_|checker_|bfd_)?process_names?$|log_unknown_vrids|checker_log_all_failures|vrrp_garp_interval|vrrp_startup_delay|lvs_timeouts|lvs_sync_daemon|vrrp_mcast_group4$)/

function globalOf(
  globals: readonly Statement[],
  { isTold, syncsConnections }: Record<'isTold' | 'syncsConnections', boolean>,
) {
  const part = new Part('global', 'global_defs', globals[0] ?? { file: '', line: 1, column: 1 })
  const say = (about: string, keyword: string, standard?: string, scale = 1) => {
    const one = find(globals, keyword)
    const value = number(one?.words[1])
    if (one) part.say(about, scale === 1 ? value : String(Number(value) * scale), one, standard)
  }
  say('startup_delay', 'vrrp_startup_delay', '0')
  say('garp interval_ms', 'vrrp_garp_interval', '0', 1000)
  const snmp = globals.find(({ words }) => words[0]!.startsWith('enable_snmp'))
  if (snmp) part.say('snmp', 'yes', snmp)
  const group = find(globals, 'vrrp_mcast_group4')
  if (group) part.say('mcast_group', group.words[1], group, '224.0.0.18')
  const timeouts = find(globals, 'lvs_timeouts')
  for (const [place, word] of (timeouts?.words ?? []).entries())
    if (/^(tcp|tcpfin|udp)$/.test(word)) part.say(`lvs_timeouts ${word}`, timeouts!.words[place + 1], timeouts!)
  const daemon = find(globals, 'lvs_sync_daemon')
  if (daemon && syncsConnections) part.say('lvs_sync_daemon', daemon.words[1], daemon)
  const to = find(globals, 'notification_email')?.block.flatMap((one) => one.words.map((word) => [word, one] as const))
  if (to && to.length > 0 && isTold && canMail(globals)) {
    for (const [address, one] of to) part.say(`email to ${address}`, '', one)
    say('email from', 'notification_email_from')
    const server = find(globals, 'smtp_server')
    if (server) part.say('email server', server.words[1]?.replace(/^localhost$/, '127.0.0.1'), server)
    if (server) part.say('email port', server.words[2], server, '25')
    say('email timeout', 'smtp_connect_timeout', '30')
    say('email helo', 'smtp_helo_name')
  }
  for (const one of globals)
    if (!silent.test(one.words[0]!) && isKnown(one.words[0]!, 'global_defs')) part.say(`line ${whole(one)}`, '', one)
  return part
}
