import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { labFolder } from './paths.ts'

/** What the cluster's network does to frames. */
export interface Disturbance {
  /** How many of a hundred are lost. */
  percent: number
  /** How late the others come at most: each by another time, so that they overtake each other. */
  milliseconds: number
}

const file = join(labFolder, 'disturbed')

/** @returns what was written last; nothing is disturbed where that is nothing */
export function disturbance(): Disturbance {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Disturbance
  } catch {
    return { percent: 0, milliseconds: 0 }
  }
}

export const writeDisturbance = (wanted: Disturbance): void => writeFileSync(file, JSON.stringify(wanted))
