import { setTimeout as sleep } from 'node:timers/promises'

/** Time for code that waits; tests turn a clock of their own. */
export interface Clock {
  /** Milliseconds since a moment that stays the same. */
  now(): number
  /** Waits so many milliseconds. */
  sleep(milliseconds: number): Promise<void>
}

export const realClock: Clock = { now: () => performance.now(), sleep: (milliseconds) => sleep(milliseconds) }
