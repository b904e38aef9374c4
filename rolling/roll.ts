import type { Live } from '../cluster/live.ts'
import { runNote } from '../cluster/playbook.ts'
import type { Session } from '../cluster/session.ts'
import type { Host } from '../inventory/types.ts'
import { exitCode, UserError } from '../runner/errors.ts'
import { Claims, type Note, writeNote } from '../cluster/claim.ts'
import type { Stage } from '../runner/main.ts'
import { NodeSteps } from './node.ts'
import type { Wish } from './options.ts'
import type { Turn } from './order.ts'
import type { Scene } from '../cluster/scene.ts'
import type { ReportStep } from '../report/data.ts'

/** One step that has ended, for `--json` and the report. */
export interface StepReport {
  node: string
  step: string
  outcome: string
  seconds: number
}

/** Seconds for which clients may wait at level 1 while the VIP moves, and the service notices that it has come. */
const moveSeconds = 1

const run = runNote('Rolling reboot')

/** How to go on by hand. */
const resumeHint = 'mend it, then run this playbook again with --resume'

/**
 * Keeps others off the hosts.
 * @throws UserError where another run is at work, where an earlier one was broken off and is not to go on, or where none was
 */
export async function claimHosts(stage: Stage, session: Session, { resume }: Wish): Promise<Claims> {
  const claims = await Claims.take(stage, session, run)
  const [earlier] = claims.notes().values()
  if (earlier && !resume)
    throw new UserError(
      `a rolling reboot was begun by ${earlier.by} and not ended; go on with it: --resume`,
      exitCode.failed,
    )
  if (!earlier && resume) throw new UserError('there is no rolling reboot to go on with', exitCode.failed)
  return claims
}

/** One node after the other. */
export class Roll {
  readonly #stage: Stage
  readonly #scene: Scene
  readonly #wish: Wish
  readonly #steps: StepReport[] = []
  readonly #claims: Claims
  readonly #notes: Map<string, Note>
  #live: Live | undefined
  #current = ''

  /**
   * @param claims with what an earlier run has left
   */
  constructor(stage: Stage, scene: Scene, wish: Wish, claims: Claims) {
    this.#stage = stage
    this.#scene = scene
    this.#wish = wish
    this.#claims = claims
    const left = claims.notes()
    const [earlier] = left.values()
    const { before, reboot } = wish
    const fresh: Note = { by: run.by, before, reboot, ...earlier, state: 'waiting', bootId: undefined }
    this.#notes = new Map(scene.hosts.map(({ name }) => [name, left.get(name) ?? fresh]))
    stage.document.steps = this.#steps
  }

  /**
   * Works on these nodes in their order; first on the one that an earlier run was in the middle of, and not on those
   * that it has done.
   * @throws UserError at the first node that fails, with the state of the cluster and how to go on
   */
  async run(turns: readonly Turn[], live: Live): Promise<void> {
    this.#live = live
    await Promise.all(this.#scene.hosts.map(({ name }) => this.#keep(name, {})))
    if (this.#wish.resume) await this.#putBack()
    const inState = (state: Note['state']) => turns.filter(({ host }) => this.#notes.get(host.name)!.state === state)
    for (const { host } of [...inState('begun'), ...inState('waiting')]) await this.#turn(host)
    await this.#forget()
  }

  /** For a run that is interrupted. */
  underWay(): string[] {
    return this.#current ? [`${this.#current}; go on with --resume`] : []
  }

  /** Whether one node may serve all clients while the VIP moves. */
  get #alone(): boolean {
    return this.#wish.minServing === 1
  }

  /** What the report says of a step, by its place. */
  about(index: number): Pick<ReportStep, 'limit' | 'outcome'> {
    return { limit: this.#scene.level === 1 ? moveSeconds : 0, outcome: this.#steps[index]?.outcome }
  }

  async #turn(host: Host): Promise<void> {
    const { name } = host
    const note = this.#notes.get(name)!
    const steps = new NodeSteps(this.#scene, host, this.#wish.patience)
    const [look] = await this.#scene.looks([host])
    const rebooted = note.state === 'begun' && note.bootId !== undefined && note.bootId !== look!.bootId
    await this.#keep(name, { state: 'begun' })
    if (!rebooted) await this.#takeOut(host, steps)
    try {
      if (!rebooted && note.before)
        await this.#step(name, 'command', () => steps.command(note.before!, this.#scene.timeout))
      if (!rebooted && note.reboot) await this.#reboot(host, steps)
      await this.#step(name, 'come back', () => steps.comeBack())
      await this.#step(name, 'put back', () => steps.putBack(this.#alone))
      await this.#step(name, 'check', () => this.#check())
    } catch (error) {
      throw await this.#explain(error, `${name} stays drained if it was not put back: ${resumeHint}`)
    }
    await this.#keep(name, { state: 'done' })
  }

  /** Until here nothing is lost: a node that can't be taken out is put back. */
  async #takeOut(host: Host, steps: NodeSteps): Promise<void> {
    const { name } = host
    try {
      await this.#enoughServe(host)
      const [look] = await this.#scene.looks([host])
      if (look!.holdsVip) await this.#step(name, 'hand over', () => steps.handOver(this.#alone))
      await this.#step(name, 'drain', () => steps.drain())
      if (this.#scene.level > 1) await this.#step(name, 'let work end', () => steps.letWorkEnd())
    } catch (error) {
      const next = await this.#takeBack(name).catch(() => `${name} may still be drained: ${resumeHint}`)
      throw await this.#explain(error, next)
    }
  }

  async #takeBack(name: string): Promise<string> {
    await this.#putBack(name)
    await this.#keep(name, { state: 'waiting' })
    if ([...this.#notes.values()].some(({ state }) => state === 'done'))
      return `${name} was put back and not rebooted: ${resumeHint}`
    await this.#forget()
    return `${name} was put back, and no node was rebooted`
  }

  /** Whatever a step that was broken off has left: all nodes work but those that are begun, and this one too. */
  async #putBack(also?: string): Promise<void> {
    const names = this.#scene.hosts
      .map(({ name }) => name)
      .filter((name) => name === also || this.#notes.get(name)!.state !== 'begun')
    await this.#scene.setDrained(names, false)
    for (const name of names) await this.#scene.setStandby(name, false)
  }

  async #reboot(host: Host, steps: NodeSteps): Promise<void> {
    const [look] = await this.#scene.looks([host])
    await this.#keep(host.name, { bootId: look!.bootId })
    await this.#step(host.name, 'reboot', () => steps.reboot(look!.bootId))
    // The boot has freed the lock.
    await this.#claims.again(host.name)
  }

  async #enoughServe(out: Host): Promise<void> {
    const serving = this.#scene.serving(await this.#scene.looks()).filter((name) => name !== out.name)
    const { minServing } = this.#wish
    if (serving.length >= minServing) return
    const who = serving.join(' and ') || 'no other node'
    throw new UserError(
      `without ${out.name} only ${who} would serve: fewer than --min-serving ${minServing}`,
      exitCode.checkFailed,
    )
  }

  async #check(): Promise<string> {
    const problems = await this.#scene.check()
    if (problems.length > 0) throw new UserError(problems.join('\n'), exitCode.checkFailed)
    return 'the whole cluster is well'
  }

  async #step(node: string, step: string, work: () => Promise<string>): Promise<void> {
    this.#current = `${node}: ${step}`
    this.#live!.step(this.#current)
    const began = performance.now()
    const outcome = await work()
    const seconds = (performance.now() - began) / 1000
    this.#steps.push({ node, step, outcome, seconds })
    this.#stage.console.print(`${node}  ${step.padEnd(12)}  ${outcome} (${seconds.toFixed(1)} s)`)
  }

  async #keep(name: string, change: Partial<Note>): Promise<void> {
    const note = { ...this.#notes.get(name)!, ...change }
    this.#notes.set(name, note)
    const { code, stderr } = await this.#scene.reach(name).run(writeNote(run.folder, note).text, { timeout: 60 })
    if (code !== 0) throw new UserError(`${name}: a note can't be written: ${stderr.trim()}`, exitCode.failed)
  }

  #forget = (): Promise<void> => this.#scene.everywhere(writeNote(run.folder, undefined))

  async #explain(error: unknown, next: string): Promise<unknown> {
    if (!(error instanceof UserError)) return error
    return new UserError(`${error.message}\nThe cluster: ${await this.#scene.describe()}. ${next}`, error.exitCode)
  }
}
