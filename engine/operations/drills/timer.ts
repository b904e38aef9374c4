import { type Script, sh } from '../../base/sh.ts'
import { scriptLater } from '../../base/timer.ts'

/** The name of the host's timer that heals it, and of packet filter rules of drills. */
export const drillUnit = 'keepalived-playbooks-drill'

/**
 * Injects a fault that the host itself heals after some seconds. The timer is set first, so that a lost connection leaves
 * no fault behind.
 */
export const hurtFor = (seconds: number, heal: Script, hurt: Script): Script => sh`
${scriptLater(drillUnit, seconds, heal)} || exit 1
${hurt}`
