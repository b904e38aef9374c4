import { Account, describe } from './account.ts'
import { batchChanges, busyCode, type RunNote } from './apply.ts'
import { unifiedDiff } from './diff.ts'
import { exitCode, HostError, UserError } from './errors.ts'
import type { HostResult, Listener } from './events.ts'
import { type Facts, factsProbe, parseFacts } from './facts.ts'
import { makePlan, type Plan } from './plan.ts'
import { batchProbes } from './probe.ts'
import type { Script } from './sh.ts'
import type { Printed, Task } from './task.ts'
import type { Outcome, Transport } from './transport.ts'

/** A host of the run: its name in the inventory, the way to it, and its tasks once its facts are known. */
export interface RunHost {
  name: string
  transport: Transport
  tasks: (facts: Facts) => Task[]
}

export interface HostOptions {
  /** Show what would change, and stop there. */
  check: boolean
  /** Seconds for one execution. */
  timeout: number
  note: RunNote
}

/**
 * Takes one host through the run: facts, probes, plan, and unless in check mode the changes, the probes again, and
 * the proof that nothing is left to change. The connection stays open for the caller.
 * @returns how it ended; an error that concerns this host is part of the result and never thrown
 */
export async function runHost(host: RunHost, options: HostOptions, tell: Listener): Promise<HostResult> {
  const began = performance.now()
  const result: HostResult = {
    host: host.name,
    status: 'ok',
    tasks: 0,
    changes: [],
    notTried: [],
    executions: 0,
    seconds: 0,
  }
  try {
    await converge(host, options, result, tell)
  } catch (error) {
    result.status = error instanceof HostError ? 'unreachable' : 'failed'
    // Whatever happens to one host, the others are carried through and described.
    const reason = error instanceof UserError ? error.message : `a defect of this playbook, please report it: ${error}`
    result.failure ??= { reason }
  }
  result.seconds = (performance.now() - began) / 1000
  tell({ type: 'host ended', result })
  return result
}

async function converge(host: RunHost, options: HostOptions, result: HostResult, tell: Listener): Promise<void> {
  const execute = executor(host, options, result)
  tell({ type: 'connecting', host: host.name })
  await host.transport.connect()

  const [printed] = await probeAll([factsProbe], execute, host.name)
  const facts = parseFacts(printed!.text, host.name)
  result.facts = facts
  tell({ type: 'connected', host: host.name, facts })

  const tasks = host.tasks(facts)
  const probes = tasks.map((task) => task.probe)
  result.tasks = tasks.length
  const plan = makePlan(tasks, await probeAll(probes, execute, host.name))
  tell({ type: 'planned', host: host.name, plan })
  if (plan.changes.length === 0) return
  if (options.check) {
    result.status = 'would change'
    result.changes = plan.changes.map(({ task, change }) => describe(task, change))
    return
  }

  await applyPlan(plan, execute, options.note, result, tell)
  tell({ type: 'proving', host: host.name })
  prove(makePlan(tasks, await probeAll(probes, execute, host.name)), result)
  result.status = 'changed'
}

type Execute = (script: string, onStdout?: (chunk: Buffer) => void) => Promise<Outcome>

const executor =
  (host: RunHost, options: HostOptions, result: HostResult): Execute =>
  async (script, onStdout) => {
    const outcome = await host.transport.run(script, { timeout: options.timeout, onStdout })
    result.executions++
    return outcome
  }

async function probeAll(probes: readonly Script[], execute: Execute, host: string): Promise<Printed[]> {
  const batch = batchProbes(probes)
  const outcome = await execute(batch.script)
  try {
    return batch.parse(outcome.stdout)
  } catch (error) {
    throw new UserError(
      `${host}: ${(error as Error).message}: ${outcome.stderr.trim() || 'no reason was given'}`,
      exitCode.failed,
    )
  }
}

/** Makes the changes and keeps the account of them in `result`. */
async function applyPlan(
  plan: Plan,
  execute: Execute,
  note: RunNote,
  result: HostResult,
  tell: Listener,
): Promise<void> {
  const batch = batchChanges(plan, note)
  const account = new Account(plan, result, tell)
  try {
    const outcome = await execute(batch.script, (chunk) => account.take(batch.read(chunk)))
    if (outcome.code === busyCode)
      throw new UserError(
        `another run is at work on ${result.host}: ${outcome.stderr.trim()}. Try again when it has ended`,
        1,
      )
    if (outcome.code !== 0 && !result.failure)
      throw new UserError(`the changes ended with code ${outcome.code}: ${outcome.stderr.trim()}`, exitCode.failed)
  } catch (error) {
    account.fail((error as Error).message)
    throw error
  }
  if (result.failure) throw new UserError(result.failure.reason, exitCode.failed)
}

/** @throws UserError when tasks still want to change after their change */
function prove(plan: Plan, result: HostResult): void {
  const [first, ...others] = plan.changes
  if (!first) return
  const { task, change } = first
  const more = others.map((other) => `\nand so is: ${other.task.name}`).join('')
  const reason = `still not right after its change:\n${unifiedDiff(change.before, change.after)}${more}`
  result.failure = { task: task.name, reason }
  throw new UserError(reason, exitCode.failed)
}
