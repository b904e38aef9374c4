import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Where the project lies. */
export const root: string = fileURLToPath(new URL('..', import.meta.url))

/** The program zx. */
export const zx = 'node_modules/zx/build/cli.js'

/** Runs a script with Node. @returns what it printed @throws where it does not end well */
export function run(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** @returns the seconds that work takes */
export async function secondsOf(work: () => unknown): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

export const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
