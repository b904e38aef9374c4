import type { Inventory } from '../../inventory/types.ts'
import { servicesOf } from '../../services/all.ts'
import { askedServicesOf } from '../../services/virtual-server.ts'
import type { RunContext } from '../cli/main.ts'
import { type Prober, type ProberSummary, startProber } from '../clients/prober.ts'
import type { Sample, Tally } from '../clients/losses.ts'
import type { Session } from '../cluster/session.ts'

/** Questions per second over the first protocol of a service, and over another one. */
const [often, seldom] = [10, 2]

/** Seconds after which a prober without operator ends by itself. */
const longest = 24 * 3600

/** Seconds between two lines where the output is not a terminal. */
const quietSeconds = 15

/** A monitor that asks the service through the VIP during an operation, and shows which node answers. */
export class TrafficMonitor {
  readonly #context: RunContext
  readonly #names: ReadonlyMap<string, string>
  /** By virtual server. */
  readonly #counts: Map<string, { sent: number; lost: number }>
  #latest: string[] = []
  #step = 'before'
  #since = performance.now()
  #prober: Prober | undefined
  #ticker: NodeJS.Timeout | undefined

  private constructor(context: RunContext, inventory: Inventory) {
    this.#context = context
    this.#names = namesByAnswer(inventory)
    const servers = askedServicesOf(inventory.cluster).flatMap((service) => service.servers)
    this.#counts = new Map(servers.map(({ name }) => [name, { sent: 0, lost: 0 }]))
  }

  /**
   * Begins to ask, from the first client of the inventory.
   * @throws UserError where it can't ask from there, HostError where it can't be reached
   */
  static async start(context: RunContext, { inventory, clients }: Session): Promise<TrafficMonitor> {
    const traffic = new TrafficMonitor(context, inventory)
    const services = askedServicesOf(inventory.cluster).map((one) => ({
      ...one,
      servers: one.servers.map((server, place) => ({ ...server, perSecond: place === 0 ? often : seldom })),
    }))
    traffic.#prober = await startProber(clients[0]!, services, longest, (sample) => traffic.#hear(sample))
    const every = context.console.interactive ? 200 : quietSeconds * 1000
    traffic.#ticker = setInterval(() => traffic.#show(), every)
    context.atEnd(() => traffic.#end())
    return traffic
  }

  /** Names what is done from now on. */
  step(label: string): void {
    this.#step = label
    this.#since = performance.now()
    this.#prober!.mark(label)
    if (this.#context.console.interactive) this.#show()
  }

  /** Ends the questions and sums up. */
  async stop(): Promise<ProberSummary> {
    this.#end()
    return this.#prober!.stop()
  }

  #end(): void {
    clearInterval(this.#ticker)
    this.#context.console.status('')
  }

  #hear({ server, who }: Sample): void {
    const counts = this.#counts.get(server)!
    counts.sent++
    if (who === undefined) counts.lost++
    this.#latest = [...this.#latest.slice(-9), who === undefined ? '-' : this.#names.get(who) || who || 'answered']
  }

  #show(): void {
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    const lost = [...this.#counts].map(([server, { sent, lost }]) => `${server} ${lost} of ${sent}`).join(', ')
    const heard = lost ? `lost ${lost}  |  ${this.#latest.join(' ')}` : 'nobody can be asked'
    const text = `${this.#step} ${seconds} s  |  ${heard}`
    if (this.#context.console.interactive) this.#context.console.status(text)
    else if (seconds >= quietSeconds) this.#context.console.print(`at work  ${text}`)
  }
}

/** What a node answers, and its name; an answer that does not say whose it is has none. */
export const namesByAnswer = ({ cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>): Map<string, string> =>
  new Map(
    servicesOf(cluster).flatMap(({ answerOf }) =>
      hosts.flatMap((host): [string, string][] => (answerOf(host) ? [[answerOf(host), host.name]] : [])),
    ),
  )

/** One line per step: the questions and losses during it. */
export function lossLines(found: Omit<ProberSummary, 'samples'>): string[] {
  const width = Math.max(...found.steps.map(({ label }) => label.length), 5)
  const row = (label: string, seconds: number, tallies: ProberSummary['tallies']) => {
    const part = (server: string, { sent, lost, slow, gap }: Tally) =>
      `${server} lost ${lost} of ${sent}${slow ? ` (${slow} came late)` : ''}${gap ? `, longest gap ${gap.toFixed(1)} s` : ''}`
    const parts = Object.entries(tallies).map(([server, tally]) => part(server, tally))
    return `  ${label.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${parts.join('; ') || 'nobody could be asked'}`
  }
  return [
    ...found.steps.map((step) => row(step.label, step.to - step.from, step.tallies)),
    row('in all', found.seconds, found.tallies),
    ...(found.problem ? [`  after that nothing is known: ${found.problem}`] : []),
  ]
}
