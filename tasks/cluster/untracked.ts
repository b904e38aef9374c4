import { sh } from '../../engine/base/sh.ts'
import type { Task } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { ruleName, virtualServersOf } from '../../services/virtual-server.ts'
import type { Untracked } from '../os/firewall/firewall.ts'
import { osOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { othersOf } from './firewall.ts'
import { keepalivedConf } from './keepalived-conf.ts'
import { secondOf } from './routes.ts'

/**
 * Connection tracking leaves alone what IPVS balances at level 3. Each node is director and real server: to connection
 * tracking, a connection that goes on by another director after a move of the VIP looks like two with the same answers, and
 * it drops one. Level 2 needs it for the source of its connections, so these rules come after keepalived's configuration,
 * and go before it.
 */
export const untracked = ({ cluster, host, hosts }: Target, level: Level): Untracked[] =>
  virtualServersOf(cluster).flatMap((server) => {
    const protocol = server.protocol.toLowerCase()
    const { port } = server
    const second = secondOf(host)
    // What a node asks its own service or the VIP stays known: rules of others may have translated it.
    const vip = `${cluster.vip}/32`
    const when = sh`grep -qs ${`^# Written by keepalived-playbooks for level ${level};`} ${keepalivedConf}`
    const rule = (name: string, more: Omit<Untracked, 'name' | 'protocol' | 'when'>): Untracked => ({
      name: `untracked-${name}-${ruleName(server.name)}`,
      protocol,
      when,
      ...more,
    })
    return [
      rule('questions', { untracked: 'in', interface: host.interface, to: vip, toPort: port }),
      rule('balanced', { untracked: 'in', interface: second.interface, to: `${second.address}/32`, toPort: port }),
      rule('answers', { untracked: 'out', from: `${second.address}/32`, fromPort: port, except: vip }),
      ...othersOf(host, hosts).map((other) =>
        rule(`answers-of-${other.name}`, {
          untracked: 'in',
          interface: host.interface,
          from: `${secondOf(other).address}/32`,
          fromPort: port,
          except: vip,
        }),
      ),
    ]
  })

/** Whether connection tracking knows what IPVS balances is as the level needs it. */
export const connectionTracking = (target: Target, level: Level): Task =>
  osOf(target.facts).firewall.untracking(abilitiesOf(level).keepsClients ? untracked(target, level) : [])
