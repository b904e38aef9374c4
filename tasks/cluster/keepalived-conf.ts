import { isIPv6 } from 'node:net'
import type { Facts } from '../../engine/runner/facts.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { preemptDelayOf, preempts, priorityIn } from '../../inventory/priority.ts'
import { directs, othersOf, serves } from '../../inventory/roles.ts'
import type { Cluster, Host, Instance, Vip } from '../../inventory/types.ts'
import { servicesOf } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import { realServersOf, type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import { osOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { render } from '../template.ts'
import { advertAddress, advertsAreOf6 } from './advert-ways.ts'
import { vrrpScripts } from './checks.ts'
import { drainScriptOf } from './drain-check.ts'

/** Where keepalived reads its configuration. */
export const keepalivedConf = '/etc/keepalived/keepalived.conf'

/** The key of the task that writes it. */
export const confKey = `file ${keepalivedConf}`

/** @returns the notify script that writes the state lines for the cluster check; the article's, where it is not known for which host */
export const notifyScriptOf = (facts?: Facts): string =>
  `${facts ? osOf(facts).scripts : '/etc/keepalived'}/keepalived-notify.sh`

/** The standby file: 1 if another node is to hold the VIP instead of this one, else 0. */
export const standbyFile = '/etc/keepalived/standby'

/**
 * The drain file of a node: 1 if it is drained, else 0. Every node has such a file for each node, since each may become
 * director. Like `standbyFile` it survives restarts, reboots and playbook runs.
 */
export const drainFile = (node: string): string => `${drainFolder}/${node}`
export const drainFolder = '/etc/keepalived/drain'

/** @returns keepalived.conf of a node at a level */
export function configuration(
  { cluster, host, hosts, facts }: Pick<Target, 'cluster' | 'host' | 'hosts'> & Partial<Pick<Target, 'facts'>>,
  level: Level,
  services: readonly Service[] = servicesOf(cluster),
): string {
  const can = abilitiesOf(level, cluster)
  const [directors, realServers] = [hosts.filter(directs), hosts.filter(serves)]
  const checked = can.balances ? [] : services
  const instances = cluster.instances.map((instance) => ({
    ...instanceOf(instance, { cluster, host, hosts }),
    scripts: vrrpScripts(cluster, host, checked, instance),
  }))
  const drainScript = facts && drainScriptOf(facts)
  return render('keepalived.conf', {
    ...{ cluster, host, directors, realServers, level, can, drainFile, standbyFile },
    own: linesFor(cluster, host),
    notifyScript: notifyScriptOf(facts),
    drainScript,
    virtualServers: virtualServersOf(cluster, services).map((server) => ({
      ...server,
      realServers: realServersOf(server, hosts),
    })),
    instances,
    scripts: [...new Map(instances.flatMap(({ scripts }) => scripts).map((one) => [one.name, one])).values()],
    virtualServerLines: (server: VirtualServer) => virtualServerLines(cluster, server),
    realServerLines: realServerLines(cluster, drainScript !== undefined),
    watched: watchedBy(host, { cluster, hosts, level }),
    check: (real: Host, server: VirtualServer) => checkOf(cluster, real, server, can.secondInterface),
  })
}

/** @returns the lines of a host that are the user's own */
export const linesFor = ({ keepalived }: Pick<Cluster, 'keepalived'>, host: Pick<Host, 'keepalived'>) => ({
  ...keepalived,
  ...host.keepalived,
})

/** @returns the nodes that a director watches by BFD, and how it calls that; keepalived takes 31 characters */
export function watchedBy(
  host: Host,
  { cluster, hosts, level }: { cluster: Cluster; hosts: readonly Host[]; level: Level },
): { peer: Host; name: string }[] {
  const watches = cluster.bfd !== undefined && abilitiesOf(level, cluster).balances && directs(host)
  const others = watches ? othersOf(host, hosts).filter(directs) : []
  return others.map((peer) => ({ peer, name: `bfd_${hosts.indexOf(peer) + 1}` }))
}

/** @returns the interface that the addresses of an instance are on where they have the virtual MAC: keepalived's own name for it */
export const vmacOf = (instance: Pick<Instance, 'virtual_router_id' | 'vips'>): string =>
  `vrrp${advertsAreOf6(instance) ? '6' : ''}.${instance.virtual_router_id}`

/** @returns an instance as its block says it on a host */
function instanceOf(instance: Instance, { cluster, host, hosts }: Pick<Target, 'cluster' | 'host' | 'hosts'>) {
  const { name, virtual_router_id, vips } = instance
  const device = instance.interface ?? host.interface
  const line = ({ address, prefix, label, ...more }: Vip) =>
    [
      prefix === (isIPv6(address) ? 128 : 32) ? address : `${address}/${prefix}`,
      ...(more.interface === undefined ? [] : [`dev ${more.interface}`]),
      ...(label === undefined ? [] : [`label ${label}`]),
    ].join(' ')
  return {
    ...{ name, virtual_router_id },
    advert_int: instance.advert_int ?? cluster.advert_int,
    interface: device,
    vmac: vmacOf(instance),
    v6: advertsAreOf6(instance),
    garp: garpLines(instance.garp ?? cluster.garp),
    notify: instance.notify ?? host.notify ?? cluster.notify,
    track_interfaces: instance.track_interfaces ?? cluster.track_interfaces,
    unicast: hosts.filter(directs).map((one) => ({ name: one.name, address: advertAddress(instance, one) })),
    lines: instance.keepalived ?? linesFor(cluster, host).instance,
    priority: priorityIn(instance, host, hosts),
    preempt_delay: preempts(cluster, instance) ? preemptDelayOf(cluster, host) : undefined,
    addresses: vips.filter(({ excluded }) => !excluded).map(line),
    excluded: vips.filter(({ excluded }) => excluded).map(line),
  }
}

/** @returns what differs from keepalived's own defaults, which say nothing */
function garpLines(garp: NonNullable<Instance['garp']>): [directive: string, value: number][] {
  const all: [directive: string, value: number, own: number][] = [
    ['garp_master_delay', garp.delay, 5],
    ['garp_master_repeat', garp.repeat, 5],
    ['garp_master_refresh', garp.refresh, 0],
    ['garp_master_refresh_repeat', garp.refresh_repeat, 1],
  ]
  return all.flatMap(([directive, value, own]) => (value === own ? [] : [[directive, value]]))
}

/** @returns lines of every virtual server; what is keepalived's own default is left out */
function virtualServerLines({ balancing }: Cluster, { port, persistence }: VirtualServer): string[] {
  const { alpha, omega, quorum, sorry_server: sorry } = balancing
  return [
    ...(persistence > 0 ? [`persistence_timeout ${persistence}`] : []),
    ...(alpha ? ['alpha'] : []),
    ...(omega ? ['omega'] : []),
    ...(quorum.weight > 1 ? [`quorum ${quorum.weight}`] : []),
    ...(quorum.hysteresis > 0 ? [`hysteresis ${quorum.hysteresis}`] : []),
    ...(quorum.up ? [`quorum_up "${quorum.up}" root`] : []),
    ...(quorum.down ? [`quorum_down "${quorum.down}" root`] : []),
    ...(sorry ? [`sorry_server ${sorry.address} ${sorry.port ?? port}`] : []),
  ]
}

/** @returns the block by which directors know that a real server works */
function checkOf(
  { health_check: { timeout, retries, retry_delay } }: Cluster,
  { address }: Host,
  { realPort, check }: VirtualServer,
  elsewhere: boolean,
): { type: string; lines: string[] } {
  const common = [`retry ${retries}`, `delay_before_retry ${retry_delay}`, 'warmup 0']
  if ('program' in check) {
    const program = `misc_path "${check.program} ${address} ${realPort}"`
    return { type: 'MISC_CHECK', lines: [program, `misc_timeout ${timeout}`, 'user nobody', ...common] }
  }
  const place = elsewhere ? [`connect_ip ${address}`] : []
  return { type: check.type, lines: [...check.lines, ...place, `connect_timeout ${timeout}`, ...common] }
}

/** @returns lines of every real server */
function realServerLines({ balancing }: Cluster, inhibits: boolean): string[] {
  const { inhibit_on_failure: inhibit, real_server_up: up, real_server_down: down } = balancing
  return [
    ...(inhibit || inhibits ? ['inhibit_on_failure'] : []),
    ...(up ? [`notify_up "${up}" root`] : []),
    ...(down ? [`notify_down "${down}" root`] : []),
  ]
}
