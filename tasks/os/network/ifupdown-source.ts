import { posix } from 'node:path'
import { sh } from '../../../engine/base/sh.ts'
import type { Task } from '../../../engine/runner/task.ts'
import { line } from '../../line.ts'

const main = '/etc/network/interfaces'

/**
 * ifupdown reads a file of ours, and no other that it did not read before: where no pattern of the administrator's takes the
 * file in, it is named alone, since its folder may hold old copies of others (interfaces(5), `source`).
 */
export function sourced(path: string): Task {
  const { dir: folder, base: name } = posix.parse(path)
  const entry = line(main, `source ${path}`)
  // Of other names, source-directory takes none.
  const folders = /^[\w-]+$/.test(name) ? [folder, `${folder}/`] : []
  return {
    ...entry,
    // As older versions named their line, for the whole folder: where it is still there, teardown takes it out.
    key: `line in ${main}: source /etc/network/interfaces.d/*`,
    probe: sh`
while read -r word pattern _ || [ -n "$word" ]; do
  case $pattern in /*) ;; *) pattern=${posix.dirname(main)}/$pattern ;; esac
  case $word in
  source) case ${path} in $pattern) exit 0 ;; esac ;;
  source-directory) for directory in ${folders}; do case $directory in $pattern) exit 0 ;; esac; done ;;
  esac
done 2>/dev/null <${main}
${entry.probe}`,
  }
}
