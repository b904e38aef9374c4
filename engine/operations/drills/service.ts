import { sh } from '../../base/sh.ts'
import type { Service } from '../../../services/service.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { type Drill, holderOf, patience, type Site } from './drill.ts'
import { drillUnit, hurtFor } from './timer.ts'

const start = ({ unit }: Service) => sh`systemctl start ${unit}`
const stop = ({ unit }: Service) => sh`systemctl stop ${unit}`
/** Longer than the drill ever takes. */
const lasts = 2 * patience

/** The service stops on a standby node; at level 1 on the holder, since only the holder serves clients. */
export const service = {
  name: 'service',
  limit: 4,
  target: (control, states) => {
    const holder = holderOf(control, states)
    return control.can.balances ? control.hosts.find(({ name }) => name !== holder)!.name : holder
  },
  title: (node, { service: { unit } }) => `stop ${unit} on ${node}`,
  async inject(site) {
    await site.run(hurtFor(lasts, start(site.control.service), stop(site.control.service)))
    await site.until((states) => (serves(site, states) ? `clients are still sent to ${site.node}` : undefined))
    // The pools no longer have the node: losses from here on would have another cause.
    await site.control.session.clock.sleep(5000)
  },
  heal: (site) =>
    site.run(sh`systemctl stop ${`${drillUnit}.timer`} 2>/dev/null || true; ${start(site.control.service)}`),
  lasts,
} as const satisfies Drill

function serves({ control, node }: Site, states: readonly NodeState[]): boolean {
  if (!control.can.balances) return states.some(({ host, holdsVip }) => host === node && holdsVip)
  return states.some((state) => control.serving([{ ...state, holdsVip: true }]).includes(node))
}
