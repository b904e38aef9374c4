import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** One bash for all scripts, one after the other, each in a subshell: to start one for each takes longer than all else. */
export class Bash {
  readonly #process = spawn(
    'bash',
    ['--norc', '-c', `while read -rd ''; do (eval "$REPLY") >&2 </dev/null; echo $?; done`],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  )
  readonly #waiting: ((code: string) => void)[] = []

  constructor() {
    createInterface(this.#process.stdout).on('line', (code) => this.#waiting.shift()!(code))
  }

  /** Runs a script that prints nothing. @throws Error where it fails */
  async run(script: string): Promise<string> {
    this.#process.stdin.write(`${script}\0`)
    const code = await new Promise<string>((resolve) => this.#waiting.push(resolve))
    if (code !== '0') throw new Error(`exit code ${code}: ${script}`)
    return ''
  }

  end(): void {
    this.#process.stdin.end()
  }
}
