import { type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'

/**
 * A kernel module is loaded now and at every boot, before the sysctls that it brings are set.
 * @param isIdle ends with 0 where nobody else works with it, so that it may be unloaded again; the kernel knows that of many itself
 */
export const kernelModule = (name: string, isIdle: Script = sh`true`): Task[] => [
  file(`/etc/modules-load.d/${name}.conf`, `${ownFile}${name}\n`),
  {
    name: `kernel module ${name} is loaded`,
    key: `kernel module ${name}`,
    resources: [`module ${name}`],
    probe: sh`[ -d ${`/sys/module/${name}`} ]`,
    plan: ({ code }) =>
      code === 0
        ? unchanged()
        : {
            before: '',
            after: name,
            apply: sh`modprobe -- ${name}`,
            undo: sh`if ${isIdle}; then modprobe -r -- ${name} || true; fi`,
          },
  },
]
