import { posix } from 'node:path'
import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { commentOut, type Place } from '../../commented-out.ts'
import type { Target } from '../../target.ts'

/**
 * No other file sets these kernel settings otherwise at boot: those that sort after ours win (sysctl.d(5)). What sorts
 * before it, as /etc/sysctl.conf by its link, stays: ours wins.
 */
export const noOtherSysctls = (
  bootFile: string,
  settings: Readonly<Record<string, number>>,
  { takeOver }: Pick<Target, 'takeOver'>,
): Task => ({
  name: `no file after ${bootFile} sets its settings otherwise`,
  key: 'sysctls of others',
  probe: sh`grep -HnsE '^[^#;]+=' /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf || true`,
  plan: ({ text }) => {
    const found = text.split('\n').flatMap((row): Place[] => {
      const [, path, number, line] = row.match(/^(\/.*?):(\d+):(.*)$/) ?? []
      if (!path || posix.basename(path) <= posix.basename(bootFile)) return []
      const [name, value] = line!.split('=').map((part) => part.trim())
      const wanted = settings[keyOf(name!)]
      return wanted === undefined || value === String(wanted) ? [] : [{ path, line: Number(number), text: line! }]
    })
    const [first] = found
    if (!first) return unchanged()
    if (takeOver) return commentOut(found, '#')
    throw new UserError(
      `${first.path}:${first.line} sets "${first.text.trim()}", and wins at boot over ${bootFile}: take that out, or add --take-over`,
      1,
    )
  },
})

/** Where a slash comes first, slashes separate and dots belong to names (sysctl.d(5)); a minus lets it fail. */
function keyOf(name: string): string {
  const plain = name.replace(/^-\s*/, '')
  const [separator] = plain.match(/[./]/) ?? ['.']
  const key = separator === '.' ? plain : plain.replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'))
  // Two names of one switch.
  return key === 'net.ipv4.conf.all.forwarding' ? 'net.ipv4.ip_forward' : key
}
