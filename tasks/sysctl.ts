import { type Script, sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { file, ownFile } from './file.ts'

/**
 * Kernel settings, live and at boot.
 * @param bootFile below /etc/sysctl.d; it holds these settings and no others
 */
export const sysctl = (bootFile: string, settings: Readonly<Record<string, number>>): Task[] => [
  file(bootFile, bootText(settings)),
  ...Object.entries(settings).map(([key, value]) => live(key, value, probe(Object.keys(settings)))),
]

const bootText = (settings: Readonly<Record<string, number>>) =>
  ownFile +
  Object.entries(settings)
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')

// sysctl(8) belongs to a package that a small server may lack; the file is always there.
const pathOf = (key: string) => `/proc/sys/${key.replace(/[./]/g, (sign) => (sign === '.' ? '/' : '.'))}`

// All in one, without a process for each.
const probe = (keys: readonly string[]) => sh`
for path in ${keys.map(pathOf)}; do
  { read -r value <"$path" && echo "$path=$value"; } 2>/dev/null
done`

function live(key: string, value: number, probe: Script): Task {
  const path = pathOf(key)
  return {
    name: `sysctl ${key} = ${value}`,
    key: `sysctl ${key}`,
    probe,
    plan: ({ text }) => {
      const found = text
        .split('\n')
        .find((row) => row.startsWith(`${path}=`))
        ?.slice(path.length + 1)
      if (found === String(value)) return unchanged()
      return {
        before: found ? `${key} = ${found}` : '',
        after: `${key} = ${value}`,
        apply: sh`echo ${value} >${path}`,
        // The interface may be gone by then, and its settings with it.
        undo: found ? sh`[ ! -e ${path} ] || echo ${found} >${path}` : sh`true`,
      }
    },
  }
}
