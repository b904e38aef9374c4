import { sh } from '../../base/sh.ts'
import { servicesOf, unitsOf } from '../../../services/all.ts'
import type { ClusterControl } from '../control.ts'
import { holdsAny } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { type Drill, holderOf, patience, type Site } from './drill.ts'
import { withoutService } from './noticed.ts'
import { drillUnit, hurtFor } from './timer.ts'

/** The units of the services of a node. */
function unitsAt(control: ClusterControl, node: string): string[] {
  const host = control.hosts.find(({ name }) => name === node)
  return host ? unitsOf(control.servicesOn(host)) : []
}
const start = ({ control, node }: Site) => sh`systemctl start ${unitsAt(control, node)}`
const stop = ({ control, node }: Site) => sh`systemctl stop ${unitsAt(control, node)}`
/** Longer than the drill ever takes. */
const lasts = 2 * patience

/** The services stop on a standby node; at level 1 on the holder, since only the holder serves clients. */
export const service = {
  name: 'service',
  limit: withoutService,
  possible: (cluster) => unitsOf(servicesOf(cluster)).length > 0,
  target: (control, states) => {
    const holder = holderOf(control, states)
    const able = control.realServers.filter(({ name }) => unitsAt(control, name).length > 0)
    return control.can.balances ? (able.find(({ name }) => name !== holder) ?? able[0])!.name : holder
  },
  title: (node, control) => `stop ${unitsAt(control, node).join(' and ')} on ${node}`,
  async inject(site) {
    await site.run(hurtFor(lasts, start(site), stop(site)))
    await site.until((states) => (serves(site, states) ? `clients are still sent to ${site.node}` : undefined))
    // The pools no longer have the node: losses from here on would have another cause.
    await site.control.session.clock.sleep(5000)
  },
  heal: {
    now: (site) => site.run(sh`systemctl stop ${`${drillUnit}.timer`} 2>/dev/null || true; ${start(site)}`),
    after: lasts,
  },
} as const satisfies Drill

function serves({ control, node }: Site, states: readonly NodeState[]): boolean {
  if (!control.can.balances) return states.some((state) => state.host === node && holdsAny(state))
  return states.some((state) => control.sendsTo(state, node))
}
