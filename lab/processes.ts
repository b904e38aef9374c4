import { readdirSync, readFileSync } from 'node:fs'

/** @returns the processes whose command line has all these words, whoever started them */
export function processesWith(...words: string[]): number[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!pid) return []
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      return words.every((word) => command.includes(word)) ? [pid] : []
    } catch {
      // It has ended meanwhile.
      return []
    }
  })
}

/** Ends a process and all that it has started, at once; one that has ended already is no error. */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It was faster.
  }
}
