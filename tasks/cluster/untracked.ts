import { sh } from '../../engine/base/sh.ts'
import { tagged, type Task } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, othersOf } from '../../inventory/roles.ts'
import { isServedBy } from '../../services/service.ts'
import { realServersOf, ruleName, type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'
import type { Untracked } from '../os/firewall/firewall.ts'
import { firewallOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { tunnelDevice } from './ipvs.ts'
import { keepalivedConf } from './keepalived-conf.ts'
import { secondOf } from './second-interface.ts'

/**
 * Connection tracking leaves alone what IPVS balances where nodes see their clients. Each node is director and real server:
 * to connection tracking, a connection that goes on by another director after a move of the VIP looks like two with the same
 * answers, and it drops one. Where real servers answer directly, a director sees half of each connection. Level 2 by NAT
 * needs it for the source of its connections, so these rules come after keepalived's configuration, and go before it.
 */
export const untracked = (target: Target, level: Level): Untracked[] => {
  const { cluster, host } = target
  const { keepsClients, answersDirectly, tunnels } = abilitiesOf(level, cluster)
  if (!keepsClients || !directs(host)) return []
  const when = sh`grep -qs ${`^# Written by keepalived-playbooks for level ${level};`} ${keepalivedConf}`
  return virtualServersOf(cluster).flatMap((server) => {
    const rule: RuleOf = (name, more) => ({
      name: `untracked-${name}-${ruleName(server.name)}`,
      protocol: server.protocol.toLowerCase(),
      when,
      ...more,
    })
    // What a node asks its own service or the VIP stays known: rules of others may have translated it.
    const [vip, toPort] = [`${server.address}/32`, server.port]
    return [
      rule('questions', { untracked: 'in', interface: server.interface ?? host.interface, to: vip, toPort }),
      ...(tunnels && isServedBy(server.service, host)
        ? [rule('unpacked', { untracked: 'in', interface: tunnelDevice, to: vip, toPort })]
        : []),
      ...(answersDirectly
        ? [rule('answers', { untracked: 'out', from: vip, fromPort: server.port, except: vip })]
        : bySecondInterface(target, server, rule)),
    ]
  })
}

type RuleOf = (name: string, more: Omit<Untracked, 'name' | 'protocol' | 'when'>) => Untracked

function bySecondInterface({ cluster, host, hosts }: Target, server: VirtualServer, rule: RuleOf): Untracked[] {
  const second = secondOf(host)
  const { port } = server
  const except = `${cluster.vip}/32`
  return [
    rule('balanced', { untracked: 'in', interface: second.interface, to: `${second.address}/32`, toPort: port }),
    rule('answers', { untracked: 'out', from: `${second.address}/32`, fromPort: port, except }),
    ...othersOf(host, realServersOf(server, hosts)).map((other) =>
      rule(`answers-of-${other.name}`, {
        untracked: 'in',
        interface: host.interface,
        from: `${secondOf(other).address}/32`,
        fromPort: port,
        except,
      }),
    ),
  ]
}

/** Whether connection tracking knows what IPVS balances is as the level needs it. */
export const connectionTracking = (target: Target, level: Level): Task =>
  tagged('firewall')(firewallOf(target).untracking(untracked(target, level)))
