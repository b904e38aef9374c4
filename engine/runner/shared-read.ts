import { lines, Script } from '../base/sh.ts'

/**
 * Reads things of one kind at once, and defines the bash functions that print one of them. Prints nothing itself.
 * @param words what is read: paths, names of units
 */
export type Reading = (words: readonly string[]) => Script

/**
 * A probe that reads what others read too. By itself it is a whole script; in a batch, the words of all probes with the same
 * reading are read once, before the first: processes are what reading a host costs.
 */
export class SharedRead extends Script {
  readonly reading: Reading
  readonly words: readonly string[]
  readonly print: Script

  /** @param print calls functions of the reading; it runs in the shell of the batch, and may neither end it nor change how it works */
  constructor(reading: Reading, words: readonly string[], print: Script) {
    super(lines(reading(words), print).text)
    this.reading = reading
    this.words = words
    this.print = print
  }
}

/** @returns what reads all that probes share */
export function readOnce(probes: readonly Script[]): Script {
  const words = new Map<Reading, Set<string>>()
  for (const probe of probes) {
    if (!(probe instanceof SharedRead)) continue
    const known = words.get(probe.reading) ?? new Set()
    words.set(probe.reading, new Set([...known, ...probe.words]))
  }
  return lines(...[...words].map(([reading, all]) => reading([...all])))
}
