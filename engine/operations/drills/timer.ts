import { lines, type Script, sh } from '../../base/sh.ts'

/** The name of the host's timer that heals it, and of packet filter rules of drills. */
export const drillUnit = 'keepalived-playbooks-drill'

/** Makes the host run a script after some seconds. `--collect`: a timer that failed before is not in the way. */
const later = (seconds: number, script: Script): Script =>
  sh`systemd-run --quiet --collect --unit ${drillUnit} --on-active ${`${seconds}s`} bash -c ${script.text} || exit 1`

/** Sets the timer to heal first, so that the host heals itself whatever becomes of the connection. */
export const hurtFor = (seconds: number, heal: Script, hurt: Script): Script => lines(later(seconds, heal), hurt)
