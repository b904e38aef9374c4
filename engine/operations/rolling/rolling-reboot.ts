import type { Live } from '../traffic.ts'
import type { Host } from '../../../inventory/types.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import { type Claims, type Note, writeNote } from '../../cluster/host-locks.ts'
import { textsOf } from '../../cluster/finding.ts'
import type { Stage } from '../../cli/main.ts'
import { run } from './locks.ts'
import { NodeSteps } from './node-steps.ts'
import type { Wish } from './options.ts'
import type { Plan, Turn } from './order.ts'
import type { Scene } from '../control.ts'
import type { ReportStep } from '../../report/data.ts'

/** One step that has ended, for `--json` and the report. */
export interface StepReport {
  node: string
  step: string
  outcome: string
  seconds: number
}

/** Seconds for which clients may wait at level 1 while the VIP moves, and the service notices that it has come. */
const moveSeconds = 1

/** The nodes whose work is not done. */
const isOpen = ({ state }: Note) => state === 'waiting' || state === 'begun'

/** How to go on by hand. */
const resumeHint = 'mend it, then run this playbook again with --resume'

/** One node after the other. */
export class Roll {
  readonly #stage: Stage
  readonly #scene: Scene
  readonly #wish: Wish
  readonly #steps: StepReport[] = []
  readonly #claims: Claims
  readonly #turns: readonly Turn[]
  readonly #notes: Map<string, Note>
  #live: Live | undefined
  #current = ''

  constructor(stage: Stage, scene: Scene, wish: Wish, claims: Claims, { turns, notes }: Plan) {
    this.#stage = stage
    this.#scene = scene
    this.#wish = wish
    this.#claims = claims
    this.#turns = turns
    this.#notes = new Map(notes)
    stage.document.steps = this.#steps
  }

  /**
   * Works on the nodes in their turns.
   * @throws UserError at the first node that fails, with the state of the cluster and how to go on
   */
  async run(live: Live): Promise<void> {
    this.#live = live
    await Promise.all(this.#scene.hosts.map(({ name }) => this.#keep(name, {})))
    if (this.#wish.resume) await this.#putBack()
    for (const { host } of this.#turns) await this.#turn(host)
    const left = [...this.#notes].filter(([, note]) => isOpen(note)).map(([name]) => name)
    if (left.length === 0) return this.#forget()
    this.#stage.console.print(`${left.join(' and ')} not worked on yet: go on with --resume`)
  }

  /** For a run that is interrupted. */
  underWay(): string[] {
    return this.#current ? [`${this.#current}; go on with --resume`] : []
  }

  /** The nodes that clients may be kept from while the VIP moves: all but one, where one may serve them all. */
  get #pausing(): Host[] {
    if (this.#wish.minServing > 1 || this.#scene.level === 1) return []
    return this.#scene.hosts.filter(({ name }) => !this.#notes.get(name)!.drained)
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
      await this.#step(name, 'put back', () => steps.putBack(this.#pausing))
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
      if (look!.holdsVip) await this.#step(name, 'hand over', () => steps.handOver(this.#pausing))
      await this.#step(name, 'drain', () => steps.drain())
      if (this.#scene.level > 1) await this.#step(name, 'let work end', () => steps.letWorkEnd())
    } catch (error) {
      await this.#stage.goOn()
      const next = await this.#takeBack(name).catch(() => `${name} may still be drained: ${resumeHint}`)
      throw await this.#explain(error, next)
    }
  }

  async #takeBack(name: string): Promise<string> {
    await this.#putBack(name)
    await this.#keep(name, { state: 'waiting', bootId: undefined })
    if ([...this.#notes.values()].some(({ state }) => state === 'done' || state === 'begun'))
      return `${name} was put back and not rebooted: ${resumeHint}`
    await this.#forget()
    return `${name} was put back, and no node was rebooted`
  }

  /** Whatever a step that was broken off has left: all nodes work but those that are begun, and this one too. */
  async #putBack(also?: string): Promise<void> {
    const names = [...this.#notes]
      .filter(([name, { state, drained }]) => name === also || (state !== 'begun' && !drained))
      .map(([name]) => name)
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
    const findings = await this.#scene.check()
    if (findings.length > 0) throw new UserError(textsOf(findings).join('\n'), exitCode.checkFailed)
    return 'the whole cluster is well'
  }

  async #step(node: string, step: string, work: () => Promise<string>): Promise<void> {
    await this.#stage.goOn()
    this.#current = `${node}: ${step}`
    this.#live!.step(this.#current)
    const { clock } = this.#scene.session
    const began = clock.now()
    const outcome = await work()
    const seconds = (clock.now() - began) / 1000
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
