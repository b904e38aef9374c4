import type { Task } from '../../engine/runner/task.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Accept, Rule } from '../os/firewall/firewall.ts'
import { osOf } from '../os/os.ts'
import type { Target } from '../target.ts'

/** VRRP adverts may come and go (article, preparation). 112 is VRRP's protocol number, with or without /etc/protocols. */
export const allowVrrp = ({ host }: Target): Rule[] => {
  const vrrp = { interface: host.interface, protocol: '112', to: '224.0.0.18/32' }
  return [
    { name: 'vrrp-in', accept: 'in', ...vrrp },
    { name: 'vrrp-out', accept: 'out', ...vrrp },
  ]
}

/** Connection sync: the holder sends open connections to the others by multicast (keepalived's `lvs_sync_daemon`). */
export const allowSync = ({ host }: Target): Rule[] => {
  const sync = { interface: host.interface, protocol: 'udp', to: '224.0.0.81/32', toPort: 8848 }
  return [
    { name: 'sync-in', accept: 'in', ...sync },
    { name: 'sync-out', accept: 'out', ...sync },
  ]
}

/**
 * Answers of the real servers pass through the director, so it must forward them, even if it forwards nothing else.
 * Connection tracking would match them better, but must stay off: a connection that continues through another director
 * after a move of the VIP looks like two connections with the same answers, and it drops one.
 */
export const allowAnswers = ({ cluster, host }: Target): Rule[] =>
  virtualServersOf(cluster).map(({ protocol, port }): Accept => ({
    name: `answers-${protocol.toLowerCase()}`,
    accept: 'forward',
    interface: host.interface,
    protocol: protocol.toLowerCase(),
    from: cluster.network,
    fromPort: port,
  }))

/**
 * Balanced connections reach the real servers from the VIP, so that answers come back to the director (article,
 * level 2). Matching what IPVS sends, and no more, keeps the node's own connections as they are.
 */
export const snat = ({ cluster }: Target): Rule[] => [
  {
    name: 'snat',
    virtualServer: { address: cluster.vip, port: cluster.service.port },
    protocols: ['tcp', 'udp'],
    source: cluster.vip,
  },
]

/** These rules hold, by the firewall of the host's family. */
export const firewall = (target: Target, ...sets: ((target: Target) => Rule[])[]): Task[] =>
  osOf(target.facts).firewall.tasks(sets.flatMap((rulesOf) => rulesOf(target)))
