import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { sh } from '../../engine/base/sh.ts'
import type { Task } from '../../engine/runner/task.ts'
import { file } from '../file.ts'
import { service } from '../service.ts'
import { dropInPath, systemdDropIn } from '../systemd-dropin.ts'
import type { Cluster } from '../../inventory/types.ts'
import { serviceOf } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Target } from '../target.ts'
import { formerAddresses, replacingHandMade } from './adoption/keepalived-conf.ts'
import { unitOverride, withoutRoutesScript } from './adoption/unit-override.ts'
import { routesScript } from './routes.ts'
import { render, template } from '../template.ts'
import { vrrpScripts } from './checks.ts'

/** Where keepalived reads its configuration. */
export const keepalivedConf = '/etc/keepalived/keepalived.conf'

/** The notify script that writes the state lines for the cluster check; the article's path. */
const notifyScript = '/etc/keepalived/keepalived-notify.sh'

/** The standby file: 1 if another node is to hold the VIP instead of this one, else 0. */
export const standbyFile = '/etc/keepalived/standby'

/**
 * The drain file of a node: 1 if it is drained, else 0. Every node has such a file for each node, since each may become
 * director. Like `standbyFile` it survives restarts, reboots and playbook runs.
 */
export const drainFile = (node: string): string => `${drainFolder}/${node}`
export const drainFolder = '/etc/keepalived/drain'

/** Writes 0 into a file that is empty or missing. */
const flag = (path: string): Task => file(path, (current) => (/^[01]\n?$/.test(current ?? '') ? current! : '0\n'))

/**
 * `keepalived -t` on the new file, on the host itself, since it looks at interfaces and scripts. 2.2.7 ends with 143
 * for a good file with a script user unless TERM is ignored, and 0 does not mean that it had nothing to say.
 */
const validate = sh`
said=$( (trap '' TERM; keepalived -t -f "$file") 2>&1 ) && code=0 || code=$?
if [ "$code" -ne 0 ] || [ -n "$said" ]; then
  echo "keepalived -t refuses the new configuration (exit code $code): $said"
  exit 1
fi`

/** @returns keepalived.conf of a node at a level */
export function configuration(
  { cluster, host, hosts }: Pick<Target, 'cluster' | 'host' | 'hosts'>,
  level: Level,
  service: Service,
): string {
  const can = abilitiesOf(level)
  return render('keepalived.conf', {
    ...{ cluster, host, hosts, level, can, notifyScript, drainFile, standbyFile },
    virtualServers: virtualServersOf(cluster, service),
    scripts: vrrpScripts(cluster, host, can.balances),
    garp: garpLines(cluster),
    email: cluster.email,
  })
}

/** @returns what differs from keepalived's own defaults, which say nothing */
function garpLines({ garp }: Cluster): [directive: string, value: number][] {
  const all: [directive: string, value: number, own: number][] = [
    ['garp_master_delay', garp.delay, 5],
    ['garp_master_repeat', garp.repeat, 5],
    ['garp_master_refresh', garp.refresh, 0],
    ['garp_master_refresh_repeat', garp.refresh_repeat, 1],
  ]
  return all.flatMap(([directive, value, own]) => (value === own ? [] : [[directive, value]]))
}

/** keepalived is configured for a level, tested before it is replaced, and reloads rather than restarts. */
export function keepalived(target: Target, level: Level): Task[] {
  const { cluster, host, hosts } = target
  const can = abilitiesOf(level)
  return [
    flag(standbyFile),
    ...(can.balances ? hosts.map(({ name }) => flag(drainFile(name))) : []),
    template(notifyScript, 'keepalived-notify.sh', {}, { mode: '755' }),
    withoutRoutesScript(routesScript, keepalivedConf),
    systemdDropIn('keepalived.service', 'keepalived.dropin', { cluster, host, can, notifyScript, routesScript }),
    replacingHandMade(
      file(keepalivedConf, configuration(target, level, serviceOf(cluster)), { mode: '640', validate }),
      keepalivedConf,
      target,
    ),
    service('keepalived', { reloadOn: [keepalivedConf], unitFiles: [dropInPath('keepalived.service'), unitOverride] }),
    ...(target.takeOver ? [formerAddresses(keepalivedConf, target)] : []),
  ]
}
