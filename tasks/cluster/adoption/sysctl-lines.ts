import { posix } from 'node:path'
import { UserError } from '../../../engine/base/errors.ts'
import { sh } from '../../../engine/base/sh.ts'
import { type Task, unchanged } from '../../../engine/runner/task.ts'
import { commentOut, type Place } from '../../commented-out.ts'
import { inKey } from '../../sysctl.ts'
import type { Target } from '../../target.ts'

/**
 * No other file sets these kernel settings otherwise at boot: those that sort after ours win (sysctl.d(5)). What sorts
 * before it, as /etc/sysctl.conf by its link, stays: ours wins. networkd, which comes later, wins always.
 */
export const noOtherSysctls = (
  bootFile: string,
  settings: Readonly<Record<string, number>>,
  { takeOver, facts, host }: Pick<Target, 'takeOver' | 'facts' | 'host'>,
): Task => {
  const devices = [host.interface, host.second?.interface ?? '']
  return {
    name: `no file after ${bootFile} sets its settings otherwise`,
    key: 'sysctls of others',
    probe: probe(
      devices.flatMap((device) => {
        const found = facts.interfaces[device]
        return found?.manager === 'networkd' ? found.file : []
      }),
    ),
    plan: ({ text }) => {
      const found = text.split('\n').flatMap((row): Place[] => {
        const [, path, number, line] = row.match(/^(\/.*?):(\d+):(.*)$/) ?? []
        if (!path) return []
        const wins = path.includes('/sysctl.d/')
          ? after(path, bootFile, line!, settings)
          : !/Filter/i.test(line!) || devices.some((device) => `net.ipv4.conf.${inKey(device)}.rp_filter` in settings)
        return wins ? [{ path, line: Number(number), text: line! }] : []
      })
      const [first] = found
      if (!first) return unchanged()
      if (takeOver) return commentOut(found, '#')
      throw new UserError(
        `${first.path}:${first.line} sets "${first.text.trim()}", and wins at boot over ${bootFile}: take that out, or add --take-over`,
        1,
      )
    },
  }
}

// Of files of one name, the first folder's alone is read (sysctl.d(5)).
const probe = (networkFiles: readonly string[]) => sh`
declare -A seen
files=()
for file in {/etc,/run,/usr/local/lib,/usr/lib}/sysctl.d/*.conf; do
  [ "\${seen[\${file##*/}]:-}" ] || files+=("$file")
  seen[\${file##*/}]=1
done
grep -HnsE '^[^#;]+=' "\${files[@]}"
files=({/etc,/run,/usr/lib}/systemd/networkd.conf{,.d/*.conf})
for file in ${networkFiles}; do files+=("$file" {/etc,/run,/usr/lib}/systemd/network/"\${file##*/}".d/*.conf); done
${networkFiles.length > 0 ? sh`grep -HnsiE ${byNetworkd} "\${files[@]}"` : sh`true`}
true`

/** What takes forwarding, or the loose filter of level 3, away from an interface. */
const byNetworkd =
  '^[[:space:]]*(IPv4Forwarding[[:space:]]*=[[:space:]]*(0|no|n|false|f|off)|IPv4ReversePathFilter[[:space:]]*=[[:space:]]*strict)[[:space:]]*$'

/** Whether a line of a file sets one of these settings otherwise, after ours has. */
function after(path: string, bootFile: string, line: string, settings: Readonly<Record<string, number>>): boolean {
  if (posix.basename(path) <= posix.basename(bootFile)) return false
  const [name, value] = line.split('=').map((part) => part.trim())
  const key = keyOf(name!)
  const wanted = settings[aliases[key] ?? key] ?? (setsAll(key) ? settings['net.ipv4.ip_forward'] : undefined)
  return wanted !== undefined && value !== String(wanted)
}

/** Two names of one switch. */
const aliases: Readonly<Record<string, string>> = { 'net.ipv4.conf.all.forwarding': 'net.ipv4.ip_forward' }

/** A pattern leaves alone what a file names (sysctl.d(5)), and ours names no `all`, which sets every interface. */
function setsAll(key: string): boolean {
  if (!/[*?]/.test(key)) return false
  const pattern = key
    .replaceAll(/[.\\+^$(){}|[\]]/g, '\\$&')
    .replaceAll('*', '[^.]*')
    .replaceAll('?', '[^.]')
  return Object.keys(aliases).some((one) => new RegExp(`^${pattern}$`).test(one))
}

/** Where a slash comes first, slashes separate and dots belong to names (sysctl.d(5)); a minus lets it fail. */
function keyOf(name: string): string {
  const plain = name.replace(/^-\s*/, '')
  const [separator] = plain.match(/[./]/) ?? ['.']
  return separator === '.' ? plain : plain.replaceAll(/[./]/g, (sign) => (sign === '.' ? '/' : '.'))
}
