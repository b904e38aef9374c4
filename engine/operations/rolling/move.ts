import { preempts, priorityIn } from '../../../inventory/priority.ts'
import { directs } from '../../../inventory/roles.ts'
import type { Host, Instance, Inventory } from '../../../inventory/types.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import { addressOf, holdsOf } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { works } from '../../verify/judge.ts'
import { isServedBy } from '../../../services/service.ts'
import type { ClusterControl } from '../control.ts'

/** Milliseconds for questions that are on their way to be answered. */
export const inFlight = 1000

/** Instances on their way to another node. */
export interface Move {
  moving: readonly Instance[]
  from: string
  /** Who will hold the first of them, as far as it can be told. */
  to: string | undefined
  /** Whether a holder is the one that is wanted. */
  arrived(holder: string): boolean
  /** What sets them on their way. */
  act(): Promise<void>
  /** Seconds that it may take. */
  seconds: number
}

/**
 * Moves the addresses of instances. An answer in flight would reach a new director that does not know the connection, unless
 * the old holder itself answers: so for this moment all clients are sent to the old holder. Where real servers answer
 * directly, it is a question in flight: clients are sent to the new holder. Where that serves nobody, to one real server.
 * @param pausing the real servers that may be drained for some seconds
 * @returns who holds them now, for people
 * @throws UserError where they do not move in time
 */
export async function moveAddresses(control: ClusterControl, move: Move, pausing: readonly Host[]): Promise<string> {
  const { clock } = control.session
  const answering = control.can.answersDirectly ? move.to : move.from
  const kept = keptFor(control, pausing, answering)
  const others = pausing.filter((host) => !kept.has(host))
  const names = others.map(({ name }) => name)
  const undrain = () => control.setDrained(names, false)
  try {
    await control.setDrained(names, true)
    await control.poolsFollow(others, true)
    await clock.sleep(inFlight)
    await move.act()
    const held = await moved(control, move)
    await clock.sleep(inFlight)
    await undrain()
    await control.poolsFollow(others, false)
    return held
  } catch (error) {
    // The others would leave all work to one node; that they can't be undrained is not what went wrong first.
    await undrain().catch(() => {})
    throw error
  }
}

/**
 * @param answering who answers clients meanwhile, where it serves them
 * @returns the hosts that are not drained: one for each service, and few others get what they serve beside
 */
function keptFor(control: ClusterControl, pausing: readonly Host[], answering: string | undefined): Set<Host> {
  const kept = new Set<Host>()
  for (const service of control.services) {
    const able = pausing.filter((host) => isServedBy(service, host))
    const least = able.toSorted((a, b) => control.servicesOn(a).length - control.servicesOn(b).length)
    const host = able.find(({ name }) => name === answering) ?? able.find((one) => kept.has(one)) ?? least[0]
    if (host) kept.add(host)
  }
  return kept
}

/** @returns `ns1 holds 10.2.1.5` of each instance */
async function moved(control: ClusterControl, { moving, from, arrived, seconds }: Move): Promise<string> {
  let held: string[] = []
  const problem = await control.until((states) => {
    held = []
    for (const instance of moving) {
      const holders = states.filter((state) => holdsOf(state, instance)).map(({ host }) => host)
      const verb = holders.length > 1 ? 'hold' : 'holds'
      const text = `${holders.join(' and ') || 'no node'} ${verb} ${addressOf(instance)}`
      if (holders.length !== 1 || !arrived(holders[0]!)) return text
      held.push(text)
    }
  }, seconds)
  if (problem) {
    const vips = moving.map(addressOf).join(' and ')
    throw new UserError(`${vips} did not move away from ${from} within ${seconds} s: ${problem}`, exitCode.failed)
  }
  return held.join(', ')
}

/** @returns who will hold the addresses of an instance when a node lets go of them (RFC 5798, 6.4.3) */
export function heirOf(
  { hosts }: Pick<Inventory, 'hosts'>,
  instance: Instance,
  from: string,
  states: readonly NodeState[],
): string | undefined {
  const inNumbers = ({ address }: Host) => address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  const able = hosts.filter((host) => {
    const state = states.find((one) => one.host === host.name)
    return host.name !== from && directs(host) && state && works(state) && !state.standby
  })
  const rank = (host: Host) => priorityIn(instance, host, hosts)
  return able.toSorted((a, b) => rank(b) - rank(a) || inNumbers(b) - inNumbers(a))[0]?.name
}

/** @returns the instances that come to a host when it is undrained, and the node that the first comes from */
export function comingBack(
  { cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>,
  host: Host,
  states: readonly NodeState[],
): { from?: string; moving: Instance[] } {
  const holderOf = (instance: Instance) =>
    hosts.find(({ name }) => states.some((state) => state.host === name && holdsOf(state, instance)))
  const moving = cluster.instances.filter((instance) => {
    const holder = holderOf(instance)
    return (
      holder && preempts(cluster, instance) && priorityIn(instance, holder, hosts) < priorityIn(instance, host, hosts)
    )
  })
  const from = moving[0] && holderOf(moving[0])?.name
  return { moving, ...(from !== undefined && { from }) }
}
