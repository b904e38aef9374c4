import type { Task } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'
import { service } from './service.ts'

/**
 * A unit of our own: written, enabled and at work.
 * @param name with its kind: `keepalived-watch.service`
 * @param scripts files that it takes up by a restart
 */
export function ownUnit(name: string, text: string, scripts: readonly string[]): Task[] {
  const unitFile = `/etc/systemd/system/${name}`
  return [file(unitFile, `${ownFile}${text}`), service(name, { restartOn: scripts, unitFiles: [unitFile] })]
}
