import { posix } from 'node:path'
import type { Task } from '../engine/runner/task.ts'
import { template } from './template.ts'

/** The path of the playbooks' drop-in for a unit. */
export const dropInPath = (unit: string): string =>
  posix.join('/etc/systemd/system', `${unit}.d`, 'keepalived-playbooks.conf')

/** A drop-in for a unit, from a template; the unit's service task makes systemd read it. */
export const systemdDropIn = (unit: string, templateName: string, data: object): Task =>
  template(dropInPath(unit), templateName, data)
