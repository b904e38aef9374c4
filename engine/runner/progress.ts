import { unifiedDiff } from '../base/diff.ts'
import { exitCode, UserError } from '../base/errors.ts'
import { privateKeysHidden } from '../base/private-keys.ts'
import type { ApplyStep } from './apply.ts'
import type { ChangeReport, HostResult, Listener } from './events.ts'
import type { Plan } from './plan.ts'
import type { Change, Task } from './task.ts'
import type { Outcome } from '../transport/transport.ts'

/** @returns the change as people and programs are told of it */
export const describe = (task: Task, change: Change): ChangeReport => ({
  task: task.name,
  before: change.before,
  after: change.after,
  ...(change.remark !== undefined && { remark: change.remark }),
})

/** The last words of a change that has failed, in lines. */
const shownLines = 8

/** Follows the changes on one host and writes into its result: what was made, what failed, what was not tried. */
export class ApplyProgress {
  readonly #plan: Plan
  readonly #result: HostResult
  readonly #tell: Listener
  /** What to do about a restore that failed. */
  readonly #advice: (task: Task) => string
  readonly #output: string[] = []
  #current: Task | undefined
  #startedAt = 0
  /** Of a key whose lines come one by one, and of which the first may have gone when a change fails, none is shown. */
  #hidden = privateKeysHidden()

  constructor(plan: Plan, result: HostResult, tell: Listener, advice: (task: Task) => string) {
    this.#plan = plan
    this.#result = result
    this.#tell = tell
    this.#advice = advice
    result.notTried = plan.changes.map(({ task }) => task.name)
  }

  /** Takes the steps that the host has told of. */
  take(steps: readonly ApplyStep[]): void {
    for (const step of steps) {
      const { task, change } = this.#plan.changes[step.index]!
      if (step.type === 'started') this.#start(task)
      else if (step.type === 'output') this.#hear(task, step.line)
      else if (step.code === 0) this.#finish(task, change)
      else {
        const why = `exit code ${step.code}: ${this.#output.join('\n') || 'it printed nothing'}`
        this.fail(change.restores ? `${why}\n${this.#advice(task)}` : why)
      }
    }
  }

  /** Records why the current change failed, or why no change was started. Further failures follow the first. */
  fail(reason: string): void {
    const { failure } = this.#result
    if (!failure) this.#result.failure = { task: this.#current?.name, reason }
    else if (this.#current) failure.reason += `\n${this.#current.name}: ${reason}`
    this.#current = undefined
  }

  /** @returns why a script ended that no change has made fail */
  whyEnded({ code, stderr }: Outcome): string {
    const why = stderr.trim() || `exit code ${code}`
    const begun = this.#result.notTried.length < this.#plan.changes.length
    return begun ? `the changes ended with code ${code}: ${why}` : `nothing was changed: ${why}. Fix this and run again`
  }

  #start(task: Task): void {
    this.#current = task
    this.#result.notTried.shift()
    this.#output.length = 0
    this.#hidden = privateKeysHidden()
    this.#startedAt = performance.now()
    this.#tell({ type: 'change started', host: this.#result.host, task: task.name })
  }

  #hear(task: Task, printed: string): void {
    // Package managers write over what they have written in a line: a terminal keeps the last.
    const line = this.#hidden(printed.split('\r').findLast((part) => part.trim() !== '') ?? '')
    this.#output.push(line)
    // A change may print without end.
    if (this.#output.length > shownLines) this.#output.shift()
    this.#tell({ type: 'change output', host: this.#result.host, task: task.name, line })
  }

  #finish(task: Task, change: Change): void {
    this.#current = undefined
    const seconds = (performance.now() - this.#startedAt) / 1000
    const made = { ...describe(task, change), seconds }
    this.#result.changes.push(made)
    this.#tell({ type: 'change ended', host: this.#result.host, change: made, seconds })
  }
}

/** @throws UserError when tasks still want to change after their change */
export function prove(plan: Plan, result: HostResult): void {
  const [first, ...others] = plan.changes
  if (!first) return
  const { task, change } = first
  const more = others.map((other) => `\nand so is: ${other.task.name}`).join('')
  const reason = `still not right after its change:\n${unifiedDiff(change.before, change.after)}${more}`
  result.failure = { task: task.name, reason }
  throw new UserError(reason, exitCode.failed)
}
