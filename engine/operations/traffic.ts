import type { Inventory } from '../../inventory/types.ts'
import { serviceOf } from '../../services/all.ts'
import { serverOf } from '../clients/client.ts'
import type { RunContext } from '../cli/main.ts'
import { type Prober, type ProberSummary, startProber } from '../clients/prober.ts'
import { type Protocol, protocols, type Sample } from '../clients/losses.ts'
import type { Session } from '../cluster/session.ts'

/** Questions over a protocol that the service has. */
const perSecond: Readonly<Record<Protocol, number>> = { UDP: 10, TCP: 2 }

/** Seconds after which a prober without operator ends by itself. */
const longest = 24 * 3600

/** Seconds between two lines where the output is not a terminal. */
const quietSeconds = 15

/** A monitor that asks the service through the VIP during an operation, and shows which node answers. */
export class TrafficMonitor {
  readonly #context: RunContext
  readonly #names: ReadonlyMap<string, string>
  readonly #counts: Record<Protocol, { sent: number; lost: number }> = {
    UDP: { sent: 0, lost: 0 },
    TCP: { sent: 0, lost: 0 },
  }
  #latest: string[] = []
  #step = 'before'
  #since = performance.now()
  #prober: Prober | undefined
  #ticker: NodeJS.Timeout | undefined

  private constructor(context: RunContext, inventory: Inventory) {
    this.#context = context
    this.#names = namesByAnswer(inventory)
  }

  /**
   * Begins to ask, from the first client of the inventory.
   * @throws UserError where it can't ask from there, HostError where it can't be reached
   */
  static async start(context: RunContext, { inventory, clients }: Session): Promise<TrafficMonitor> {
    const { protocols } = serviceOf(inventory.cluster)
    const rate = (protocol: Protocol) => (protocols.includes(protocol) ? perSecond[protocol] : 0)
    const traffic = new TrafficMonitor(context, inventory)
    traffic.#prober = await startProber(
      clients[0]!,
      serverOf(inventory.cluster),
      { UDP: rate('UDP'), TCP: rate('TCP'), seconds: longest },
      (sample) => traffic.#hear(sample),
    )
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

  #hear({ protocol, who }: Sample): void {
    this.#counts[protocol].sent++
    if (who === undefined) this.#counts[protocol].lost++
    this.#latest = [...this.#latest.slice(-9), who === undefined ? '-' : (this.#names.get(who) ?? who)]
  }

  #show(): void {
    const seconds = Math.round((performance.now() - this.#since) / 1000)
    const counts = protocols.map((protocol) => ({ protocol, ...this.#counts[protocol] })).filter(({ sent }) => sent > 0)
    const lost = counts.map((one) => `${one.protocol} ${one.lost} of ${one.sent}`).join(', ')
    const text = `${this.#step} ${seconds} s  |  lost ${lost || 'nothing yet'}  |  ${this.#latest.join(' ')}`
    if (this.#context.console.interactive) this.#context.console.status(text)
    else if (seconds >= quietSeconds) this.#context.console.print(`at work  ${text}`)
  }
}

/** What a node answers, and its name. */
const namesByAnswer = ({ cluster, hosts }: Inventory): Map<string, string> =>
  new Map(hosts.map((host) => [serviceOf(cluster).answerOf(host), host.name]))

/** One line per step: the questions and losses during it. */
export function lossLines(found: Omit<ProberSummary, 'samples'>): string[] {
  const width = Math.max(...found.steps.map(({ label }) => label.length), 5)
  const asked = protocols.filter((protocol) => found[protocol].sent > 0)
  const row = (label: string, seconds: number, tallies: Pick<ProberSummary, Protocol>) => {
    const part = (protocol: Protocol, { sent, lost, slow, gap }: ProberSummary['UDP']) =>
      `${protocol} lost ${lost} of ${sent}${slow ? ` (${slow} came late)` : ''}${gap ? `, longest gap ${gap.toFixed(1)} s` : ''}`
    return `  ${label.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${asked.map((protocol) => part(protocol, tallies[protocol])).join('; ')}`
  }
  return [
    ...found.steps.map((step) => row(step.label, step.to - step.from, step)),
    row('in all', found.seconds, found),
    ...(found.problem ? [`  after that nothing is known: ${found.problem}`] : []),
  ]
}
