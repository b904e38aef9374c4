import { type Script, sh } from '../../base/sh.ts'
import { scriptLater } from '../../base/timer.ts'
import { findConnection } from '../../../tasks/cluster/connection.ts'
import type { ClusterControl } from '../control.ts'
import { type Drill, holderOf } from './drill.ts'
import { withoutNode } from './noticed.ts'
import { drillUnit } from './timer.ts'

const seconds = 15

/** The network of the cluster is cut at the holder, by its packet filter. */
export const cut = {
  name: 'cut',
  option: 'also cut the network of the holder, where SSH does not come in by it',
  limit: withoutNode,
  target: holderOf,
  title: (node, control) => `cut ${interfaceOf(control, node)} of ${node} for ${seconds} s`,
  async inject(site) {
    await site.run(cutScript(interfaceOf(site.control, site.node)))
    await site.control.session.clock.sleep(seconds * 1000)
  },
  heal: { now: (site) => site.run(healScript), after: seconds },
} as const satisfies Drill

// The timer's own service takes the rules away; the timer must not be in the way of the next drill.
const healScript = sh`
systemctl start ${`${drillUnit}.service`} 2>/dev/null || true
systemctl stop ${`${drillUnit}.timer`} 2>/dev/null || true`

const interfaceOf = ({ hosts }: ClusterControl, node: string): string =>
  hosts.find(({ name }) => name === node)!.interface

// A timer on the host, set before the cut, removes the rules: the network comes back even without a connection. An SSH
// session through this interface would be cut off as well.
const cutScript = (device: string): Script => sh`
${findConnection}
if [ -z "$connected" ] || ip -o address show dev ${device} to "$connected" | grep -q .; then
  echo ${`this connection comes in by ${device}: a cut would be felt here too, and is not made`} >&2
  exit 1
fi
${rules(device)}
${scriptLater(
  drillUnit,
  seconds,
  sh`${rules(device)}
rules -D`,
)} || exit 1
rules -I`

const rules = (device: string): Script => sh`
rules() {
  iptables -w "$1" INPUT -i ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" OUTPUT -o ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" FORWARD -i ${device} -m comment --comment ${drillUnit} -j DROP
  iptables -w "$1" FORWARD -o ${device} -m comment --comment ${drillUnit} -j DROP
}`
