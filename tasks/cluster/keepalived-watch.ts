import type { Task } from '../../engine/runner/task.ts'
import { file, ownFile } from '../file.ts'
import { service } from '../service.ts'
import { template } from '../template.ts'

const script = '/etc/keepalived/keepalived-watch.sh'
const unit = 'keepalived-watch.service'
const unitFile = `/etc/systemd/system/${unit}`

/** A keepalived that hangs is started again, as systemd does with one that has ended (acassen/keepalived, issue 2528). */
export const keepalivedWatch = (): Task[] => [
  template(script, 'keepalived-watch.sh', {}, { mode: '755' }),
  file(unitFile, unitText),
  service(unit, { restartOn: [script], unitFiles: [unitFile] }),
]

// By bash: SELinux gives systemd no way to a domain of its own for a script in /etc.
const unitText = `${ownFile}[Unit]
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
