import { posix } from 'node:path'
import { lines, type Script, sh } from '../base/sh.ts'
import { scriptLater } from '../base/timer.ts'

/**
 * Sets or clears a drain or standby file, which keepalived follows.
 * @param lasts seconds after which the host clears it by itself, also without a connection; absent where it is to stay
 */
export function setFlag(file: string, value: boolean, lasts?: number): Script {
  const unit = `keepalived-playbooks-flag-${posix.basename(file)}`
  const atBoot = `/etc/tmpfiles.d/${unit}.conf`
  const there = sh`[ -e ${file} ] || { echo ${`there is no ${file}: run the level playbook first`} >&2; exit 1; }`
  const set = sh`echo ${value ? 1 : 0} >${file}`
  const forget = sh`rm -f -- ${atBoot}`
  const onDisk = lines(set, sh`sync ${file}`)
  const kept = value ? lines(forget, onDisk) : lines(onDisk, forget)
  if (lasts === undefined) return lines(there, kept)
  const clear = sh`echo 0 >${file}; rm -f -- ${atBoot}`
  return lines(
    there,
    sh`systemctl stop ${`${unit}.timer`} 2>/dev/null || true`,
    // The timer comes first: a playbook that dies in between leaves nothing set. A power failure ends timers, so that the boot
    // clears it, before keepalived starts (tmpfiles.d(5)).
    ...(value
      ? [
          sh`${scriptLater(unit, lasts, clear)} || exit 1`,
          sh`echo ${`w! ${file} - - - - 0`} >${atBoot} && sync ${atBoot} || exit 1`,
          set,
        ]
      : [kept]),
  )
}
