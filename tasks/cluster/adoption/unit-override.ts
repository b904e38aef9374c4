import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { commentOut, type Place } from '../../commented-out.ts'

/** What `systemctl edit keepalived` writes. */
export const unitOverride = '/etc/systemd/system/keepalived.service.d/override.conf'

/**
 * keepalived's unit does not run the article's routes.sh: ours has its name, and our drop-in runs it where a level needs
 * it. Another configuration file in the override is refused, everything else stays.
 */
export const withoutRoutesScript = (script: string, conf: string): Task => ({
  name: `${unitOverride} leaves ${script} to the playbooks`,
  key: `${script} by hand in the unit`,
  resources: [unitOverride],
  probe: sh`cat ${unitOverride} 2>/dev/null || true`,
  plan: ({ text }) => {
    const rows = text.split('\n').map((text, index): Place => ({ path: unitOverride, line: index + 1, text }))
    const other = rows.find(({ text }) => /^\s*ExecStart\s*=.*\s(-f|--use-file)\b/.test(text) && !text.includes(conf))
    if (other)
      throw new UserError(
        `${other.path}:${other.line} starts keepalived with another configuration file ("${other.text.trim()}"): take that out`,
        1,
      )
    const found = rows.filter(({ text }) => isRun(text, script))
    return found.length === 0 ? unchanged() : commentOut(found, '#')
  },
})

const isRun = (row: string, script: string) =>
  /^\s*ExecStart(Pre|Post)\s*=/.test(row) &&
  row.split(/[=\s]+/).some((word) => word.replace(/^[-+!@:]+/, '') === script)
