import { isIPv6 } from 'node:net'
import { isAddress } from '../conf/addresses.ts'
import type { Statement } from '../conf/statement.ts'
import { within } from '../conf/statement.ts'
import { find, forIPv6, isEmptyList, number, Part, whole } from './facts.ts'
import { addressOptions, isKnown } from './keywords.ts'
import { type Around, groupOf, membersOf, tracked } from './meaning-checks.ts'
import { isOurs, notified } from './meaning-notify.ts'

/** What other facts are made of, and what changes nothing: `state`, as elections follow priorities. */
const understood =
  /^(state|interface|virtual_router_id|priority|advert_int|down_timer_adverts|authentication|virtual_ipaddress|virtual_ipaddress_excluded|nopreempt|preempt|preempt_delay|version|unicast_peer|unicast_src_ip|mcast_src_ip|track_script|track_process|track_interface|dont_track_primary|notify_(master|backup|fault|stop)|notify|smtp_alert|garp_master_(delay|repeat|refresh|refresh_repeat)|skip_check_adv_addr|strict_mode|debug|lvs_sync_daemon_inter?face|native_ipv6|use_vmac|vmac_xmit_base)$/

const isOn = (one: Statement | undefined) => one !== undefined && !/^(off|false|no)$/.test(one.words[1] ?? 'on')

/** @returns what a `vrrp_instance` means */
export function instanceOf(one: Statement, around: Around): Part {
  const { globals } = around
  const { words, block } = one
  const name = words[1] ?? ''
  const word = (keyword: string, place = 1) => find(block, keyword)?.words[place]
  const device = word('interface') ?? find(globals, 'default_interface')?.words[1] ?? 'eth0'
  const id = number(word('virtual_router_id')) ?? '?'
  const [first] = addressesIn(block, 'virtual_ipaddress')
  // One number for IPv4 and one for IPv6 are two.
  const isV6 = isIPv6(first?.words[0]?.split('/')[0] ?? '')
  const part = new Part(`${id} on ${device}${isV6 ? forIPv6 : ''}`, name, one)
  part.begins = word('state')
  const place = (keyword: string) => find(block, keyword) ?? one
  part.say('interface', device, place('interface'))
  part.say('virtual_router_id', id, place('virtual_router_id'))
  part.say('priority', priorityOf(word('priority'), word('state')), place('priority'))
  part.say('advert_int', number(word('advert_int')), place('advert_int'), '1')
  part.say('down_timer_adverts', number(word('down_timer_adverts')), place('down_timer_adverts'), '3')
  const version = word('version') ?? find(globals, 'vrrp_version')?.words[1]
  addresses(part, one, device)
  part.say(
    'version',
    isV6 ? '3' : version,
    find(block, 'version') ?? find(globals, 'vrrp_version') ?? one,
    isV6 ? '3' : '2',
  )
  part.say('nopreempt', find(block, 'nopreempt') && 'yes', place('nopreempt'))
  if (!find(block, 'nopreempt')) part.say('preempt_delay', number(word('preempt_delay')), place('preempt_delay'), '0')
  // VRRP of IPv6 has no password.
  if (!isV6) authentication(part, one)
  adverts(part, one)
  virtualMac(part, one)
  if (canMail(globals) && isOn(find(block, 'smtp_alert') ?? find(globals, 'smtp_alert')))
    part.say('smtp_alert', 'on', place('smtp_alert'))
  for (const [about, standard] of Object.entries(garp))
    part.say(about, number(word(about) ?? find(globals, `vrrp_${about}`)?.words[1]), place(about), standard)
  tracked(part, one, around)
  notified(part, block, { name, globals })
  synced(part, name, around)
  if (isOn(find(block, 'strict_mode') ?? find(globals, 'vrrp_strict'))) part.say('strict', 'yes', place('strict_mode'))
  if (find(block, 'dont_track_primary')) part.say('line dont_track_primary', '', place('dont_track_primary'))
  for (const other of block.filter((each) => !isEmptyList(each)))
    if (!understood.test(other.words[0]!) && isKnown(other.words[0]!, 'vrrp_instance') && !ours(other))
      part.say(`line ${whole(other)}`, '', other)
  return part
}

/** keepalived sends no mail without whom it is for, and a server. */
export const canMail = (globals: readonly Statement[]) =>
  within(globals, 'notification_email').length > 0 && find(globals, 'smtp_server') !== undefined

/** keepalived leaves out what is no number from 1 to 255; where nothing is said, whoever begins as MASTER owns the address. */
const priorityOf = (text: string | undefined, state: string | undefined): string => {
  if (text === undefined) return state === 'MASTER' ? '255' : '100'
  const said = Number(text)
  return said >= 1 && said <= 255 ? String(said) : '100'
}

/** keepalived's defaults. */
const garp = {
  garp_master_delay: '5',
  garp_master_repeat: '5',
  garp_master_refresh: '0',
  garp_master_refresh_repeat: '1',
}

/** The file by which the playbooks put a node on standby. */
const ours = ({ words, block }: Statement) =>
  words[0] === 'track_file' && block.every((one) => one.words[0] === 'standby')

/** keepalived leaves out what is no address. */
const addressesIn = (block: readonly Statement[], keyword: string) =>
  within(block, keyword).filter(({ words }) => isAddress(words[0]!.split('/')[0]))

function addresses(part: Part, { block }: Statement, device: string): void {
  for (const keyword of ['virtual_ipaddress', 'virtual_ipaddress_excluded'] as const)
    for (const line of addressesIn(block, keyword)) {
      const [full] = line.words as [string]
      const [address, prefix] = full.split('/') as [string, string?]
      const about = keyword === 'virtual_ipaddress' ? `address ${address}` : `excluded address ${address}`
      part.say(about, '', line)
      part.say(`prefix of ${address}`, prefix, line, isIPv6(address) ? '128' : '32')
      // keepalived has no label for IPv6.
      for (const [word, value] of addressOptions(line.words))
        if (isIPv6(address) && word === 'label') continue
        else if (word === 'dev') part.say(`interface of ${address}`, value, line, device)
        else part.say(`${word} of ${address}`, value, line)
    }
}

function authentication(part: Part, { block }: Statement): void {
  const inner = within(block, 'authentication')
  const password = find(inner, 'auth_pass')
  const type = find(inner, 'auth_type')
  // Version 3 has none.
  if (!password || part.get('version') === '3') return
  part.say('auth_type', type?.words[1] === 'AH' ? 'AH' : 'PASS', type ?? password, 'PASS')
  part.say('auth_pass', password.words[1]?.slice(0, 8), password)
}

/** keepalived heeds no prefix length there. */
const bare = (address: string | undefined) => address?.split('/')[0]

function adverts(part: Part, { block }: Statement): void {
  const peers = find(block, 'unicast_peer')
  const source = find(block, 'unicast_src_ip')
  const own = bare(source?.words[1])
  const named = (peers?.block ?? [])
    .map((one) => ({ address: bare(one.words[0])!, one }))
    .filter(({ address }) => address !== own)
  // Without a peer it is multicast, whatever the word for the source.
  const isUnicast = named.length > 0
  if (isUnicast) part.say('unicast', 'yes', peers!)
  if (source) part.say(isUnicast ? 'unicast_src_ip' : 'mcast_src_ip', own, source)
  for (const { address, one: peer } of named) {
    part.say(`peer ${address}`, '', peer)
    if (peer.words.length > 1) part.say(`words of peer ${address}`, peer.words.slice(1).join(' '), peer)
  }
  const multicast = find(block, 'mcast_src_ip')
  if (multicast && !isUnicast && !source) part.say('mcast_src_ip', bare(multicast.words[1]), multicast)
}

/** The name of its interface, and where adverts go, are other facts than the MAC itself. */
function virtualMac(part: Part, { block }: Statement): void {
  const vmac = find(block, 'use_vmac')
  if (!vmac) return
  const [, name, hardware] = vmac.words
  part.say('vmac', hardware ?? (name?.includes(':') ? name : 'yes'), vmac)
  if (!name?.includes(':')) part.say('interface of the VMAC', name, vmac, `vrrp.${part.get('virtual_router_id')}`)
  if (!find(block, 'vmac_xmit_base')) part.say('adverts by the VMAC', '', vmac)
}

/** A group of one member is that member. */
function synced(part: Part, name: string, { globals, all }: Around): void {
  const group = groupOf(name, all)
  if (!group) return
  const members = membersOf(group.block)
  const ids = all
    .filter(({ words }) => words[0] === 'vrrp_instance' && members.includes(words[1]!))
    .map(({ block }) => find(block, 'virtual_router_id')?.words[1] ?? '?')
  if (ids.length > 1) part.say('sync group', ids.toSorted().join(', '), group)
  const told = group.block.find((one) => /^notify(_|$)/.test(one.words[0]!) && !isOurs(one))
  if (told && ids.length > 1) part.say('programs of the group', 'yes', told)
  notified(part, group.block, { name: group.words[1] ?? '', kind: 'GROUP', globals })
  if (canMail(globals) && isOn(find(group.block, 'smtp_alert'))) part.say('smtp_alert', 'on', group)
  for (const one of group.block)
    if (
      isKnown(one.words[0]!, 'vrrp_sync_group') &&
      !/^(group|notify|notify_(master|backup|fault|stop)|smtp_alert|track_script|track_process|global_tracking|sync_group_tracking_weight)$/.test(
        one.words[0]!,
      )
    )
      part.say(`group has ${whole(one)}`, '', one)
}
