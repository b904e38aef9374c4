import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { commentOut, type Place } from '../../commented-out.ts'
import { dropInPath } from '../../systemd-dropin.ts'

/** What `systemctl edit keepalived` writes. */
export const unitOverride = '/etc/systemd/system/keepalived.service.d/override.conf'

/**
 * keepalived's unit does not run the article's routes.sh: ours has its name, and our drop-in runs it where a level needs
 * it. Another configuration file, or a part of keepalived alone, is refused; everything else stays.
 */
export const withoutRoutesScript = (script: string, conf: string): Task => ({
  name: `${unitOverride} leaves ${script} to the playbooks`,
  key: `${script} by hand in the unit`,
  resources: [unitOverride],
  probe: sh`
paths=()
for path in /etc/{default,sysconfig}/keepalived /{etc,run}/systemd/system/keepalived.service{,.d/*.conf}; do
  [ "$path" = ${dropInPath('keepalived.service')} ] || paths+=("$path")
done
grep -Hns '' -- "\${paths[@]}" || true`,
  plan: ({ text }) => {
    const rows = [...text.matchAll(/^(\/.*?):(\d+):(.*)$/gm)].map(([, path, line, text]): Place => {
      return { path: path!, line: Number(line), text: text! }
    })
    for (const { path, line, text } of rows) {
      const why = whyNot(text, conf)
      if (why) throw new UserError(`${path}:${line} starts ${why} ("${text.trim()}"): take that out`, 1)
    }
    const found = rows.filter(({ text }) => isRun(text, script))
    return found.length === 0 ? unchanged() : commentOut(found, '#')
  },
})

/** @returns what a line starts in place of keepalived with its configuration */
function whyNot(row: string, conf: string): string | undefined {
  const [, value] =
    row.match(/^\s*(?:export\s+)?(?:ExecStart|Environment|\w*(?:ARGS|OPTIONS|OPTS|FLAGS))\s*=(.*)$/) ?? []
  if (value === undefined) return undefined
  const words = value.split(/[\s"'=]+/)
  const file = words.flatMap((word, place) => {
    if (/^(-\w*f|--use-file)$/.test(word)) return words[place + 1] ?? []
    return word.match(/^-\w*?f(\/.*)$/)?.[1] ?? []
  })
  if (file.some((path) => path !== conf)) return 'keepalived with another configuration file'
  if (words.some((word) => /^(-[A-Za-z]*P[A-Za-z]*|--vrrp)$/.test(word))) return 'the VRRP part of keepalived alone'
  if (words.some((word) => /^(-[A-Za-z]*C[A-Za-z]*|--check)$/.test(word))) return 'the checks of keepalived alone'
  return undefined
}

const isRun = (row: string, script: string) =>
  /^\s*ExecStart(Pre|Post)\s*=/.test(row) &&
  row.split(/[=\s]+/).some((word) => word.replace(/^[-+!@:]+/, '') === script)
