import { UserError } from '../../engine/base/errors.ts'
import { sh } from '../../engine/base/sh.ts'
import { tagged, type Task, unchanged } from '../../engine/runner/task.ts'
import { file, ownFile } from '../file.ts'
import type { Target } from '../target.ts'
import { template } from '../template.ts'
import { ownUnit } from '../unit.ts'
import { routesNow } from './routes-now.ts'
import { routesScript, wayOf } from './second-interface.ts'

/**
 * Names for the two routing tables. A separate file in rt_tables.d works with every iproute2, independent of the place
 * of its own tables.
 */
export function rtTables({ cluster }: Target): Task[] {
  const { first, second } = cluster.routing_tables
  const tables = wayOf(cluster) ? [second] : [first, second]
  const text = tables.map(({ number, name }) => `${number}\t${name}\n`).join('')
  return [free(tables), file(ownTables, `${ownFile}${text}`)].map(tagged('routes'))
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

/** The script with the host's own values, and what it does done now; or what the network manager has, at work now. */
export function routes(target: Target): Task[] {
  const { cluster, host } = target
  if (wayOf(cluster)) return [routesNow(target)].map(tagged('routes'))
  return [
    template(routesScript, 'routes.sh', { cluster, host, tables: cluster.routing_tables }, { mode: '755' }),
    routesNow(target),
  ].map(tagged('routes'))
}

/** The unit that runs the script again when its routes or rules are removed, as long as keepalived runs. */
export const routesWatch = ({ cluster }: Target): Task[] =>
  wayOf(cluster) ? [] : ownUnit('keepalived-routes.service', watchText, [routesScript]).map(tagged('routes'))

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
