import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { Outcome } from './transport.ts'

/** A script on its way to a bash. */
export interface BashCall {
  /** What `bash -c` runs. Every login shell takes it as one word in single quotes. */
  program: string
  /** What goes to its stdin. */
  input: string
  /** The line on its stdout that says it has begun; all before it is not the script's. */
  ready: string
}

/**
 * Prepares a script for a bash that reads it whole from stdin and only then runs it: stdin is at its end by
 * then, so no command in it can eat what follows, and of a script that did not arrive whole nothing runs.
 */
export function bashCall(script: string): BashCall {
  const id = randomBytes(9).toString('hex')
  const ready = `ready-${id}`
  const end = `end-${id}`
  return {
    ready: `${ready}\n`,
    input: script + end,
    program:
      `echo ${ready}; _script=$(cat); [ "\${_script: -${end.length}}" = ${end} ] || exit 1; ` +
      `eval "\${_script%${end}}"`,
  }
}

/** A running bash, here or on a host: a child process, or a channel of ssh2. */
interface BashProcess {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** `code` is null after a signal, undefined where the connection went first. */
  on(event: 'close', listener: (code?: number | null) => void): unknown
}

/** How a bash ended. */
export interface Ending {
  /** Whether it had begun at all. */
  ready: boolean
  stdout: Buffer
  stderr: string
  code: Outcome['code'] | undefined
}

export interface TalkOptions {
  /** Called with each piece of the script's stdout. */
  onStdout?: (chunk: Buffer) => void
  /** A question on stderr to be answered before bash begins. Without one the script is sent at once. */
  question?: Question
}

/** What a program asks on stderr, and the answer. */
export interface Question {
  text: string
  answer: string
}

/**
 * Hands a script over to a bash that was started for it, and gathers what it prints.
 * The question is answered once; the script is sent when bash has begun, so that neither is taken for the other.
 */
export function talk(
  bash: BashProcess,
  { input, ready }: BashCall,
  { onStdout, question }: TalkOptions,
): Promise<Ending> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  let before: Buffer | undefined = Buffer.alloc(0)
  let asked = 0

  // A bash that ends early breaks the pipe; how it ended says more.
  bash.stdin.on('error', () => {})
  if (!question) bash.stdin.end(input)

  bash.stdout.on('data', (chunk: Buffer) => {
    let own = chunk
    if (before) {
      before = Buffer.concat([before, chunk])
      const at = before.indexOf(ready)
      if (at < 0) return
      own = before.subarray(at + ready.length)
      before = undefined
      if (question) bash.stdin.end(input)
    }
    if (own.length === 0) return
    stdout.push(own)
    onStdout?.(own)
  })

  bash.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk)
    if (!question || !before) return
    const times = Buffer.concat(stderr).toString().split(question.text).length - 1
    if (times === asked) return
    asked = times
    if (times === 1) bash.stdin.write(`${question.answer}\n`)
    // Asked again: the answer was wrong, and there is no other.
    else bash.stdin.end()
  })

  return new Promise((resolve) => {
    bash.on('close', (code) => {
      const printed = Buffer.concat(stderr).toString()
      resolve({
        ready: !before,
        stdout: Buffer.concat(stdout),
        stderr: question ? printed.split(question.text).at(-1)! : printed,
        code,
      })
    })
  })
}
