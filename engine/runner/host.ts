import { ApplyProgress, describe, prove } from './progress.ts'
import { batchChanges } from './apply.ts'
import { confirmRun, keepScript } from './dead-man.ts'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import type { HostResult, Listener } from './events.ts'
import { Executions } from './executions.ts'
import { type Facts, factsProbe, parseFacts } from './facts.ts'
import { baselinePath, conflictOf, type ResourceOf, restoreUnlisted } from './baselines.ts'
import { busyCode } from './lock.ts'
import type { RunNote } from './note.ts'
import { makePlan, type Plan, type Selection } from './plan.ts'
import { type Ask, choose, selected, type Wanted } from './selection.ts'
import { doPutOff, type HostState, notesOf, parseState, staleCode, stateProbe } from './state.ts'
import { barrier, type Listed, type Printed, type Task, tasksOf } from './task.ts'
import type { Transport } from '../transport/transport.ts'

/** A host of the run: its name in the inventory, the way to it, and its tasks once its facts are known. */
export interface RunHost {
  name: string
  transport: Transport
  tasks: (facts: Facts) => Listed[]
  resourceOf?: ResourceOf
}

/** A change that is planned: the key of its task, and what it is about as text, before and after. */
export interface PlannedChange {
  key: string
  before: string
  after: string
}

export interface HostOptions {
  /** Show what would change, and stop there. */
  check: boolean
  /** Seconds for one execution. */
  timeout: number
  note: RunNote
  /** Seconds after which a host undoes the run by itself, unless it is confirmed; absent or 0 for never. */
  confirmWithin?: number
  /** Which changes are made; without it, all. */
  wanted?: Wanted
}

/**
 * One host on its way through a run: facts, probes, plan, and unless in check mode the changes, the probes again, and
 * the proof that nothing is left to change. Baselines of tasks that are no longer listed are restored last, when no
 * host uses the old state any more. The connection stays open for the caller.
 *
 * The outcome is in `result`; an error of this host is part of it and never thrown.
 */
export class HostRun {
  readonly result: HostResult
  readonly #host: RunHost
  readonly #options: HostOptions
  readonly #tell: Listener
  readonly #executions: Executions
  #list: Listed[] = []
  #printed: Printed[] = []
  #takes: Selection = () => true
  #plan: Plan = { changes: [], unchanged: [], leftOut: [] }
  #progress: ApplyProgress | undefined
  #state: HostState | undefined
  /** A batch of this run has been at work on the host. */
  #begun = false
  /** The plan stands: it has been made again, or people have chosen from it. */
  #planStands = false
  #ended = false

  constructor(host: RunHost, options: HostOptions, tell: Listener) {
    this.#host = host
    this.#options = options
    this.#tell = tell
    this.result = {
      host: host.name,
      status: 'ok',
      tasks: 0,
      changes: [],
      notTried: [],
      executions: 0,
      seconds: 0,
    }
    this.#executions = new Executions(host.transport, options.timeout, this.result)
  }

  get failed(): boolean {
    return this.result.failure !== undefined
  }

  /** The phase of its last change; -1 if there is nothing to change, now or later. */
  get lastPhase(): number {
    return this.#ended ? -1 : (this.#plan.changes.at(-1)?.phase ?? -1)
  }

  /** Its changes, of all phases. */
  get planned(): PlannedChange[] {
    return this.#plan.changes.map(({ task, change: { before, after } }) => ({
      key: task.key ?? task.name,
      before,
      after,
    }))
  }

  /** The keys of its changes in a phase. */
  keysOf(phase: number): string[] {
    return this.#ended
      ? []
      : this.#plan.changes.flatMap(({ task, ...one }) => (one.phase === phase ? (task.key ?? task.name) : []))
  }

  /** None if it could not be read. */
  get tasks(): Task[] {
    return tasksOf(this.#list)
  }

  /** Connects, reads the state and plans; changes nothing. */
  plan = (): Promise<void> =>
    this.#guard(async () => {
      this.#tell({ type: 'connecting', host: this.#host.name })
      await this.#host.transport.connect()
      await this.#readAndPlan()
    })

  async #readAndPlan(): Promise<void> {
    const { name } = this.#host
    const { note } = this.#options
    const [printed, kept] = await this.#executions.probe([factsProbe, stateProbe(note.folder)])
    const facts = parseFacts(printed!.text)
    this.result.facts = facts
    this.#tell({ type: 'connected', host: name, facts })

    const wanted = this.#host.tasks(facts)
    this.#state = parseState(kept!.text, note.folder)
    const { baselines, putOff } = this.#state
    await this.#heedEarlierRuns(this.#state)
    const restores = restoreUnlisted(wanted, baselines, note, this.#host.resourceOf)
    this.#list = [...wanted, barrier, ...restores, ...(putOff ? [doPutOff(note.folder)] : [])]
    this.#takes = selected(this.#list, this.#options.wanted ?? {})
    const plan = await this.#makePlan()
    const conflict = conflictOf(plan, baselines, note.scope)
    if (conflict) throw new UserError(conflict, exitCode.failed)
    this.result.tasks = tasksOf(this.#list).length
    this.#tell({ type: 'planned', host: name, plan })
    this.#note(plan.unchanged.flatMap(({ task, why, isUnknown }) => (isUnknown ? [`${task.name}: ${why}`] : [])))
    this.#take(plan)
    if (this.#ended || !this.#options.check) return
    this.result.status = 'would change'
    this.result.changes = this.#plan.changes.map(({ task, change }) => describe(task, change))
    this.#end()
  }

  /** Makes a plan the one of this run. */
  #take(plan: Plan): void {
    const { note } = this.#options
    this.#plan = plan
    if (plan.leftOut.length > 0) this.result.leftOut = plan.leftOut.map((task) => task.name)
    if (plan.changes.length === 0) return this.#end()
    const advice = ({ key }: Task) =>
      `the next run tries again; to leave it as it is: rm -r ${baselinePath(note, key!)}`
    if (!this.#options.check) this.#progress = new ApplyProgress(plan, this.result, this.#tell, advice)
  }

  /** Asks about each change, and makes those alone that are wanted. @throws what asking throws */
  async choose(ask: Ask): Promise<void> {
    if (this.#ended) return
    const about = (task: string) => ask(this.result.host, task)
    this.#takes = await choose(this.#list, this.#printed, this.#takes, about)
    this.#planStands = true
    this.#take(makePlan(this.#list, this.#printed, this.#takes))
  }

  /** @throws UserError where the host may go back by itself meanwhile */
  async #heedEarlierRuns(state: HostState): Promise<void> {
    const { check, note } = this.#options
    const { host } = this.result
    const notes = notesOf(state, host)
    if (state.unconfirmed && !check) throw new UserError(notes.at(-1)!, exitCode.failed)
    this.#note(notes)
    // This run has come to the host, which is what the other waited for.
    if (state.abandoned && !check) await this.#executions.run(keepScript(note.folder, state.abandoned.run).text)
  }

  #note(notes: readonly string[]): void {
    const { host, notes: before = [] } = this.result
    const more = notes.filter((text) => !before.includes(text))
    for (const text of more) this.#tell({ type: 'note', host, text })
    if (more.length > 0) this.result.notes = [...before, ...more]
  }

  /**
   * Makes the changes of one phase, and after its last phase proves that nothing is left to change.
   * @param around does more before and after them
   */
  async change(phase: number, around = (work: () => Promise<void>) => work()): Promise<void> {
    if (phase > this.lastPhase) return
    await this.#guard(() => around(() => this.#changePhase(phase)))
  }

  async #changePhase(phase: number): Promise<void> {
    if (!this.#plan.changes.some((change) => change.phase === phase)) return
    await this.#apply(phase)
    // A plan that was made again may have less to do, or more.
    if (this.#ended) return
    if (phase < this.lastPhase) return await this.#confirm()
    this.#tell({ type: 'proving', host: this.result.host })
    prove(await this.#makePlan(), this.result)
    this.result.status = 'changed'
    this.#end()
  }

  /** Other hosts may take long until this one goes on. */
  async #confirm(): Promise<void> {
    if (!this.#options.confirmWithin) return
    const { timeout, note } = this.#options
    await confirmRun(this.result.host, this.#host.transport, note, timeout)
    this.result.executions++
  }

  /** Skips the remaining changes, since other hosts did not reach this barrier. */
  holdBack(lost: readonly string[]): void {
    if (this.#ended) return
    this.#progress!.fail(
      `the rest waits for every host, and this run has lost ${lost.join(' and ')}: fix this and run again`,
    )
    this.result.status = 'failed'
    this.#end()
  }

  async #apply(phase: number): Promise<void> {
    const first = this.#begun ? undefined : this.#state!.latest
    const batch = batchChanges(this.#plan, this.#options.note, {
      phase,
      first,
      last: phase === this.lastPhase && this.#plan.leftOut.length === 0,
      confirmWithin: this.#options.confirmWithin ?? 0,
    })
    const progress = this.#progress!
    try {
      const outcome = await this.#executions.run(batch.script, {
        onStdout: (chunk) => progress.take(batch.read(chunk)),
        lasting: true,
      })
      if (this.failed) {
        this.result.failure!.reason += outcome.stderr && `\n${outcome.stderr.trim()}`
        throw new UserError(this.result.failure!.reason, exitCode.failed)
      }
      if (outcome.code === staleCode) return await this.#planAgain(phase)
      if (outcome.code === busyCode)
        throw new UserError(
          `another run is at work on ${this.result.host}: ${outcome.stderr.trim()}. Try again when it has ended`,
          exitCode.failed,
        )
      if (outcome.code !== 0) throw new UserError(progress.whyEnded(outcome), exitCode.failed)
      this.#begun = true
    } catch (error) {
      progress.fail((error as Error).message)
      throw error
    }
  }

  /** Another run has changed the host since it was read, so what was planned may be wrong, and how to undo it too. */
  async #planAgain(phase: number): Promise<void> {
    const { host } = this.result
    if (!this.#begun && !this.#planStands) {
      this.#planStands = true
      this.#tell({ type: 'stale', host })
      await this.#readAndPlan()
      if (this.#plan.changes.every((change) => change.phase >= phase))
        return this.#ended ? undefined : this.#apply(phase)
    }
    throw new UserError(
      `another run changes ${host} at the same time: run this again when it has ended`,
      exitCode.failed,
    )
  }

  async #makePlan(): Promise<Plan> {
    this.#printed = await this.#executions.probe(tasksOf(this.#list).map(({ probe }) => probe))
    return makePlan(this.#list, this.#printed, this.#takes)
  }

  async #guard(work: () => Promise<void>): Promise<void> {
    const began = performance.now()
    try {
      await work()
    } catch (error) {
      this.result.status = error instanceof HostError ? 'unreachable' : 'failed'
      // An error on one host does not stop the others.
      const reason =
        error instanceof UserError ? error.message : `a defect of this playbook, please report it: ${error}`
      this.result.failure ??= { reason }
    }
    this.result.seconds += (performance.now() - began) / 1000
    if (this.failed) this.#end()
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#tell({ type: 'host ended', result: this.result })
  }
}
