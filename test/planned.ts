import type { Facts } from '../engine/runner/facts.ts'
import { type Change, isChange, type Planned, type Task } from '../engine/runner/task.ts'

/** Of a host of Debian. */
export const facts: Facts = {
  ids: ['debian'],
  os: 'Debian GNU/Linux 12 (bookworm)',
  release: '12',
  keepalived: '2.2.7',
  hostname: 'ns1',
  kernel: '6.1.0',
  bootId: '00000000-0000-0000-0000-000000000000',
  machineId: '00000000000000000000000000000000',
  now: 1_700_000_000,
  init: 'systemd',
  selinux: 'absent',
  firewalls: [],
  interfaces: {},
}

const nothingPlanned: Planned = { changes: () => false }

/** What a task makes of what its probe printed. */
export function change(task: Task, text: string, code = 0, planned = nothingPlanned): Change | undefined {
  const answer = task.plan({ text, code }, planned)
  return isChange(answer) ? answer : undefined
}

/** A row of a table: a name, the task, what its probe printed, and the state before; undefined for no change. */
export type Row = [name: string, task: Task, printed: string, before: string | undefined, code?: number]
