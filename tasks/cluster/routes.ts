import type { Host } from '../../inventory/types.ts'
import { UserError } from '../../engine/base/errors.ts'
import { lines, type Script, sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { servicesOf } from '../../services/all.ts'
import { file, ownFile } from '../file.ts'
import { catches, tableOf } from './policy-rule.ts'
import type { Target } from '../target.ts'
import { template } from '../template.ts'
import { ownUnit } from '../unit.ts'

/** Puts the routes and rules of a host in place at every start of keepalived (article, level 3). */
export const routesScript = '/etc/keepalived/routes.sh'

/** A node that has a second interface. @throws Error where the inventory was not loaded for level 3 */
export function secondOf(host: Host): NonNullable<Host['second']> {
  if (!host.second) throw new Error(`${host.name} has no second interface`)
  return host.second
}

/**
 * Names for the two routing tables. A separate file in rt_tables.d works with every iproute2, independent of the place
 * of its own tables.
 */
export function rtTables({ cluster }: Target): Task[] {
  const tables = Object.values(cluster.routing_tables)
  const text = tables.map(({ number, name }) => `${number}\t${name}\n`).join('')
  return [free(tables), file(ownTables, `${ownFile}${text}`)]
}

const ownTables = '/etc/iproute2/rt_tables.d/keepalived.conf'

const free = (tables: readonly { number: number; name: string }[]): Task => ({
  name: `routing tables ${tables.map(({ number }) => number).join(' and ')} are free`,
  probe: sh`exec grep -sHE '^[[:space:]]*[0-9]' {/etc,/usr/share}/iproute2/rt_tables /etc/iproute2/rt_tables.d/*.conf`,
  plan: ({ text }) => {
    for (const [, path, number, name] of text.matchAll(/^(.*?):\s*(\d+)\s+(\S+)/gm)) {
      if (path === ownTables) continue
      const clash = tables.find((table) => (table.number === Number(number)) !== (table.name === name))
      if (clash)
        throw new UserError(
          `${path} has "${number} ${name}", and cluster.routing_tables wants "${clash.number} ${clash.name}": choose others`,
          1,
        )
    }
    return unchanged()
  },
})

/** The script with the host's own values, and what it does done now. */
export function routes(target: Target): Task[] {
  const { cluster, host } = target
  return [
    template(routesScript, 'routes.sh', { cluster, host, tables: cluster.routing_tables }, { mode: '755' }),
    live(target),
  ]
}

/** The unit that runs the script again when its routes or rules are removed, as long as keepalived runs. */
export const routesWatch = (): Task[] => ownUnit('keepalived-routes.service', watchText, [routesScript])

const watchText = `[Unit]
Description=Keeps the routes of the keepalived cluster
After=keepalived.service
PartOf=keepalived.service
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash ${routesScript} watch
Restart=always
RestartSec=1

[Install]
WantedBy=keepalived.service
`

/** As `routes.sh` makes them: no one else's rule has a priority that follows from its table. */
const priorityOf = (table: number) => 1000 + table

function live({ cluster, host, place }: Target): Task {
  const { first, second } = cluster.routing_tables
  const { address, interface: device } = secondOf(host)
  const rule = (from: string, table: number) => `rule ${priorityOf(table)}: from ${from} lookup ${table}`
  const rules = [rule(host.address, first.number), rule(address, second.number)]
  const routes = [
    `table ${first.number}: ${cluster.network} dev ${host.interface} src ${host.address}`,
    `table ${second.number}: ${cluster.vip} dev ${device}`,
    `table ${second.number}: default via ${cluster.vip} dev ${device}`,
  ]
  const after = [...rules, ...routes].sort(inOrder).join('\n')
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
    plan: ({ text }) => {
      const found = routing(text, [host.address, address], [first.number, second.number])
      const foreign = found.routes.filter((route) => ![...routes, ...byHand].includes(route))
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
      const before = [...found.rules, ...found.routes].sort(inOrder).join('\n')
      if (before === after) return unchanged()
      const earlierRoutes = found.rules.length === 0 ? found.routes : []
      return {
        before,
        after,
        apply: sh`${routesScript} start`,
        undo: lines(sh`${routesScript} stop`, ...earlierRoutes.toSorted(inOrder).map(addRoute)),
      }
    },
  }
}

/** @param route `table NUMBER: ROUTE`; one by an interface or gateway that has gone is left out */
function addRoute(route: string): Script {
  const [, table, words] = route.match(/^table (\d+): (.*)$/)!
  return sh`ip -4 route replace ${words!.split(' ')} table ${table!} || true`
}

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
    .replaceAll(/ (proto|scope) \S+| linkdown/g, '')
