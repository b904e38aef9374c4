import { drainedNodes, judgeNodes, works } from '../verify/judge.ts'
import { checkCluster } from '../verify/check.ts'
import { type Finding, isOfLoad, without } from '../cluster/finding.ts'
import { type NodeState, readNodeStates, type NodeHandle } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'
import { type Abilities, abilitiesOf, realAddress } from '../../inventory/levels.ts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Host, Instance } from '../../inventory/types.ts'
import { addressOf, holdsAny, holdsOf } from '../cluster/instances.ts'
import { servicesOf, servicesOn } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import { virtualServersOn } from '../../services/virtual-server.ts'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import type { Transport } from '../transport/transport.ts'
import { drainFile, drainFolder, standbyFile } from '../../tasks/cluster/keepalived-conf.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import { setFlag } from './flag.ts'

/** Seconds for keepalived to follow a change of its files. */
const followTime = 30

const reachOf = (session: Session, host: Host): NodeHandle => ({ host, transport: session.reach(host.name) })

/** The cluster check of every node, without a report. */
export const checkNodes = (session: Session, timeout: number, changed: boolean) =>
  checkCluster(
    session.inventory,
    session.inventory.hosts.map((host) => reachOf(session, host)),
    { clients: session.clients, changed, timeout, clock: session.clock, say: () => {} },
  )

/** Control of a cluster for rolling reboots and drills: state, findings, drain, standby. */
export class ClusterControl {
  readonly session: Session
  readonly level: number
  /** Seconds for one execution. */
  readonly timeout: number
  /** Findings from before the operation, which are tolerated. */
  readonly known: readonly Finding[]
  /** Seconds after which a host ends drain and standby by itself; without them, they stay until they are ended. */
  readonly flagsLast: number | undefined

  constructor(session: Session, level: number, timeout: number, known: readonly Finding[], flagsLast?: number) {
    this.session = session
    this.level = level
    this.timeout = timeout
    this.known = known
    this.flagsLast = flagsLast
  }

  /** The cluster check. @returns findings that are new */
  async check(): Promise<Finding[]> {
    const { findings } = await checkNodes(this.session, this.timeout, true)
    return without(findings, this.known)
  }

  get can(): Abilities {
    return abilitiesOf(this.level, this.session.inventory.cluster)
  }

  get services(): readonly Service[] {
    return servicesOf(this.session.inventory.cluster)
  }

  get hosts(): readonly Host[] {
    return this.session.inventory.hosts
  }

  /** The hosts that clients can be sent to. */
  get realServers(): readonly Host[] {
    return this.hosts.filter(serves)
  }

  /** What a node serves. */
  servicesOn(host: Host): Service[] {
    return servicesOn(this.session.inventory.cluster, host)
  }

  /** How many pools a node is in, on each director. */
  #poolsOf(host: Host): number {
    return virtualServersOn(this.session.inventory.cluster, host).length
  }

  get instances(): readonly Instance[] {
    return this.session.inventory.cluster.instances
  }

  /** The addresses that move, the first of each instance, for people. */
  get vip(): string {
    return this.instances.map(addressOf).join(' and ')
  }

  reach(node: string): Transport {
    return this.session.reach(node)
  }

  /** States of these nodes, or of all. @throws HostError where one is unreachable */
  states(nodes: readonly Host[] = this.hosts): Promise<NodeState[]> {
    return readNodeStates(this.session, this.timeout, nodes)
  }

  /** States of all nodes that can be reached. */
  async reachableStates(): Promise<NodeState[]> {
    return (await this.#stateOrName()).filter((state) => typeof state !== 'string')
  }

  /** A state for each node, or its name where it is unreachable. */
  #stateOrName(): Promise<(NodeState | string)[]> {
    return Promise.all(
      this.hosts.map(async (host) => {
        try {
          return (await this.states([host]))[0]!
        } catch (error) {
          if (error instanceof HostError) return host.name
          throw error
        }
      }),
    )
  }

  /** New findings about these states that a node has to wait for; a drained node is none. */
  findings(states: readonly NodeState[]): Finding[] {
    const findings = judgeNodes(this.session.inventory, states, this.level)
    return without(findings, this.known).filter((one) => !isOfLoad(one))
  }

  /** Whether a node is in all pools of a director, with a weight. */
  sendsTo({ pool }: NodeState, node: string): boolean {
    const host = this.hosts.find(({ name }) => name === node)!
    const real = realAddress(host, this.level)
    return pool.filter(({ address, weight }) => address === real && weight > 0).length >= this.#poolsOf(host)
  }

  /** The nodes that get clients; at level 1, the nodes that would answer if they held the VIP. */
  serving(states: readonly NodeState[]): string[] {
    const directors = states.filter(holdsAny)
    return this.realServers
      .filter((host) => {
        const state = states.find((one) => one.host === host.name)
        if (!this.can.balances) return state !== undefined && works(state) && !state.standby
        return directors.length > 0 && directors.every((director) => this.sendsTo(director, host.name))
      })
      .map(({ name }) => name)
  }

  /**
   * Polls the state of nodes twice a second.
   * @param wrong names what is not yet as wanted
   * @param seconds to wait at most
   * @returns what is still wrong at the end, or undefined
   */
  async until(
    wrong: (states: NodeState[]) => string | undefined,
    seconds: number,
    nodes?: readonly Host[],
  ): Promise<string | undefined> {
    const { clock } = this.session
    const deadline = clock.now() + seconds * 1000
    for (;;) {
      const problem = wrong(await this.states(nodes))
      if (!problem || clock.now() > deadline) return problem
      await clock.sleep(500)
    }
  }

  /**
   * Drains or undrains these nodes on every director.
   * @throws UserError, HostError if a director can't be changed
   */
  async setDrained(nodes: readonly string[], drained: boolean): Promise<void> {
    const names = this.realServers.map(({ name }) => name).filter((name) => nodes.includes(name))
    if (names.length === 0 || !this.can.balances) return
    // A node of level 1 knows no drain.
    const flags = lines(...names.map((node) => setFlag(drainFile(node), drained, this.flagsLast)))
    await this.everywhere(sh`[ -d ${drainFolder} ] || exit 0
${flags}`)
  }

  /** Waits until the pools of every director show these nodes drained or undrained. @throws UserError if they do not */
  async poolsFollow(nodes: readonly Host[], drained: boolean): Promise<void> {
    if (nodes.length === 0 || !this.can.balances) return
    const problem = await this.until((states) => this.notFollowed(states, nodes, drained), followTime)
    if (problem) throw new UserError(problem, exitCode.failed)
  }

  /** @returns a text about the first director whose pools do not follow, or undefined */
  notFollowed(states: readonly NodeState[], nodes: readonly Host[], drained: boolean): string | undefined {
    for (const { host, pool, level } of states) {
      if (!abilitiesOf(level, this.session.inventory.cluster).balances) continue
      for (const node of nodes.filter(serves)) {
        const entries = pool.filter(({ address }) => address === realAddress(node, level!))
        if (entries.length < this.#poolsOf(node)) return `${node.name} is not in the pools of ${host}`
        const other = entries.find(({ weight }) => (weight === 0) !== drained)
        if (other) return `the pools of ${host} still have ${node.name} with weight ${other.weight}`
      }
    }
  }

  /** Sets or clears standby on a node: in standby, another node is to hold the VIP. @throws as `setDrained` */
  async setStandby(node: string, standby: boolean): Promise<void> {
    if (!directs(this.hosts.find(({ name }) => name === node)!)) return
    await run(node, this.reach(node), setFlag(standbyFile, standby, this.flagsLast), this.timeout)
  }

  /** Runs a script on these nodes, or on all. */
  async everywhere(script: Script, nodes: readonly Host[] = this.hosts): Promise<void> {
    await Promise.all(nodes.map(({ name }) => run(name, this.reach(name), script, this.timeout)))
  }

  /** One part per node: holder, serving, drained or unreachable. For operators who continue by hand. */
  async describe(): Promise<string> {
    const found = await this.#stateOrName()
    const drained = drainedNodes(found.filter((state) => typeof state !== 'string'))
    return found
      .map((state) => {
        if (typeof state === 'string') return `${state} is unreachable`
        const work = !works(state)
          ? 'does not serve'
          : drained.includes(state.host) || state.standby
            ? 'is drained'
            : 'serves'
        const held = this.instances.filter((instance) => holdsOf(state, instance)).map(addressOf)
        return `${state.host} ${held.length > 0 ? `holds ${held.join(' and ')} and ` : ''}${work}`
      })
      .join('; ')
  }
}

/** @throws HostError where the host is unreachable, UserError where the script fails */
async function run(name: string, transport: Transport, script: Script, timeout: number): Promise<void> {
  const { code, stderr } = await transport.run(script.text, { timeout })
  if (code !== 0)
    throw new UserError(`${name}: ${stderr.trim() || `a script ended with code ${code}`}`, exitCode.failed)
}
