import { type Script, sh } from '../../../engine/base/sh.ts'
import type { Task } from '../../../engine/runner/task.ts'
import type { Host } from '../../../inventory/types.ts'
import { file, ownFile } from '../../../tasks/file.ts'
import { service } from '../../../tasks/service.ts'
import type { Target } from '../../../tasks/target.ts'

const programFile = '/usr/local/lib/banner'
const socketUnit = '/etc/systemd/system/banner.socket'
const serviceUnit = '/etc/systemd/system/banner@.service'

/** @returns what a node answers */
export const answer = ({ identity }: Pick<Host, 'identity'>): string => `=${identity}=`

/** The program that systemd runs for each connection. The question is untrusted, and may come late or never. */
export const program = (host: Pick<Host, 'identity'>): Script => sh`
printf '%s\n' ${answer(host)}
read -r -t 5 -n 200 question && printf '%s %s\n' "$REMOTE_ADDR" "$question" | tr -c 'A-Za-z0-9. \n-' '?' >&2
exit 0
`

/** systemd listens, and answers each connection by a program of its own (systemd.socket(5), `Accept`). */
export const bannerTasks = ({ host }: Target, port: number): Task[] => [
  file(programFile, `#!/bin/bash\n${ownFile}${program(host).text}`, { mode: '755' }),
  file(
    serviceUnit,
    `${ownFile}[Unit]
CollectMode=inactive-or-failed

[Service]
ExecStart=${programFile}
DynamicUser=yes
StandardInput=socket
StandardError=journal
`,
  ),
  file(
    socketUnit,
    `${ownFile}[Socket]
ListenStream=0.0.0.0:${port}
Accept=yes

[Install]
WantedBy=sockets.target
`,
  ),
  service('banner.socket', { restartOn: [socketUnit], unitFiles: [serviceUnit, socketUnit] }),
]
