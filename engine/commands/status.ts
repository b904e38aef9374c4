import { realAddress } from '../../inventory/levels.ts'
import { servicesOf, unitsOf } from '../../services/all.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Colours } from '../base/colours.ts'
import type { Cluster, Instance, Inventory } from '../../inventory/types.ts'
import { type Finding, unreachableFinding } from '../cluster/finding.ts'
import { judgeDrained, judgeNodes } from '../verify/judge.ts'
import { addressOf, holdsOf, vrrpOf } from '../cluster/instances.ts'
import type { NodeState } from '../cluster/node-state.ts'
import { lately, type NodeStatus } from '../cluster/status.ts'

/** Removals within a few minutes that are no accident any more. */
const flapping = 3

/** @returns what is wrong with the cluster */
export function judgeStatus(inventory: Inventory, nodes: readonly NodeStatus[]): Finding[] {
  const states = nodes.flatMap(({ state }) => state ?? [])
  const level = states.find((state) => state.level !== undefined)?.level
  return [
    ...nodes.flatMap(({ host, unreachable }) => (unreachable ? unreachableFinding(host, unreachable) : [])),
    ...(states.length > 0 ? judgeNodes(inventory, states, level) : []),
    ...judgeDrained(states),
    ...nodes.flatMap(({ host, removals }) =>
      Object.entries(removals)
        .filter(([, times]) => times >= flapping)
        .map(([key, times]): Finding => {
          const real = nameReal(inventory, level, key)
          const text = `${host}: ${real} is flapping: removed ${times} times in ${lately} min`
          return { code: 'flapping', node: host, about: key, text }
        }),
    ),
  ]
}

function nameReal({ hosts }: Inventory, level: number | undefined, key: string): string {
  const [address, ...server] = key.split(' ')
  const real = hosts.find((host) => realAddress(host, level ?? 1) === address)
  return `the ${server.join(' ')} real server ${real?.name ?? address}`
}

/** The lines for people: two or three a node, then the cluster. */
export function statusLines(
  inventory: Inventory,
  nodes: readonly NodeStatus[],
  findings: readonly Finding[],
  colour: Colours,
): string[] {
  const width = Math.max(...nodes.map(({ host }) => host.length), 'cluster'.length)
  const block = ({ host }: { host: string }, rows: string[]) =>
    rows.map((row, i) => `${(i === 0 ? host : '').padEnd(width)}  ${row}`)
  const services = servicesOf(inventory.cluster)
  const units = unitsOf(services)
  const where = services.some(({ hosts }) => hosts) ? 'on their hosts' : 'on every node'
  const answers =
    units.length === 0 ? '' : `, ${units.join(' and ')} ${units.length > 1 ? 'answer' : 'answers'} ${where}`
  const { instances } = inventory.cluster
  const held = instances.map((instance) => {
    const holder = nodes.find(({ state }) => state && holdsOf(state, instance))?.host
    return `${holder} holds ${addressOf(instance)}`
  })
  return [
    ...nodes.flatMap((node) => block(node, nodeRows(inventory, node, colour))),
    ...block(
      { host: 'cluster' },
      findings.length === 0
        ? [`${colour.green('healthy')}: ${held.join(', ')}${answers}`]
        : findings.map(({ text }) => `${colour.red('not healthy')}: ${text}`),
    ),
  ]
}

function nodeRows(inventory: Inventory, node: NodeStatus, colour: Colours): string[] {
  const { state, unreachable, version, uptime, transition, reboot, pending } = node
  if (!state) return [colour.red(`unreachable: ${unreachable}`)]
  const words = [
    ...(state.role === 'real_server'
      ? ['real server']
      : [
          state.level === undefined ? 'no level' : `level ${state.level}`,
          ...inventory.cluster.instances.map((instance) => vrrpWords(state, instance, inventory.cluster)),
          `keepalived ${version ?? ''} ${state.keepalived}`,
        ]),
    ...Object.entries(state.services).map(([unit, said]) => `${unit} ${said}`),
    `up ${duration(uptime!)}`,
  ]
  return [
    words.join(', '),
    ...poolRows(inventory, state),
    ...(transition
      ? [
          `${transition.instance ? `${transition.instance} ` : ''}${transition.state} since ${isoSeconds(transition.at)}: ${transition.cause ?? 'no cause was logged'}`,
        ]
      : []),
    ...(reboot ? [colour.yellow(`reboot required: ${reboot}`)] : []),
    ...(pending.length > 0
      ? [
          colour.yellow(
            `${pending.length} ${pending.length === 1 ? 'change' : 'changes'} pending: ${pending.join('; ')}`,
          ),
        ]
      : []),
  ]
}

/** VRRP and the address can differ: while the VIP moves, or since somebody has set it by hand. */
function vrrpWords(state: NodeState, instance: Instance, { instances }: Cluster): string {
  const said = vrrpOf(state, instance).state || 'no state yet'
  const holds = holdsOf(state, instance)
  const which = instances.length > 1 ? `${instance.name} ` : ''
  return `VRRP ${which}${said}, ${holds ? 'holds' : 'without'} ${addressOf(instance)}${(said === 'MASTER') !== holds ? ' (they differ)' : ''}`
}

function poolRows({ cluster, hosts }: Inventory, state: NodeState): string[] {
  return virtualServersOf(cluster).flatMap(({ name: server }) => {
    const entries = state.pool.filter((entry) => entry.server === server)
    if (entries.length === 0) return []
    const words = entries.map(({ address, weight, connections }) => {
      const host = hosts.find((one) => realAddress(one, state.level ?? 1) === address)
      return `${host?.name ?? address} weight ${weight}, ${connections} connections`
    })
    return [`${server} pool: ${words.join('; ')}`]
  })
}

const isoSeconds = (at: number) => new Date(at * 1000).toISOString().replace('.000', '')

/** @returns seconds as people say them: `3 d 4 h`, `5 min` */
export function duration(seconds: number): string {
  const [days, hours, minutes] = [
    Math.floor(seconds / 86400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
  ]
  if (days > 0) return `${days} d ${hours} h`
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`
}
