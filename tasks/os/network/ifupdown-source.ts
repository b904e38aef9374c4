import { posix } from 'node:path'
import { sh } from '../../../engine/base/sh.ts'
import { interfacesFunction } from '../../../engine/runner/ifupdown.ts'
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
${interfacesFunction}
# No star takes a slash in.
matches() { [[ $1 == $2 && \${1//[!\/]/} == "\${2//[!\/]/}" ]]; }
while read -r word pattern; do
  if [ "$word" = source ] && matches ${path} "$pattern"; then exit 0; fi
  for directory in ${folders}; do
    if [ "$word" = directory ] && matches "$directory" "$pattern"; then exit 0; fi
  done
done < <(interfaces ${main})
${entry.probe}`,
  }
}
