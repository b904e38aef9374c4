import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, serves } from '../../inventory/roles.ts'
import { lines, type Script, sh } from '../../engine/base/sh.ts'
import { exitCode, UserError } from '../../engine/base/errors.ts'
import { tagged, type Task, unchanged } from '../../engine/runner/task.ts'
import { accepted } from '../accepted.ts'
import { file } from '../file.ts'
import { service } from '../service.ts'
import { dropInPath, systemdDropIn } from '../systemd-dropin.ts'
import { movedAddressesOf } from '../../services/virtual-server.ts'
import type { Target } from '../target.ts'
import { formerAddresses, replacingHandMade } from './adoption/keepalived-conf.ts'
import { unitOverride, withoutRoutesScript } from './adoption/unit-override.ts'
import { routesScript } from './second-interface.ts'
import { template } from '../template.ts'
import { keepalivedWatch } from './keepalived-watch.ts'
import { ownLines, refusal } from './keepalived-refusal.ts'
import { namedOnHost } from './named-on-host.ts'
import { drainScriptOf, withoutFileCheck } from './drain-check.ts'
import { configuration, drainFile, keepalivedConf, notifyScriptOf, standbyFile, vmacOf } from './keepalived-conf.ts'

/** Writes 0 into a file that is empty or missing. */
const flag = (path: string): Task => file(path, (current) => (/^[01]\n?$/.test(current ?? '') ? current! : '0\n'))

/**
 * `keepalived -t` on the new file, on the host itself, since it looks at interfaces and scripts. 2.2.7 ends with 143
 * for a good file with a script user unless TERM is ignored, and 0 does not mean that it had nothing to say.
 */
const test = sh`(trap '' TERM; exec keepalived -t -f "$file")`

/** keepalived refuses files that it is to watch and that are not there: where it is only tried, the copy has them. */
const withFlags = (flags: readonly string[]): Script => sh`
for flag in ${flags}; do
  [ -e "$flag" ] || { mkdir -p "\${flag%/*}" && echo 0 >"$flag"; }
done`

/** Where keepalived was installed before, the same has been judged before the first change. */
const validate = (target: Target, level: Level): Script => sh`
said=$( ${test} 2>&1 ) && code=0 || code=$?
if [ "$code" -ne 0 ] || [ -n "$said" ]; then
  echo "keepalived -t refuses the new configuration (exit code $code): \${said//"$file"/${keepalivedConf}}"
  ${lines(
    ...[...ownLines(target, level)].map(
      ([line, path]) => sh`[[ $said != *${`Line ${line})`}* ]] || echo ${`line ${line} is ${target.place(path)}`}`,
    ),
  )}
  exit 1
fi`

/** Another keepalived than ours would take the VIP, and nobody looks for it on a real server. */
const withoutKeepalived = ({ cluster, host, place }: Target): Task => ({
  name: 'no keepalived of others moves the virtual IP',
  probe: sh`
systemctl -q is-active keepalived && ! grep -qs '^# Written by keepalived-playbooks' ${keepalivedConf} &&
  grep -nsFw ${movedAddressesOf(cluster).flatMap((address) => ['-e', address])} ${keepalivedConf} | head -n 1`,
  plan: ({ text }) => {
    if (text === '') return unchanged()
    const [line] = text.split(':')
    throw new UserError(
      `${place(['hosts', host.name, 'role'])}: keepalived runs on this host, and line ${line} of its ${keepalivedConf} has the virtual ` +
        'IP, which a real server never holds: systemctl disable --now keepalived, and run again',
      exitCode.failed,
    )
  },
})

/** keepalived is configured for a level, tested before it is replaced, and reloads rather than restarts. */
export function keepalived(target: Target, level: Level): Task[] {
  const { cluster, host, hosts, facts } = target
  const notifyScript = notifyScriptOf(facts)
  const named = namedOnHost(target, level)
  if (!directs(host)) return [named, withoutKeepalived(target)].map(tagged('keepalived'))
  const can = abilitiesOf(level, cluster)
  const conf = configuration(target, level)
  const drainScript = can.balances ? drainScriptOf(facts) : undefined
  const flags = [standbyFile, ...(can.balances ? hosts.filter(serves).map(({ name }) => drainFile(name)) : [])]
  return [
    named,
    ...flags.map(flag),
    template(notifyScript, 'keepalived-notify.sh', {}, { mode: '755' }),
    ...(drainScript
      ? [template(drainScript, 'keepalived-drain.sh', {}, { mode: '755', remark: withoutFileCheck })]
      : []),
    withoutRoutesScript(routesScript, keepalivedConf),
    systemdDropIn('keepalived.service', 'keepalived.dropin', {
      ...{ cluster, host, can, notifyScript, routesScript },
      virtualMacs: cluster.vmac ? cluster.instances.map(vmacOf) : [],
      vips: cluster.instances.flatMap((instance) =>
        instance.vips.map(({ address, prefix, interface: own }) => ({
          address: `${address}/${prefix}`,
          device: own ?? (cluster.vmac ? vmacOf(instance) : (instance.interface ?? host.interface)),
        })),
      ),
    }),
    accepted(keepalivedConf, conf, {
      program: 'keepalived',
      validate: sh`${withFlags(flags)}
${test}`,
      refusal: (...said) => refusal(target, level, ...said),
    }),
    replacingHandMade(
      file(keepalivedConf, conf, { mode: '640', validate: validate(target, level) }),
      keepalivedConf,
      conf,
      target,
    ),
    service('keepalived', { reloadOn: [keepalivedConf], unitFiles: [dropInPath('keepalived.service'), unitOverride] }),
    ...keepalivedWatch(),
    ...(target.takeOver ? [formerAddresses(keepalivedConf, conf, target)] : []),
  ].map(tagged('keepalived'))
}
