import { UserError } from '../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { servicesOf } from '../../services/all.ts'
import { networkManagerOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { catches, tableOf } from './policy-rule.ts'
import { entriesOf, type Entry, inOrder, isRule, removeTwin, takeAway } from './routing-entries.ts'
import { priorityOf, routesScript, secondOf, wayOf } from './second-interface.ts'

/** Routes and rules of the second interface are at work. */
export function routesNow(target: Target): Task {
  const { cluster, host, facts, place } = target
  const { first, second } = cluster.routing_tables
  const { address, interface: device } = secondOf(host)
  const manager = networkManagerOf(facts, host.interface)
  const rule = (from: string, table: number) => `rule ${priorityOf(table)}: from ${from} lookup ${table}`
  const routes = [
    `table ${second.number}: ${cluster.vip} dev ${device}`,
    `table ${second.number}: default via ${cluster.vip} dev ${device}`,
  ]
  // The script has these as well, so that what leaves from the first address stays on the first interface whatever others do.
  const onFirst = [
    rule(host.address, first.number),
    `table ${first.number}: ${cluster.network} dev ${host.interface} src ${host.address}`,
  ]
  const wanted = [rule(address, second.number), ...routes, ...(wayOf(cluster) ? [] : onFirst)]
  const after = wanted.toSorted(inOrder).join('\n')
  const addresses = [host.address, address]
  const tables = [...(wayOf(cluster) ? [] : [first.number]), second.number]
  // The article's own script has these beside ours.
  const byHand = [
    `table ${first.number}: default via ${cluster.gateway} dev ${host.interface}`,
    `table ${second.number}: ${cluster.vip} dev ${device} src ${address}`,
  ]
  return {
    name: 'answers from the second address go back through the virtual IP',
    key: 'routes and rules',
    // -N prints numbers instead of table names.
    probe: sh`
set -f
rules=$(ip -N -4 rule show)
echo "$rules"
tables=${` ${tables.join(' ')} `} before=
for word in $rules; do
  # Of the tables of others it matters whether they hold anything; these always do.
  case "$before $word" in
  'lookup 254' | 'lookup 255') ;;
  'lookup '[0-9]*) [[ $tables == *" $word "* ]] || tables="$tables$word " ;;
  esac
  before=$word
done
for table in $tables; do
  echo "table $table"
  ip -N -4 route show table "$table" 2>/dev/null
done`,
    plan: ({ text }) => {
      const { ours, others } = entriesOf(text, addresses, tables)
      const foreign = ours.map((one) => one.text).filter((one) => ![...routes, ...onFirst, ...byHand].includes(one))
      if (!ours.some(isRule) && foreign.length > 0)
        throw new UserError(`a routing table of level 3 is in use (cluster.routing_tables): ${foreign.join('; ')}`, 1)
      const earlier = others.find(
        (other) =>
          parseInt(other) < priorityOf(second.number) &&
          tableOf(other) !== String(second.number) &&
          servicesOf(cluster).some(({ port }) => catches(other, { address, port })),
      )
      if (earlier)
        throw new UserError(
          `${place(['hosts', host.name, 'second', 'address'])}: the rule "${earlier}" takes the answers from ${address} ` +
            `elsewhere: remove it, or give it a priority above ${priorityOf(second.number)}`,
          1,
        )
      const before = ours.map((one) => one.text).join('\n')
      if (before === after) return unchanged()
      const reapply = manager.reapply?.(device)
      return {
        before,
        after,
        apply: wayOf(cluster) ? byManager(reapply!, ours, wanted) : byScript(reapply, ours, wanted),
        undo: lines(
          stopWatch,
          takeAway(addresses, [first.number, second.number]),
          ...ours.map(({ put }) => put),
          startWatch,
        ),
      }
    },
  }
}

const gone = ({ remove }: Entry): Script => sh`${remove} 2>/dev/null || true`

/** NetworkManager does what is in its profile, and leaves in our table what it had there before. */
const byManager = (reapply: Script, ours: readonly Entry[], wanted: readonly string[]): Script =>
  lines(
    stopWatch,
    reapply,
    ...ours.flatMap((one) => {
      if (!wanted.includes(one.text)) return [gone(one)]
      if (one.byManager) return []
      return [isRule(one) ? removeTwin(one) : gone(one)]
    }),
  )

/** The script does its part beside a manager, whose own goes only then, when it reads its file again. */
function byScript(reapply: Script | undefined, ours: readonly Entry[], wanted: readonly string[]): Script {
  // Where a run is undone, the script may not be back yet: its service starts it then.
  const start = sh`[ ! -e ${routesScript} ] || ${routesScript} start`
  const left = ours.filter((one) => !wanted.includes(one.text) || one.byManager)
  if (left.length === 0) return start
  const reread = reapply && ours.some((one) => one.byManager) ? [reapply] : []
  return lines(start, ...reread, ...left.map(gone), start)
}

/** The watch of the script would put back what is taken away. */
const stopWatch = sh`systemctl stop keepalived-routes.service 2>/dev/null || true`
const startWatch = sh`at_end bash -c 'systemctl -q is-enabled keepalived-routes.service 2>/dev/null && systemctl start keepalived-routes.service || true'`
