import type { Clock } from '../engine/base/clock.ts'

/** A clock without real waiting: each sleep only advances it. */
export function hurriedClock(): Clock {
  let now = 0
  return {
    now: () => now,
    sleep: async (milliseconds) => {
      now += milliseconds
    },
  }
}
