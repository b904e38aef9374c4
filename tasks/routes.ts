import type { Host } from '../inventory/types.ts'
import { UserError } from '../runner/errors.ts'
import { sh } from '../runner/sh.ts'
import { type Task, unchanged } from '../runner/task.ts'
import { file, ownFile } from './file.ts'
import { service } from './service.ts'
import type { Target } from './target.ts'
import { template } from './template.ts'

/** Puts the routes and rules of a host in place at every start of keepalived (article, level 3). */
export const routesScript = '/etc/keepalived/routes.sh'

/** A node that has a second interface. @throws Error where the inventory was not loaded for level 3 */
export function secondOf(host: Host): NonNullable<Host['second']> {
  if (!host.second) throw new Error(`${host.name} has no second interface`)
  return host.second
}

/**
 * Names for the two routing tables. A file of our own in rt_tables.d works with every iproute2, wherever it keeps the
 * tables that it comes with.
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

const watchUnit = 'keepalived-routes.service'
const watchFile = `/etc/systemd/system/${watchUnit}`

/** The script runs again whenever somebody has taken its routes or rules away, for as long as keepalived runs. */
export const routesWatch = (): Task[] => [
  file(watchFile, watchText),
  service(watchUnit, { restartOn: [routesScript], unitFiles: [watchFile] }),
]

const watchText = `${ownFile}[Unit]
Description=Keeps the routes of the keepalived cluster
After=keepalived.service
PartOf=keepalived.service
StartLimitIntervalSec=0

[Service]
ExecStart=${routesScript} watch
Restart=always
RestartSec=1

[Install]
WantedBy=keepalived.service
`

function live({ cluster, host }: Target): Task {
  const { first, second } = cluster.routing_tables
  const { address, interface: device } = secondOf(host)
  const rule = (from: string, table: number) => `rule ${1000 + table}: from ${from} lookup ${table}`
  const after = [
    rule(host.address, first.number),
    rule(address, second.number),
    `table ${first.number}: default via ${cluster.gateway} dev ${host.interface} onlink`,
    `table ${first.number}: ${cluster.network} dev ${host.interface} src ${host.address}`,
    `table ${second.number}: ${cluster.vip} dev ${device}`,
    `table ${second.number}: default via ${cluster.vip} dev ${device}`,
  ]
    .sort(inOrder)
    .join('\n')
  return {
    name: 'answers from the second address go back through the virtual IP',
    key: 'routes and rules',
    // -N: numbers, whatever names the tables have.
    probe: sh`
ip -N -4 rule show
for table in ${[first.number, second.number]}; do
  echo "table $table"
  ip -N -4 route show table "$table" 2>/dev/null
done`,
    plan: ({ text }) => {
      const before = routing(text, [host.address, address])
      if (before === after) return unchanged()
      return { before, after, apply: sh`${routesScript} start`, undo: sh`${routesScript} stop` }
    },
  }
}

const inOrder = (a: string, b: string) => (a < b ? -1 : 1)

/** @returns the rules for these addresses and the routes of each table, as they are compared */
function routing(text: string, addresses: readonly string[]): string {
  const [rules = '', ...tables] = text.split(/^table (?=\d+$)/m)
  const ours = rules
    .split('\n')
    .filter((row) => addresses.some((address) => ` ${words(row)} `.includes(` from ${address} `)))
  const routes = tables.flatMap((table) => {
    const [number, ...rows] = table.split('\n')
    return rows.filter((row) => row.trim()).map((row) => `table ${number}: ${words(row)}`)
  })
  return [...ours.map((row) => `rule ${words(row)}`), ...routes].sort(inOrder).join('\n')
}

const words = (row: string) =>
  row
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/ (proto|scope) \S+| linkdown/g, '')
