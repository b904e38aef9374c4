import type { Clock } from '../engine/base/clock.ts'

/** What a file says, and what keepalived makes of it. */
export interface Flag {
  says: boolean
  shown: boolean
  /** When the two became so. */
  saidAt: number
  shownAt: number
}

/**
 * @param path of a drain or standby file
 * @returns the milliseconds until a director follows it; sometimes the holder is the last, sometimes another one
 */
export function latenessOf(path: string, holder: boolean): number {
  if (path === 'standby') return 40_000
  return holder === path.endsWith('ns3') ? 12_000 : 2000
}

/** keepalived, which follows its files late. */
export class Flags {
  readonly #clock: Clock
  readonly #flags = new Map<string, Flag>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @returns what the file said when it was last looked at */
  said = (key: string): boolean => this.#flags.get(key)?.says ?? false

  /** @param late milliseconds until it follows */
  look(key: string, says: boolean, late: number): Flag {
    const now = this.#clock.now()
    const flag = this.#flags.get(key) ?? { says: false, shown: false, saidAt: -Infinity, shownAt: -Infinity }
    this.#flags.set(key, flag)
    if (says !== flag.says) Object.assign(flag, { says, saidAt: now })
    if (flag.shown !== says && now - flag.saidAt >= late) Object.assign(flag, { shown: says, shownAt: now })
    return flag
  }
}
