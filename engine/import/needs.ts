import type { Difference } from './compare.ts'

/**
 * What an inventory has no key for, by what a file says. A new key needs a line in a draft-*.ts file that writes it, and
 * then the proof finds no difference there any more; the row here goes.
 */
const needs: readonly [kind: Difference['kind'], about: RegExp, need: string][] = [
  ['instance', /^(address .*:|version$)/, 'an IPv6 virtual IP without one of IPv4'],
  ['instance', /^((excluded )?address|peer of|.* of \d+\.)/, 'values of a virtual IP'],
  ['instance', /^(rank|preempt|preempt_delay|priority beside)/, 'an order of the nodes for each instance'],
  ['instance', /^sync group$/, 'a sync group of some instances'],
  ['instance', /^(vmac|line (vmac_|use_vmac_addr|use_ipvlan))/, 'a virtual MAC of your own, or ipvlan'],
  ['instance', /^group has /, 'lines of a sync group'],
  [
    'instance',
    /^(line track_(file|bfd)|(words|quorum|quorum_max|full_command|param_match) of check process)/,
    'track_file, track_bfd, and track_process with more than a name',
  ],
  ['instance', /^reverse of /, 'checks turned round (reverse)'],
  ['instance', /^track_interface/, 'interfaces that nodes do not share'],
  ['instance', /^group of check/, 'a group that runs checks'],
  ['instance', /^(check|.* of check)/, 'values of checks'],
  ['instance', /^(notify_|user of notify)/, 'notify programs of instances that nodes do not share'],
  ['instance', /^users of notify$/, 'notify programs that several users run'],
  ['instance', /^(words of peer|group of )/, 'rare words'],
  ['instance', /^(unicast|peer)/, 'unicast peers that are no nodes'],
  ['instance', /^mcast_src_ip$/, 'mcast_src_ip that is not the address of the node'],
  ['instance', /^smtp_alert$/, 'mails as they are'],
  ['global', /^block static_/, 'static addresses, routes and rules'],
  ['global', /^line vrrp_mcast_group6/, 'another multicast group of IPv6'],
  ['global', /^(line )?bfd/, 'BFD with times of its own for each node'],
  ['virtual server', /^bfd of/, 'BFD to real servers that are no directors'],
  ['global', /^email/, 'mails as they are'],
  ['global', /^lvs_sync_daemon$/, 'connection sync with NAT at level 2'],
  ['global', /^lvs_timeouts/, 'timeouts of TCP connections'],
  ['virtual server', /^user of /, 'a user of programs of real servers'],
  ['virtual server', /^lvs_method/, 'clients passed on by several methods'],
  ['virtual server', /^(real_server|weight of)/, 'real servers of another network, or of some services alone'],
  ['virtual server', /^(check of .*)/, 'the check of the real servers'],
  ['virtual server', /^(flag|.*threshold of)/, 'rare lines'],
]

/** @returns what an inventory would need to have a key for */
export const needOf = ({ kind, about }: Difference): string =>
  needs.find(([of, pattern]) => of === kind && pattern.test(about))?.[2] ??
  (/^(line|block) /.test(about) ? 'rare lines' : about.split(' ')[0]!)
