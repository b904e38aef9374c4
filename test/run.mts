// Runs the test files: those without machines first, then those on the lab, one after the other.
//   node test/run.mts [PATTERN]     only files whose path contains PATTERN
// A file that runs no test, skips one, or never ends has failed.
import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { labDown } from '../lab/lab.ts'
import { ensureRequirements } from '../lab/requirements.ts'
import { inCi } from '../runner/options.ts'
import { ensureTools } from './tools.ts'

const minutesForOneFile = 50
const root = fileURLToPath(new URL('..', import.meta.url))

interface Outcome {
  passed: number
  failed: number
}

/** Runs one file and reads uvu's account: `Total: 3`, `Passed: 3`, `Skipped: 0`. */
function runFile(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const began = performance.now()
    const child = spawn(process.execPath, [file], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), minutesForOneFile * 60_000)
    let output = ''
    const hear = (chunk: Buffer) => {
      output += chunk
      process.stdout.write(chunk)
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      const sum = (word: string) =>
        [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, match) => n + Number(match[1]), 0)
      const [total, passed, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')]
      const why = whyFailed(code, signal, total, skipped)
      if (why) console.log(`FAILED ${file}: ${why}`)
      console.log(`${file}: ${passed} of ${total} passed, ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
      resolve({ passed, failed: Math.max(total - passed, why ? 1 : 0) })
    })
  })
}

function whyFailed(code: number | null, signal: string | null, total: number, skipped: number): string | undefined {
  if (signal === 'SIGKILL') return `no end within ${minutesForOneFile} minutes`
  if (code !== 0) return `exit code ${code ?? signal}`
  if (total === 0) return 'it ran no test'
  if (skipped > 0) return `${skipped} tests were skipped`
}

const pattern = process.argv[2] ?? ''
// Everything, on a machine that may have nothing yet.
if (!pattern) {
  for (const ensure of [ensureRequirements, ensureTools])
    await ensure(inCi(), (line) => console.log(line)).catch((error: Error) => {
      console.error(error.message)
      process.exit(1)
    })
}
const files = [
  ...globSync('test/*.test.mts', { cwd: root }).sort(),
  ...globSync('test/lab/*.test.mts', { cwd: root }).sort(),
]
const chosen = files.filter((file) => file.includes(pattern))
const all: Outcome = { passed: 0, failed: chosen.length === 0 ? 1 : 0 }
for (const file of chosen) {
  const { passed, failed } = await runFile(file)
  all.passed += passed
  all.failed += failed
}
if (!pattern) await labDown()
console.log(`${all.passed} passed, ${all.failed} failed`)
process.exitCode = all.failed > 0 ? 1 : 0
