import { sh } from '../../engine/base/sh.ts'
import type { Sightings } from '../service.ts'

/** The log of our site, which has questions with a label alone, since checks come all the time. */
export const questionLog = '/var/log/nginx/keepalived-questions.log'

/** @param managed whether the site is ours; where others log to is not known */
export const sightings = (managed: boolean): Sightings => ({
  isOn: managed ? sh`true` : sh`false`,
  on: sh`true`,
  off: sh`true`,
  print: (tag) => (managed ? sh`grep -aF ${` ${tag}`} ${questionLog}` : sh`true`),
})
