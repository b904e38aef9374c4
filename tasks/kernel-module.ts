import { sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'

/** A kernel module is loaded now and at every boot, before the sysctls that it brings are set. */
export const kernelModule = (name: string): Task[] => [
  file(`/etc/modules-load.d/${name}.conf`, `${ownFile}${name}\n`),
  {
    name: `kernel module ${name} is loaded`,
    key: `kernel module ${name}`,
    resources: [`module ${name}`],
    probe: sh`[ -d ${`/sys/module/${name}`} ]`,
    plan: ({ code }) =>
      code === 0
        ? unchanged()
        : { before: '', after: name, apply: sh`modprobe -- ${name}`, undo: sh`modprobe -r -- ${name} || true` },
  },
]
