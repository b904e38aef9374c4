import { randomBytes } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import type { ExecutionOptions, Outcome } from './transport.ts'

/** A script on its way to a bash. */
export interface BashCall {
  /** The words that start the bash, without a single quote in them. */
  words: string[]
  /** What goes to its stdin, once it has printed `ready`. */
  input: string
  /** The line on its stdout that says it takes the script. */
  ready: string
  /** The line on its stdout and stderr that says that the script has arrived; all after it is the script's own. */
  whole: string
}

/**
 * Prepares a script for a bash that reads it from stdin by its length and only then runs it. A mark at both ends
 * shows that none of it is missing: otherwise nothing runs. What a login shell has set is not taken over.
 * @param limit seconds after which the script, with all that it has started, is ended
 */
export function bashCall(script: string, limit?: number): BashCall {
  const id = randomBytes(9).toString('hex')
  const [ready, whole, begin, end] = ['ready', 'whole', 'begin', 'end'].map((mark) => `${mark}-${id}`)
  const input = `${begin}${script}${end}`
  const program = [
    // Privileged mode imports no functions and options; a bash that the script starts would.
    'unset BASH_ENV ENV; export -n SHELLOPTS BASHOPTS',
    `echo ${ready}`,
    // GNU's head reads not one byte more, so the rest of stdin stays the script's.
    `_script=$(head -c ${Buffer.byteLength(input)})`,
    `case $_script in ${begin}*${end}) echo ${whole}; echo ${whole} >&2;; *) exit 1;; esac`,
    `_script=\${_script#${begin}}`,
    `eval "\${_script%${end}}"`,
  ].join('; ')
  const bash = ['bash', '--norc', '-p', '-c']
  return {
    // A sudo that allows bash alone does not allow timeout.
    words:
      limit === undefined
        ? [...bash, program]
        : [...bash, `exec timeout -k 5 ${limit} ${bash.join(' ')} "$0"`, program],
    input,
    ready: `${ready}\n`,
    whole: `${whole}\n`,
  }
}

/** A running bash, here or on a host: a child process, or a channel of ssh2. */
export interface BashProcess {
  stdin: Writable
  stdout: Readable
  stderr: Readable
  /** `code` is null after a signal, undefined where the connection went first. */
  on(event: 'close', listener: (code?: number | null) => void): unknown
}

/** How a bash ended. */
export interface Ending {
  /** How far it came: it printed nothing of ours, it took the script, or it had all of it and ran it. */
  came: 'nowhere' | 'ready' | 'whole'
  stdout: Buffer
  stderr: string
  code: Outcome['code'] | undefined
}

export interface TalkOptions extends Pick<ExecutionOptions, 'onStdout' | 'operator'> {
  /** Called when the script has arrived and begins. */
  onBegin?: () => void
  /** A prompt on stderr to be answered before bash begins. */
  prompt?: Prompt
}

/** What a program asks on stderr, and the answer. */
export interface Prompt {
  text: string
  answer: string
}

/**
 * Hands a script over to a bash that was started for it, and gathers what it prints. The script is sent when bash is
 * ready: whatever reads stdin before, a prompt or a file of the login shell, gets none of it.
 */
export function talk(
  bash: BashProcess,
  { input, ready, whole }: BashCall,
  { onBegin, onStdout, operator, prompt }: TalkOptions,
): Promise<Ending> {
  const stdout: Buffer[] = []
  let printed = 0
  let came: Ending['came'] = 'nowhere'
  let before: Buffer = Buffer.alloc(0)
  let beating: NodeJS.Timeout | undefined

  // A bash that ends early breaks the pipe; how it ended says more.
  bash.stdin.on('error', () => {})
  const send = () => {
    if (!operator || operator.left.aborted) return bash.stdin.end(input)
    bash.stdin.write(input)
    beating = setInterval(() => bash.stdin.write('\n'), operator.beat * 1000)
    operator.left.addEventListener('abort', () => {
      clearInterval(beating)
      bash.stdin.end()
    })
  }

  const hear = (own: Buffer) => {
    if (own.length === 0) return
    stdout.push(own.subarray(0, Math.max(0, mostOutput - printed)))
    printed += own.length
    onStdout?.(own)
  }
  bash.stdout.on('data', (chunk: Buffer) => {
    if (came === 'whole') return hear(chunk)
    before = Buffer.concat([before, chunk])
    if (came === 'nowhere' && before.includes(ready)) {
      came = 'ready'
      send()
    }
    const at = before.indexOf(whole)
    // Of what a login shell prints, without end maybe, a mark may have begun at its end.
    if (at < 0) return void (before = before.subarray(-whole.length))
    came = 'whole'
    onBegin?.()
    hear(before.subarray(at + whole.length))
  })

  const errors = hearErrors(bash, whole, prompt)

  return new Promise((resolve) => {
    bash.on('close', (code) => {
      clearInterval(beating)
      const cut =
        printed > mostOutput ? `it printed more than ${mostOutput / 2 ** 20} MiB, and the rest was left out\n` : ''
      resolve({ came, stdout: Buffer.concat(stdout), stderr: errors() + cut, code })
    })
  })
}

/** Bytes of what a script prints that are kept: a host that prints without end must not fill the memory here. */
const mostOutput = 64 * 2 ** 20
const mostErrors = 2 ** 20

/**
 * Reads stderr, and answers a prompt there that comes before the script.
 * @returns what gives the script's own words, or where it did not come to that, those of sudo or the login shell; of too many
 *   the last
 */
function hearErrors({ stdin, stderr }: BashProcess, whole: string, prompt: Prompt | undefined): () => string {
  const parts: Buffer[] = []
  let size = 0
  let begun = false
  let asked = 0
  // What a mark or a prompt may have begun in.
  let edge: Buffer = Buffer.alloc(0)
  const keep = (part: Buffer) => {
    size += parts[parts.push(part) - 1]!.length
    while (size - parts[0]!.length >= mostErrors) size -= parts.shift()!.length
  }
  const answer = ({ text, answer }: Prompt, heard: Buffer) => {
    for (let at = heard.indexOf(text); at >= 0; at = heard.indexOf(text, at + text.length)) {
      if (++asked === 1) stdin.write(`${answer}\n`)
      // Asked again: the answer was wrong, and there is no other.
      else stdin.end()
    }
    return heard.subarray(heard.lastIndexOf(text) < 0 ? 0 : heard.lastIndexOf(text) + text.length)
  }
  stderr.on('data', (chunk: Buffer) => {
    if (begun) return keep(chunk)
    let heard: Buffer = Buffer.concat([edge, chunk])
    const at = heard.indexOf(whole)
    if (at < 0) {
      keep(chunk)
      if (prompt) heard = answer(prompt, heard)
      edge = heard.subarray(-Math.max(whole.length, prompt?.text.length ?? 0) + 1)
      return
    }
    begun = true
    parts.length = size = 0
    keep(heard.subarray(at + whole.length))
  })
  return () => {
    const said = Buffer.concat(parts).subarray(-mostErrors).toString()
    return begun || !prompt ? said : said.split(prompt.text).at(-1)!
  }
}
