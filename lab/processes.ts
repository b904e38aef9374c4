import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** @returns the processes of any parent whose command line has all these words */
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
export const killGroup = (pid: number): void => void signalGroup(pid, 'SIGKILL')

/** Ends them, and returns when they are gone: a large one takes a second to give its memory back. */
export async function endGroup(pid: number): Promise<void> {
  const deadline = performance.now() + 5000
  while (signalGroup(pid, 'SIGKILL') && performance.now() < deadline) await sleep(20)
}

/** @returns whether there was one to signal */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}
