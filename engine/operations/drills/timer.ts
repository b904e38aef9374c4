import { type Script, sh } from '../../base/sh.ts'

/** The name of the host's timer that heals it, and of packet filter rules of drills. */
export const drillUnit = 'keepalived-playbooks-drill'

/**
 * Injects a fault that the host itself heals after some seconds. The timer is set first, so that a lost connection leaves
 * no fault behind; `--collect` removes a failed unit of an earlier drill.
 */
export const hurtFor = (seconds: number, heal: Script, hurt: Script): Script => sh`
systemd-run --quiet --collect --unit ${drillUnit} --timer-property=AccuracySec=1s --on-active ${`${seconds}s`} bash -c ${heal.text} || exit 1
${hurt}`
