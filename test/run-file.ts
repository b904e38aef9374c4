import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** How a test file ended. */
export interface Outcome {
  file: string
  passed: number
  failed: number
  /** Why the file has failed; undefined for one that has not. */
  why?: string
  /** The tests that failed, each with the first line of the reason. */
  names: string[]
}

interface Limits {
  minutes: number
  env?: Record<string, string>
  checkout?: string
  within?: readonly string[]
}

/** The process groups of the files that are running. */
const groups = new Set<number>()

/** Ends all files that are running, with all that they have started. */
export function endAll(signal: NodeJS.Signals): void {
  for (const group of groups) end(group, signal)
}

function end(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal)
  } catch {
    // It has ended by itself.
  }
}

/**
 * Runs one test file.
 * @param limits minutes after which it is ended, with all that it has started, more of the environment, the checkout
 *   that it belongs to, and the command that runs it
 * @param hear called with its output as it comes
 */
export function runFile(
  file: string,
  { minutes, env, checkout = root, within = [] }: Limits,
  hear: (chunk: Buffer) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const [program, ...words] = [...within, process.execPath, file]
    const child = spawn(program, words, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
      // What is compiled once serves all files, and the programs that they start.
      env: { ...process.env, ...env, FORCE_COLOR: '0', NODE_COMPILE_CACHE: `${root}node_modules/.cache/node` },
      // A process group of its own: what hangs may be a program that the file has started.
      detached: true,
    })
    const group = child.pid!
    groups.add(group)
    let late = false
    const timer = setTimeout(() => {
      late = true
      end(group, 'SIGKILL')
    }, minutes * 60_000)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk
        hear(chunk)
      })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      groups.delete(group)
      const account = readAccount(output)
      const why = late ? `no end within ${minutes} minutes` : whyFailed(account, code ?? signal)
      resolve({ ...account, file, failed: Math.max(account.total - account.passed, why ? 1 : 0), why })
    })
  })
}

/**
 * Reads what uvu prints: `Total: 3`, `Passed: 3`, `Skipped: 0`, and for each test that failed ` FAIL  "name"` with the reason
 * on the lines after it.
 */
function readAccount(output: string): { total: number; passed: number; skipped: number; names: string[] } {
  const sum = (word: string) =>
    [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, match) => n + Number(match[1]), 0)
  const names = [...output.matchAll(/^ {3}FAIL .*?"(.*)"\n *(.*)$/gm)].map(([, name, reason]) => `${name}: ${reason}`)
  return { total: sum('Total'), passed: sum('Passed'), skipped: sum('Skipped'), names }
}

type Account = ReturnType<typeof readAccount>

function whyFailed({ total, passed, skipped }: Account, end: number | NodeJS.Signals | null): string | undefined {
  if (passed < total) return `${total - passed} of ${total} tests failed`
  if (end !== 0) return `exit code ${end}`
  if (total === 0) return 'it ran no test'
  if (skipped > 0) return `${skipped} tests were skipped`
}
