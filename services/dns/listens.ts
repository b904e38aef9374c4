import { sh } from '../../engine/base/sh.ts'
import { type Task, unchanged } from '../../engine/runner/task.ts'
import { beginCopy, endCopy } from '../../tasks/line.ts'
import { installedPackages } from '../../tasks/packages.ts'

const mark = '// taken over by keepalived-playbooks: '
const localOnly =
  '[[:space:]]*listen-on([[:space:]]+port[[:space:]]+53)?[[:space:]]*\\{[[:space:]]*127\\.0\\.0\\.1;[[:space:]]*\\};'

/** named listens on all addresses, and not on that of the host itself alone, as it is installed by some distributions. */
export const listens = (conf: string): Task => ({
  name: 'named listens on all addresses',
  key: `listen-on in ${conf}`,
  resources: [conf],
  probe: sh`grep -E ${`^${localOnly}`} ${conf} 2>/dev/null || [ -e ${conf} ]`,
  plan: ({ text, code }, planned) => {
    // The package of this run may bring such a line.
    if (text === '' && !(code !== 0 && planned.changes(installedPackages))) return unchanged()
    return {
      before: text.trim(),
      after: text.trim().replaceAll(/^/gm, mark),
      apply: edit(conf, `s@^${localOnly}@${mark}&@`),
      undo: edit(conf, `s@^${mark}(${localOnly})@\\1@`),
    }
  },
})

const edit = (conf: string, command: string) => sh`
if [ -e ${conf} ]; then
  ${beginCopy(conf)}
  sed -E ${command} ${conf} >"$file"
  ${endCopy}
fi`
