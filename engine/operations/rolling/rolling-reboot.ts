import { holdsAny } from '../../cluster/instances.ts'
import type { Documents } from '../../../documents/all.ts'
import type { TrafficMonitor } from '../traffic.ts'
import { serves } from '../../../inventory/roles.ts'
import type { Host } from '../../../inventory/types.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import type { HostLocks } from '../../cluster/host-locks.ts'
import { type Note, writeNote } from '../../cluster/rolling-note.ts'
import { textsOf } from '../../cluster/finding.ts'
import type { RunContext } from '../../cli/main.ts'
import { run } from './locks.ts'
import { NodeSteps } from './node-steps.ts'
import type { RollingRequest } from './options.ts'
import type { RebootPlan, Turn } from './order.ts'
import type { ClusterControl } from '../control.ts'
import type { ReportStep } from '../../report/data.ts'

/** One step that has ended, for `--json` and the report. */
type StepReport = NonNullable<Documents['rolling-reboot']['steps']>[number]

/** Seconds that clients may wait at level 1 while the VIP moves and the service notices its arrival. */
const moveSeconds = 1

/** The nodes whose work is not done. */
const isOpen = ({ state }: Note) => state === 'waiting' || state === 'begun'

/** How to go on by hand. */
const resumeHint = 'fix this, then run this playbook again with --resume'

/** One node after the other. */
export class RollingReboot {
  readonly #context: RunContext<Documents['rolling-reboot']>
  readonly #control: ClusterControl
  readonly #request: RollingRequest
  readonly #steps: StepReport[] = []
  readonly #locks: HostLocks
  readonly #turns: readonly Turn[]
  readonly #notes: Map<string, Note>
  #traffic: TrafficMonitor | undefined
  #current = ''

  constructor(
    context: RunContext<Documents['rolling-reboot']>,
    control: ClusterControl,
    request: RollingRequest,
    locks: HostLocks,
    { turns, notes }: RebootPlan,
  ) {
    this.#context = context
    this.#control = control
    this.#request = request
    this.#locks = locks
    this.#turns = turns
    this.#notes = new Map(notes)
    context.document.steps = this.#steps
  }

  /**
   * Reboots the nodes in their planned order.
   * @throws UserError at the first node that fails, with the cluster's state and how to continue
   */
  async run(traffic: TrafficMonitor): Promise<void> {
    this.#traffic = traffic
    await Promise.all(this.#control.hosts.map(({ name }) => this.#keep(name, {})))
    if (this.#request.resume) await this.#undrain()
    for (const { host } of this.#turns) await this.#turn(host)
    const left = [...this.#notes].filter(([, note]) => isOpen(note)).map(([name]) => name)
    if (left.length === 0) return this.#forget()
    this.#context.console.print(`${left.join(' and ')} not worked on yet: go on with --resume`)
  }

  /** For a run that is interrupted. */
  underWay(): string[] {
    return this.#current ? [`${this.#current}; go on with --resume`] : []
  }

  /** The nodes that may be drained while the VIP moves: all but one, if one may serve all clients. */
  get #pausing(): Host[] {
    if (this.#request.minServing > 1 || !this.#control.can.balances) return []
    return this.#control.realServers.filter(({ name }) => !this.#notes.get(name)!.drained)
  }

  /** What the report says of a step, by its place. */
  about(index: number): Pick<ReportStep, 'limit' | 'outcome'> {
    return { limit: this.#control.can.balances ? 0 : moveSeconds, outcome: this.#steps[index]?.outcome }
  }

  async #turn(host: Host): Promise<void> {
    const { name } = host
    const note = this.#notes.get(name)!
    const steps = new NodeSteps(this.#control, host, this.#request.patience)
    const [state] = await this.#control.states([host])
    const rebooted = note.state === 'begun' && note.bootId !== undefined && note.bootId !== state!.bootId
    await this.#keep(name, { state: 'begun' })
    if (!rebooted) await this.#drainNode(host, steps)
    try {
      if (!rebooted && note.before)
        await this.#step(name, 'command', () => steps.command(note.before!, run.by, this.#control.timeout))
      if (!rebooted && note.reboot) await this.#reboot(host, steps)
      await this.#step(name, 'wait until healthy', () => steps.waitUntilHealthy())
      await this.#step(name, 'undrain', () => steps.undrain(this.#pausing))
      await this.#step(name, 'verify', () => this.#check())
    } catch (error) {
      throw await this.#explain(error, `${name} may still be drained: ${resumeHint}`)
    }
    await this.#keep(name, { state: 'done' })
  }

  /** Drains a node, or undrains it on failure: up to this point nothing is lost. */
  async #drainNode(host: Host, steps: NodeSteps): Promise<void> {
    const { name } = host
    try {
      await this.#enoughServe(host)
      const [state] = await this.#control.states([host])
      if (holdsAny(state!)) await this.#step(name, 'hand over', () => steps.handOver(this.#pausing))
      await this.#step(name, 'drain', () => steps.drain())
      if (this.#control.can.balances && serves(host))
        await this.#step(name, 'wait for connections', () => steps.waitForConnections())
    } catch (error) {
      await this.#context.checkpoint()
      const next = await this.#undrainAgain(name).catch(() => `${name} may still be drained: ${resumeHint}`)
      throw await this.#explain(error, next)
    }
  }

  async #undrainAgain(name: string): Promise<string> {
    await this.#undrain(name)
    await this.#keep(name, { state: 'waiting', bootId: undefined })
    if ([...this.#notes.values()].some(({ state }) => state === 'done' || state === 'begun'))
      return `${name} was undrained and not rebooted: ${resumeHint}`
    await this.#forget()
    return `${name} was undrained, and no node was rebooted`
  }

  /** Undrains all nodes except those in progress, and this one too, after a step was aborted. */
  async #undrain(also?: string): Promise<void> {
    const names = [...this.#notes]
      .filter(([name, { state, drained }]) => name === also || (state !== 'begun' && !drained))
      .map(([name]) => name)
    await this.#control.setDrained(names, false)
    for (const name of names) await this.#control.setStandby(name, false)
  }

  async #reboot(host: Host, steps: NodeSteps): Promise<void> {
    const [state] = await this.#control.states([host])
    await this.#keep(host.name, { bootId: state!.bootId })
    await this.#step(host.name, 'reboot', () => steps.reboot(state!.bootId))
    // The boot has freed the lock.
    await this.#locks.again(host.name)
  }

  async #enoughServe(out: Host): Promise<void> {
    const serving = this.#control.serving(await this.#control.states()).filter((name) => name !== out.name)
    const { minServing } = this.#request
    // At level 1 one node alone serves, and hands that over.
    const alone = this.#control.can.balances
      ? this.#control.servicesOn(out).find(({ hosts }) => hosts && !hosts.some((name) => serving.includes(name)))
      : undefined
    if (alone)
      throw new UserError(
        `without ${out.name} nobody would serve ${alone.name} (cluster.services.${alone.name}.hosts)`,
        exitCode.checkFailed,
      )
    if (serving.length >= minServing) return
    const who = serving.join(' and ') || 'no other node'
    throw new UserError(
      `without ${out.name} only ${who} would serve: fewer than --min-serving ${minServing}`,
      exitCode.checkFailed,
    )
  }

  async #check(): Promise<string> {
    const findings = await this.#control.check()
    if (findings.length > 0) throw new UserError(textsOf(findings).join('\n'), exitCode.checkFailed)
    return 'the whole cluster is healthy'
  }

  async #step(node: string, step: string, work: () => Promise<string>): Promise<void> {
    await this.#context.checkpoint()
    this.#locks.ensureHeld()
    this.#current = `${node}: ${step}`
    this.#traffic!.step(this.#current)
    const { clock } = this.#control.session
    const began = clock.now()
    const outcome = await work()
    const seconds = (clock.now() - began) / 1000
    this.#steps.push({ node, step, outcome, seconds })
    this.#context.console.print(`${node}  ${step.padEnd(20)}  ${outcome} (${seconds.toFixed(1)} s)`)
  }

  async #keep(name: string, change: Partial<Note>): Promise<void> {
    const note = { ...this.#notes.get(name)!, ...change }
    this.#notes.set(name, note)
    const { code, stderr } = await this.#control.reach(name).run(writeNote(run.folder, note).text, { timeout: 60 })
    if (code !== 0) throw new UserError(`${name}: a note can't be written: ${stderr.trim()}`, exitCode.failed)
  }

  #forget = (): Promise<void> => this.#control.everywhere(writeNote(run.folder, undefined))

  async #explain(error: unknown, next: string): Promise<unknown> {
    if (!(error instanceof UserError)) return error
    return new UserError(`${error.message}\nThe cluster: ${await this.#control.describe()}. ${next}`, error.exitCode)
  }
}
