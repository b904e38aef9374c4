import type { Host } from '../inventory/types.ts'
import { UserError } from '../runner/errors.ts'
import { sh } from '../runner/sh.ts'
import { type Task, unchanged } from '../runner/task.ts'
import { file, ownFile } from './file.ts'
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
  probe: sh`
for file in /etc/iproute2/rt_tables /usr/share/iproute2/rt_tables /etc/iproute2/rt_tables.d/*.conf; do
  [ "$file" = ${ownTables} ] || grep -HE '^[[:space:]]*[0-9]' "$file" 2>/dev/null
done; true`,
  plan: ({ text }) => {
    for (const [, path, number, name] of text.matchAll(/^(.*?):\s*(\d+)\s+(\S+)/gm)) {
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
for from in ${[host.address, address]}; do ip -N -4 rule show from "$from" | sed 's/^/rule /'; done
for table in ${[first.number, second.number]}; do
  ip -N -4 route show table "$table" 2>/dev/null | sed "s/^/table $table: /"
done`,
    plan: ({ text }) => {
      const before = text
        .split('\n')
        .map((line) =>
          line
            .trim()
            .replaceAll(/\s+/g, ' ')
            .replaceAll(/ (proto|scope) \S+| linkdown/g, ''),
        )
        .filter(Boolean)
        .sort(inOrder)
        .join('\n')
      if (before === after) return unchanged()
      return { before, after, apply: sh`${routesScript} start`, undo: sh`${routesScript} stop` }
    },
  }
}

const inOrder = (a: string, b: string) => (a < b ? -1 : 1)
