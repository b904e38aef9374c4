import type { Task } from '../../../engine/runner/task.ts'
import { file } from '../../file.ts'
import { ownUnit } from '../../unit.ts'

/**
 * A script that sets rules of the cluster runs at boot, and whenever somebody else has loaded a rule set.
 * @param name of the unit, without its kind
 * @param loaders services that take the rules away when they load theirs: none that excludes another of them, since systemd would
 *   have to stop the unit and to start it, and would do neither
 */
export function atBoot(name: string, script: string, text: string, loaders: readonly string[]): Task[] {
  return [file(script, text, { mode: '755' }), ...ownUnit(`${name}.service`, unitText(script, loaders), [script])]
}

// By bash: SELinux gives systemd no way to a domain of its own for a script in /etc.
const unitText = (script: string, loaders: readonly string[]) => {
  const names = loaders.map((name) => `${name}.service`).join(' ')
  const follows = `# Loading a rule set removes these rules: they are set after it, also when it restarts or reloads.
PartOf=${names}
ReloadPropagatedFrom=${names}
`
  return `[Unit]
Description=Packet filter rules of the keepalived cluster
After=netfilter-persistent.service iptables.service nftables.service ufw.service firewalld.service
${names ? follows : ''}Before=keepalived.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/bash ${script}
ExecReload=/bin/bash ${script}

[Install]
# One that is stopped stops this unit too, and has to start it again.
WantedBy=${['multi-user.target', names].join(' ').trim()}
`
}
