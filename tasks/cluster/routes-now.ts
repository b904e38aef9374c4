import { UserError } from '../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { servicesOf } from '../../services/all.ts'
import { networkManagerOf } from '../os/os.ts'
import type { Target } from '../target.ts'
import { catches, tableOf } from './policy-rule.ts'
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
  const after = wanted.sort(inOrder).join('\n')
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
tables=${` ${first.number} ${second.number} `} before=
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
    plan: ({ text }, planned) => {
      const found = routing(text, [host.address, address], [first.number, second.number])
      const foreign = found.routes.filter((route) => ![...routes, ...onFirst, ...byHand].includes(route))
      if (found.rules.length === 0 && foreign.length > 0)
        throw new UserError(`a routing table of level 3 is in use (cluster.routing_tables): ${foreign.join('; ')}`, 1)
      const earlier = found.others.find(
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
      const was = [...found.rules, ...found.routes].sort(inOrder)
      const before = was.join('\n')
      if (before === after) return unchanged()
      const gone = [without(host.address, first.number), without(address, second.number)]
      const reapply = planned.changes(manager.fileOf(device)) ? manager.reapply?.(device) : undefined
      return {
        before,
        after,
        apply: wayOf(cluster) ? byManager(manager.reapply!(device), target) : byScript(reapply, target),
        undo: lines(...gone, ...was.map(put)),
      }
    },
  }
}

/** The rule and the routes of an address go. */
const without = (address: string, table: number): Script => sh`
while ip -4 rule delete from ${address} table ${table} priority ${priorityOf(table)} 2>/dev/null; do true; done
ip -4 route flush table ${table} 2>/dev/null || true`

/** @param entry as `routing` reads it; a route by an interface or gateway that has gone is left out */
function put(entry: string): Script {
  const [, priority, from, by] = entry.match(/^rule (\d+): from (\S+) lookup (\d+)$/) ?? []
  if (priority) return sh`ip -4 rule add from ${from!} table ${by!} priority ${priority}`
  const [, table, words] = entry.match(/^table (\d+): (.*)$/)!
  return sh`ip -4 route replace ${words!.split(' ')} table ${table!} || true`
}

/** The network manager does what is in its file; then what a script has put there before goes, for which nobody watches now. */
const byManager = (reapply: Script, target: Target): Script => {
  const { cluster, host } = target
  const { first } = cluster.routing_tables
  return lines(
    sh`systemctl stop keepalived-routes.service 2>/dev/null || true`,
    reapply,
    without(host.address, first.number),
    leftBy('boot', target),
  )
}

/** The script does its part; what a network manager had in a file that has changed goes, and with it perhaps a rule. */
const byScript = (reapply: Script | undefined, target: Target): Script => {
  const start = sh`${routesScript} start`
  return reapply ? lines(start, reapply, leftBy('static', target), start) : start
}

/** Routes beside those that are wanted go: `boot` is what a script has set, `static` NetworkManager, which does not take all of it back. */
const leftBy = (protocol: 'boot' | 'static', { cluster }: Target): Script =>
  sh`ip -4 route flush table ${cluster.routing_tables.second.number} proto ${protocol} 2>/dev/null || true`

const inOrder = (a: string, b: string) => (a < b ? -1 : 1)

/** Reads our rules for these addresses, others' that lead anywhere, and the routes of our tables, as they are compared. */
function routing(text: string, addresses: readonly string[], own: readonly number[]) {
  const [all = '', ...tables] = text.split(/^table (?=\d+$)/m)
  const rules = all.split('\n').flatMap((row) => words(row) || [])
  const ours = (row: string) =>
    parseInt(row) === priorityOf(Number(tableOf(row))) &&
    addresses.some((address) => row.includes(` from ${address} lookup `))
  const routes = tables.flatMap((table) => {
    const [number, ...rows] = table.split('\n')
    return rows.filter((row) => row.trim()).map((row) => ({ number: number!, text: words(row) }))
  })
  // A table without routes passes packets on; one that is for certain addresses is going to have some.
  const leads = (row: string) => {
    const table = tableOf(row)
    if (table === '255') return false
    return !table || table === '254' || !row.includes(' from all ') || routes.some(({ number }) => number === table)
  }
  return {
    rules: rules.filter(ours).map((row) => `rule ${row}`),
    others: rules.filter((row) => !ours(row) && leads(row)),
    routes: routes
      .filter(({ number }) => own.includes(Number(number)))
      .map(({ number, text }) => `table ${number}: ${text}`),
  }
}

const words = (row: string) =>
  row
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (proto|scope|metric) \S+| linkdown/g, '')
