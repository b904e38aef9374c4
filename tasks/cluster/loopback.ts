import { sh } from '../../engine/base/sh.ts'
import { barrier, tagged, type Task, type TaskTree, unchanged } from '../../engine/runner/task.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { serves } from '../../inventory/roles.ts'
import { virtualServersOn } from '../../services/virtual-server.ts'
import { service } from '../service.ts'
import type { Target } from '../target.ts'
import { tunnelDevice } from './ipvs.ts'
import { template } from '../template.ts'

const unit = 'virtual-ip-on-lo'

/** What our address of the tunnel is known by. */
export const tunnelLabel = `${tunnelDevice}:vip`

/** The unit that sets the virtual IPs on lo at boot. */
export const loopbackUnit = `/etc/systemd/system/${unit}.service`

/**
 * Real servers that answer clients directly have the virtual IPs on lo, now and at boot. What keeps them from answering ARP
 * for these is set before (`ipvs`), and directors send nobody to a host that does not have them yet.
 */
export function virtualIpOnLoopback({ cluster, host }: Target, level: Level): TaskTree {
  const { answersDirectly, tunnels } = abilitiesOf(level, cluster)
  if (!answersDirectly) return []
  const vips = [...new Set(virtualServersOn(cluster, host).map(({ address }) => address))]
  const own = [
    template(loopbackUnit, `${unit}.service`, {
      vips,
      label: 'lo:vip',
      tunnel: tunnels && { device: tunnelDevice, label: tunnelLabel, address: host.address },
    }),
    service(unit, { restartOn: [loopbackUnit], unitFiles: [loopbackUnit] }),
    live(vips),
    ...(tunnels ? [tunnelIsUp(host.address)] : []),
  ].map(tagged('ipvs'))
  return [serves(host) ? own : [], barrier]
}

/** Somebody may have taken them away, and the unit does not notice. */
const live = (vips: readonly string[]): Task => ({
  name: `lo has ${vips.join(' and ')}`,
  probe: sh`ip -o -4 address show dev lo`,
  plan: ({ text }, planned) => {
    const there = vips.filter((vip) => text.includes(` inet ${vip}/`))
    if (there.length === vips.length || planned.changes(loopbackUnit)) return unchanged()
    const before = there.join('\n')
    return { before, after: vips.join('\n'), apply: sh`systemctl restart ${unit}`, undo: sh`true` }
  },
})

const tunnelIsUp = (address: string): Task => ({
  name: `${tunnelDevice} is up with ${address}`,
  probe: sh`ip -o -4 address show dev ${tunnelDevice} up to ${address}`,
  plan: ({ text }, planned) =>
    text !== '' || planned.changes(loopbackUnit)
      ? unchanged()
      : { before: '', after: `${tunnelDevice} is up`, apply: sh`systemctl restart ${unit}`, undo: sh`true` },
})
