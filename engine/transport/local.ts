import { spawn } from 'node:child_process'
import { bashCall, talk } from './bash.ts'
import { HostError } from '../base/errors.ts'
import type { Transport } from './transport.ts'

/** Runs scripts on this machine, as the user of the playbook. */
export function localTransport(): Transport {
  return {
    async connect() {},
    async run(script, { timeout, lasting, ...options }) {
      const call = bashCall(script)
      const [program, ...words] = call.words
      // A process group of its own, so that what the script started can be ended with it.
      const bash = spawn(program!, words, { detached: true })
      const late = Promise.withResolvers<undefined>()
      const timer = setTimeout(late.resolve, timeout * 1000, undefined)
      const failed = new Promise<never>((_, reject) =>
        bash.once('error', ({ message }) => reject(new HostError(`bash does not start on this machine: ${message}`))),
      )
      const ending = await Promise.race([talk(bash, call, options), late.promise, failed])
      clearTimeout(timer)
      if (ending) return { stdout: ending.stdout, stderr: ending.stderr, code: ending.code ?? null }

      // Processes that left the group may still hold these open.
      for (const stream of bash.stdio) stream?.destroy()
      bash.unref()
      if (!lasting) spawn('kill', ['-KILL', '--', `-${bash.pid}`], { stdio: 'ignore' })
      throw new HostError(
        `a script on this machine took longer than ${timeout} s ${lasting ? goesOn : 'and was ended'}`,
      )
    },
    async close() {},
  }
}

/** What becomes of a script that is given up but not ended. */
export const goesOn = 'and goes on there; until it has ended, other runs find the lock taken'
