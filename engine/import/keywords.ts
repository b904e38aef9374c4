import { didYouMean } from '../base/suggest.ts'
import { isAddress, isNowhere } from '../conf/addresses.ts'
import type { Statement } from '../conf/statement.ts'

const list = (words: string) => words.trim().split(/\s+/)

const notifying = list(
  'notify_master notify_backup notify_fault notify_stop notify_deleted notify notify_priority_changes smtp_alert',
)
const tracking = list('track_interface track_script track_file track_process track_bfd')
const timing = list('alpha connect_timeout retry delay_before_retry warmup delay_loop')
const check = [
  ...timing,
  ...list('connect_ip connect_port bindto bind_if bind_port fwmark log_all_failures nb_get_retry'),
]
const web = [...check, ...list('http_protocol fast_recovery enable_sni virtualhost url')]

/** The keywords of each block whose lines begin with one (keepalived.conf(5), and those that it keeps for older files). */
const keywords: Readonly<Record<string, readonly string[]>> = {
  '': list(`global_defs vrrp_instance vrrp_script vrrp_sync_group vrrp_track_process track_process vrrp_track_file
    track_file virtual_server virtual_server_group static_ipaddress static_routes static_rules bfd_instance garp_group
    track_group net_namespace net_namespace_ipvs namespace_with_ipsets instance use_pid_dir linkbeat_use_polling
    child_wait_time include includer includem includew includeb includea interface_up_down_delays SSL`),
  global_defs: list(`tmp_config_directory config_save_dir process_names process_name vrrp_process_name
    checker_process_name bfd_process_name startup_script startup_script_timeout shutdown_script
    shutdown_script_timeout notification_email notification_email_from smtp_server smtp_helo_name
    smtp_connect_timeout smtp_alert smtp_alert_vrrp smtp_alert_checker checker_log_all_failures no_email_faults
    router_id vrrp_mcast_group4 vrrp_mcast_group6 default_interface lvs_sync_daemon lvs_timeouts lvs_flush
    lvs_flush_on_stop lvs_flush_onstop vrrp_garp_master_delay vrrp_garp_master_repeat vrrp_garp_lower_prio_delay
    vrrp_down_timer_adverts vrrp_garp_lower_prio_repeat vrrp_garp_master_refresh vrrp_garp_master_refresh_repeat
    vrrp_garp_interval vrrp_gna_interval vrrp_min_garp vrrp_garp_extra_if vrrp_lower_prio_no_advert
    vrrp_higher_prio_send_advert vrrp_version nftables nftables_priority nftables_counters nftables_ifindex
    nftables_ipvs nftables_ipvs_priority nftables_ipvs_start_fwmark vrrp_iptables vrrp_ipsets
    vrrp_check_unicast_src vrrp_skip_check_adv_addr vrrp_strict vrrp_notify_priority_changes max_auto_priority
    min_auto_priority_delay vrrp_priority checker_priority bfd_priority vrrp_no_swap checker_no_swap bfd_no_swap
    vrrp_cpu_affinity checker_cpu_affinity bfd_cpu_affinity vrrp_rt_priority checker_rt_priority bfd_rt_priority
    vrrp_rlimit_rttime checker_rlimit_rttime bfd_rlimit_rttime vrrp_rlimit_rtime checker_rlimit_rtime
    bfd_rlimit_rtime snmp_socket enable_snmp_vrrp enable_snmp_keepalived enable_snmp_checker enable_snmp_rfc
    enable_snmp_rfcv2 enable_snmp_rfcv3 enable_traps enable_dbus dbus_service_name dbus_no_interface_name
    script_user enable_script_security notify_fifo notify_fifo_script vrrp_notify_fifo vrrp_notify_fifo_script
    lvs_notify_fifo lvs_notify_fifo_script fifo_write_vrrp_states_on_reload dynamic_interfaces
    vrrp_netlink_cmd_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_monitor_rcv_bufs
    vrrp_netlink_monitor_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_netlink_cmd_rcv_bufs_force
    lvs_netlink_monitor_rcv_bufs lvs_netlink_monitor_rcv_bufs_force process_monitor_rcv_bufs
    process_monitor_rcv_bufs_force vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier rs_init_notifies no_checker_emails
    umask vrrp_startup_delay log_unknown_vrids vmac_prefix vmac_addr_prefix random_seed reload_check_config
    include_check reload_time_file reload_repeat reload_file data_use_instance linkbeat_use_polling
    linkbeat_interfaces use_symlink_paths disable_local_igmp state_dump_file stats_dump_file json_version
    json_dump_file iproute_usr_dir iproute_etc_dir net_namespace net_namespace_ipvs instance
    use_pid_dir`),
  vrrp_script: list('script interval timeout weight rise fall user init_fail'),
  vrrp_track_process: list(
    'process weight quorum quorum_max fork_delay terminate_delay delay full_command param_match',
  ),
  vrrp_track_file: list('file weight init_file'),
  vrrp_sync_group: [...notifying, ...tracking, ...list('group global_tracking sync_group_tracking_weight')],
  vrrp_instance: [
    ...notifying,
    ...tracking,
    ...list(`state interface vrf use_vmac use_vmac_addr vmac_xmit_base use_ipvlan native_ipv6 dont_track_primary
    mcast_src_ip unicast_src_ip mcast_dst_ip track_src_ip version check_unicast_src unicast_peer
    unicast_fault_no_peer unicast_ttl old_unicast_checksum garp_master_delay garp_master_repeat
    garp_lower_prio_delay garp_lower_prio_repeat garp_master_refresh garp_master_refresh_repeat garp_extra_if
    down_timer_adverts lower_prio_no_advert higher_prio_send_advert virtual_router_id priority advert_int
    authentication virtual_ipaddress virtual_ipaddress_excluded promote_secondaries virtual_routes virtual_rules
    accept no_accept nopreempt preempt preempt_delay skip_check_adv_addr strict_mode debug
    notify_master_rx_lower_pri kernel_rx_buf_size linkbeat_use_polling lvs_sync_daemon_interface vmac_addr`),
  ],
  authentication: list('auth_type auth_pass'),
  virtual_server: [
    ...timing,
    ...list(`lvs_sched lb_algo flag-1 flag-2 flag-3 sh-port sh-fallback mh-port mh-fallback ops lvs_method lb_kind
    persistence_engine persistence_timeout persistence_granularity protocol ha_suspend smtp_alert virtualhost
    snmp_name omega quorum hysteresis quorum_up quorum_down ip_family sorry_server sorry_server_inhibit
    sorry_server_lvs_method inhibit_on_failure real_server`),
  ],
  real_server: [
    ...timing,
    ...list(`weight lvs_method notify_up notify_down uthreshold lthreshold smtp_alert virtualhost snmp_name
    inhibit_on_failure HTTP_GET SSL_GET TCP_CHECK SMTP_CHECK DNS_CHECK MISC_CHECK BFD_CHECK PING_CHECK UDP_CHECK
    FILE_CHECK`),
  ],
  TCP_CHECK: check,
  HTTP_GET: web,
  SSL_GET: web,
  url: list(`path digest status_code virtualhost regex regex_no_match regex_options regex_stack regex_min_offset
    regex_max_offset tls_compliant`),
  SMTP_CHECK: [...check, ...list('helo_name host')],
  DNS_CHECK: [...check, ...list('type name')],
  MISC_CHECK: [...timing, ...list('misc_path misc_timeout misc_dynamic user log_all_failures')],
  PING_CHECK: check,
  UDP_CHECK: [...check, ...list('payload require_reply min_reply_length max_reply_length')],
}
const aliases: Readonly<Record<string, string>> = {
  track_process: 'vrrp_track_process',
  track_file: 'vrrp_track_file',
}

/** Schedulers that keepalived knows, and its ways to pass clients on. */
export const schedulers = /^(rr|wrr|lc|wlc|lblc|lblcr|sh|mh|dh|fo|ovf|sed|nq|twos)$/
export const methods: readonly string[] = ['NAT', 'DR', 'TUN']

/** Words that older versions had, with what has taken their place. */
export const obsolete: Readonly<Record<string, string>> = {
  lvs_id: 'router_id',
  nat_mask: 'nothing: take the line out',
  net_mask: 'nothing: take the line out',
  lvs_sync_daemon_inteface: 'lvs_sync_daemon in global_defs',
  lvs_sync_daemon_interface: 'lvs_sync_daemon in global_defs',
}

/** @returns whether a block has the keyword; keepalived leaves out lines whose keyword it does not know */
export const isKnown = (word: string, inside: string): boolean => keywords[inside]?.includes(word) ?? true

/** @returns whether a word begins lines of a block */
export const isKeyword = (word: string, inside: string): boolean => keywords[inside]?.includes(word) ?? false

/** Words that may stand behind an address: with one word after them, and alone. */
const addressWords = {
  valued: list('dev brd broadcast label scope peer preferred_lft track_group use_vmac'),
  alone: list('home -nodad mngtmpaddr noprefixroute autojoin no_track'),
}

/** @returns what stands behind an address, each word with its value or nothing; keepalived leaves out words that it does not know */
export const addressOptions = ([, ...words]: readonly string[]): [word: string, value: string][] =>
  words.flatMap((word, place): [string, string][] => {
    if (addressWords.valued.includes(words[place - 1] ?? '')) return []
    if (addressWords.valued.includes(word)) return [[word, words[place + 1] ?? '']]
    return addressWords.alone.includes(word) ? [[word, '']] : []
  })

function unknownOfAddress(statement: Statement): Unknown[] {
  const { valued, alone } = addressWords
  const [address, ...words] = statement.words as [string, ...string[]]
  if (!isAddress(address.split('/')[0])) return [{ statement, word: address, meant: '' }]
  return words
    .filter((word, place) => ![...valued, ...alone].includes(word) && !valued.includes(words[place - 1] ?? ''))
    .map((word) => ({ statement, word, meant: didYouMean(word, [...valued, ...alone]) }))
}

const unknownPeer = (statement: Statement): Unknown[] =>
  isAddress(statement.words[0]?.split('/')[0]) ? [] : [{ statement, word: statement.words[0]!, meant: '' }]

/** keepalived takes one script of a line. */
const unknownOfScript = (statement: Statement): Unknown[] =>
  statement.words
    .slice(1)
    .filter((word) => !/^(weight|reverse|no_?reverse|-?\d+)$/.test(word))
    .map((word) => ({ statement, word, meant: '' }))

/** @returns statements without what keepalived leaves out, also in their blocks; it heeds no protocol of a mark */
export const heeded = (statements: readonly Statement[], inside = ''): Statement[] =>
  statements
    .filter(({ words }) => isKnown(words[0]!, inside))
    .map((one) => {
      const block = heeded(one.block, one.words[0])
      return { ...one, block: one.words[1] === 'fwmark' ? block.filter(({ words }) => words[0] !== 'protocol') : block }
    })

/** A word that its block does not know, with ` (did you mean …?)` or nothing. */
interface Unknown {
  statement: Statement
  word: string
  meant: string
}

/** @returns every word that keepalived leaves out, with what stands behind it */
export function unknownWords(block: readonly Statement[], inside = ''): Unknown[] {
  if (inside.startsWith('virtual_ipaddress')) return block.flatMap(unknownOfAddress)
  if (inside === 'unicast_peer') return block.flatMap(unknownPeer)
  if (inside === 'track_script') return block.flatMap(unknownOfScript)
  const known = keywords[inside]
  // Lists, as of addresses, begin with no keyword.
  if (!known) return []
  return block.flatMap((statement) => {
    const [word] = statement.words as [string]
    if (!known.includes(word)) return [{ statement, word, meant: didYouMean(word, known) }]
    if (isNowhere(statement)) return [{ statement, word: statement.words.join(' '), meant: '' }]
    return unknownWords(statement.block, (inside === '' ? aliases[word] : undefined) ?? word)
  })
}
