import { sh } from '../../base/sh.ts'
import { servicesOf, unitsOf } from '../../../services/all.ts'
import type { ClusterControl } from '../control.ts'
import { holdsAny } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { type Drill, holderOf, patience, type Site } from './drill.ts'
import { drillUnit, hurtFor } from './timer.ts'

const start = ({ services }: ClusterControl) => sh`systemctl start ${unitsOf(services)}`
const stop = ({ services }: ClusterControl) => sh`systemctl stop ${unitsOf(services)}`
/** Longer than the drill ever takes. */
const lasts = 2 * patience

/** The services stop on a standby node; at level 1 on the holder, since only the holder serves clients. */
export const service = {
  name: 'service',
  limit: 4,
  possible: (cluster) => unitsOf(servicesOf(cluster)).length > 0,
  target: (control, states) => {
    const holder = holderOf(control, states)
    return control.can.balances
      ? (control.realServers.find(({ name }) => name !== holder) ?? control.realServers[0])!.name
      : holder
  },
  title: (node, { services }) => `stop ${unitsOf(services).join(' and ')} on ${node}`,
  async inject(site) {
    await site.run(hurtFor(lasts, start(site.control), stop(site.control)))
    await site.until((states) => (serves(site, states) ? `clients are still sent to ${site.node}` : undefined))
    // The pools no longer have the node: losses from here on would have another cause.
    await site.control.session.clock.sleep(5000)
  },
  heal: {
    now: (site) => site.run(sh`systemctl stop ${`${drillUnit}.timer`} 2>/dev/null || true; ${start(site.control)}`),
    after: lasts,
  },
} as const satisfies Drill

function serves({ control, node }: Site, states: readonly NodeState[]): boolean {
  if (!control.can.balances) return states.some((state) => state.host === node && holdsAny(state))
  return states.some((state) => control.sendsTo(state, node))
}
