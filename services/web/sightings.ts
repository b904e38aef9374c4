import { sh } from '../../engine/base/sh.ts'
import type { Sightings } from '../service.ts'

/** The log of our site, which has questions with a label alone, since checks come all the time. */
export const questionLog = '/var/log/nginx/keepalived-questions.log'

/** Of our site, which logs at all times. */
export const sightings: Sightings = {
  isOn: sh`true`,
  on: sh`true`,
  off: sh`true`,
  print: (tag) => sh`grep -aF ${` ${tag}`} ${questionLog}`,
}
