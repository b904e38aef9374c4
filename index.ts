// What playbooks and tasks of your own import: see docs/writing-playbooks.md and docs/writing-tasks.md.
export { lines, type Script, sh } from './engine/base/sh.ts'
export { exitCode, UserError } from './engine/base/errors.ts'
export type { Facts } from './engine/runner/facts.ts'
export {
  barrier,
  type Change,
  type Planned,
  type Printed,
  tagged,
  type Task,
  type TaskTree,
  type Unchanged,
  unchanged,
  unknown,
} from './engine/runner/task.ts'
export { type Playbook, playbook, type TaskList } from './engine/commands/playbook.ts'
export type { Cluster, Host } from './inventory/types.ts'
export { type Content, file, type FileOptions } from './tasks/file.ts'
export { packages } from './tasks/packages.ts'
export { kernelModule } from './tasks/kernel-module.ts'
export { line, type LineOptions } from './tasks/line.ts'
export { service, type ServiceOptions } from './tasks/service.ts'
export { sysctl } from './tasks/sysctl.ts'
export type { Target } from './tasks/target.ts'
