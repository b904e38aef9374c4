import { lines, type Script, sh } from '../../base/sh.ts'

/** The name of the host's timer that heals it, and of packet filter rules of drills. */
export const drillUnit = 'keepalived-playbooks-drill'

/** Makes the host run a script after some seconds. `--collect` removes a failed unit of an earlier drill. */
const later = (seconds: number, script: Script): Script =>
  sh`systemd-run --quiet --collect --unit ${drillUnit} --timer-property=AccuracySec=1s --on-active ${`${seconds}s`} bash -c ${script.text} || exit 1`

/** The healing timer is set before the fault, so that a lost connection leaves no fault behind. */
export const hurtFor = (seconds: number, heal: Script, hurt: Script): Script => lines(later(seconds, heal), hurt)
