import { sh } from '../../engine/base/sh.ts'
import { flatten, tagged, tasksOf, type TaskTree } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Host } from '../../inventory/types.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import { kernelModule } from '../kernel-module.ts'
import { inKey, sysctl } from '../sysctl.ts'
import type { Target } from '../target.ts'
import { noOtherSysctls } from './adoption/sysctl-lines.ts'

/** Sorts after 99-sysctl.conf, so that older settings do not win at boot. */
export const bootFile = '/etc/sysctl.d/99-zz-keepalived.conf'

/** What a director needs; the module ip_vs has to be there. */
const directing = {
  // A client that keeps its port would otherwise stay with a real server that has left.
  'net.ipv4.vs.expire_nodest_conn': 1,
  // Connections from another director continue here after a planned move of the VIP.
  'net.ipv4.vs.sloppy_tcp': 1,
}

/** A client that stays with its real server would otherwise do so also while that is drained. */
const persisting = { 'net.ipv4.vs.expire_quiescent_template': 1 }

/** What it needs where answers come back through it. */
const forwarding = (device: string) => ({
  'net.ipv4.ip_forward': 1,
  'net.ipv4.vs.conntrack': 1,
  ...directing,
  // On its own it may be off, and another file may have it so at boot; answers come in by it.
  [`net.ipv4.conf.${inKey(device)}.forwarding`]: 1,
})

/**
 * A host that has the VIP on lo, and is not to answer for it: the director alone does, on its own interface. As director that
 * stands by it takes the clients that another sends to it for its own, and sends none of them on.
 */
function answering(host: Host, { instances }: Target['cluster']): Record<string, number> {
  const ofVips = instances.flatMap(({ vips, interface: own }) => [own, ...vips.map((vip) => vip.interface)])
  const others = [host.second?.interface, ...ofVips]
  const devices = new Set([host.interface, ...others.filter((device) => device !== undefined)])
  const settings = [...devices].map(inKey).flatMap((device): [string, number][] => [
    [`net.ipv4.conf.${device}.arp_ignore`, 1],
    [`net.ipv4.conf.${device}.arp_announce`, 2],
  ])
  return { ...(directs(host) && { 'net.ipv4.vs.backup_only': 1 }), ...Object.fromEntries(settings) }
}

/** Two interfaces in one network, and clients that come in by the one whose answers leave by the other. */
export function twoInterfaces({ interface: first, second }: Host): Record<string, number> {
  const devices = [first, second!.interface].map(inKey)
  const settings = devices.map((device) => [
    // Loose: the source has to be reachable, by whichever interface.
    [`net.ipv4.conf.${device}.rp_filter`, 2],
    // Each address is answered for by its own interface alone.
    [`net.ipv4.conf.${device}.arp_ignore`, 1],
    [`net.ipv4.conf.${device}.arp_announce`, 2],
  ])
  return Object.fromEntries(settings.flat())
}

/** The interface that packets in IP in IP come out of; the kernel module `ipip` brings it. */
export const tunnelDevice = 'tunl0'

/** Unloading the module takes the tunnels of others away. */
const noOtherTunnel = sh`[ "$(ip -o link show type ipip | wc -l)" -le 1 ]`

/** Loose: what comes out of the tunnel is from clients, who are answered by another interface. */
const unpacking = { [`net.ipv4.conf.${tunnelDevice}.rp_filter`]: 2 }

/** The kernel balances connections: its module is loaded, and its settings are those of the level and of the host's role. */
export function ipvs(target: Target, level: Level): TaskTree {
  const { cluster, host } = target
  const { answersDirectly, secondInterface, tunnels } = abilitiesOf(level, cluster)
  const settings: Record<string, number> = {
    ...(directs(host) && (answersDirectly ? directing : forwarding(host.interface))),
    ...(directs(host) && virtualServersOf(cluster).some(({ persistence }) => persistence > 0) && persisting),
    ...(answersDirectly && serves(host) && answering(host, cluster)),
    ...(tunnels && serves(host) && unpacking),
    ...(secondInterface && twoInterfaces(host)),
  }
  if (Object.keys(settings).length === 0) return []
  const tasks = [
    // Without its module net.ipv4.vs.conntrack does not even exist.
    directs(host) ? kernelModule('ip_vs') : [],
    tunnels && serves(host) ? kernelModule('ipip', noOtherTunnel) : [],
    noOtherSysctls(bootFile, settings, target),
    sysctl(bootFile, settings),
  ]
  return tasksOf(flatten(tasks)).map(tagged('ipvs'))
}
