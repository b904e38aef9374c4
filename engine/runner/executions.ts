import { exitCode, UserError } from '../base/errors.ts'
import type { Script } from '../base/sh.ts'
import type { ExecutionOptions, Outcome, Transport } from '../transport/transport.ts'
import type { HostResult } from './events.ts'
import { batchProbes } from './probe.ts'
import type { Printed } from './task.ts'

/** Executions on one host, each counted in its result. */
export class Executions {
  readonly #transport: Transport
  readonly #timeout: number
  readonly #result: HostResult

  /** @param timeout seconds for one execution */
  constructor(transport: Transport, timeout: number, result: HostResult) {
    this.#transport = transport
    this.#timeout = timeout
    this.#result = result
  }

  async run(script: string, listen: Pick<ExecutionOptions, 'onStdout' | 'lasting'> = {}): Promise<Outcome> {
    const outcome = await this.#transport.run(script, { timeout: this.#timeout, ...listen })
    this.#result.executions++
    return outcome
  }

  /** Runs probes in one execution. @throws UserError where what came back is not whole */
  async probe(probes: readonly Script[]): Promise<Printed[]> {
    const batch = batchProbes(probes)
    const { stdout, stderr } = await this.run(batch.script)
    try {
      return batch.parse(stdout)
    } catch (error) {
      const why = `${(error as Error).message}: ${stderr.trim() || 'no reason was given'}`
      throw new UserError(`${this.#result.host}: ${why}`, exitCode.failed)
    }
  }
}
