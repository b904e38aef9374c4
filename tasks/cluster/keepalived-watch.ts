import type { Task } from '../../engine/runner/task.ts'
import { template } from '../template.ts'
import { ownUnit } from '../unit.ts'

const script = '/etc/keepalived/keepalived-watch.sh'

/** A keepalived that hangs is started again, as systemd does with one that has ended (acassen/keepalived, issue 2528). */
export const keepalivedWatch = (): Task[] => [
  template(script, 'keepalived-watch.sh', {}, { mode: '755' }),
  ...ownUnit('keepalived-watch.service', unitText, [script]),
]

// By bash: SELinux gives systemd no way to a domain of its own for a script in /etc.
const unitText = `[Unit]
Description=Starts a keepalived that hangs again
After=keepalived.service
PartOf=keepalived.service
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/bash ${script}
Restart=always

[Install]
WantedBy=keepalived.service
`
