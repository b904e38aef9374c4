import { spawn } from 'node:child_process'
import { bashCall, talk } from './bash.ts'
import { HostError } from '../base/errors.ts'
import type { Transport } from './transport.ts'

/** Runs scripts on this machine, as the user of the playbook. */
export function localTransport(): Transport {
  return {
    async connect() {},
    async run(script, { timeout, onStdout }) {
      const call = bashCall(script)
      // A process group of its own, so that what the script started can be ended with it.
      const bash = spawn('bash', ['--norc', '-c', call.program], { detached: true })
      const deadline = AbortSignal.timeout(timeout * 1000)
      const end = () => {
        // Processes that left the group may still hold these open.
        bash.stdout.destroy()
        bash.stderr.destroy()
        spawn('kill', ['-KILL', '--', `-${bash.pid}`], { stdio: 'ignore' })
      }
      deadline.addEventListener('abort', end)
      const { stdout, stderr, code } = await talk(bash, call, { onStdout })
      deadline.removeEventListener('abort', end)
      if (deadline.aborted) throw new HostError(`a script on this machine took longer than ${timeout} s and was ended`)
      return { stdout, stderr, code: code ?? null }
    },
    async close() {},
  }
}
