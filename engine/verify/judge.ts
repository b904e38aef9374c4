import { servicesOn, unitsOf } from '../../services/all.ts'
import { virtualServersOn } from '../../services/virtual-server.ts'
import { abilitiesOf } from '../../inventory/levels.ts'
import type { Cluster, Host, Instance, Inventory } from '../../inventory/types.ts'
import { drainFile, standbyFile } from '../../tasks/cluster/keepalived-conf.ts'
import { type Finding, onNode } from '../cluster/finding.ts'
import { addressOf, holdsOf, isMaster, vrrpOf } from '../cluster/instances.ts'
import type { NodeState } from '../cluster/node-state.ts'
import { judgePools } from './judge-pools.ts'

const list = (names: readonly string[]) => names.join(' and ')

/**
 * Judges the state of the nodes, without asking through the VIP. A node that is drained has to be in every pool, with
 * weight 0; that it is drained is no fault in itself.
 * @param states of the nodes that can be reached
 * @param level the level wanted; undefined takes the one that the nodes have
 * @returns what is wrong; empty when nothing is
 */
export const judgeNodes = (
  inventory: Inventory,
  states: readonly NodeState[],
  level: number | undefined,
): Finding[] => [
  ...inventory.cluster.instances.flatMap((instance) => judgeInstance(inventory, instance, states)),
  ...states.flatMap((state) => [
    ...judgeNode(inventory, state, level),
    ...(abilitiesOf(level, inventory.cluster).balances && state.role !== 'real_server'
      ? judgePools(inventory, state, level!)
      : []),
  ]),
]

/** Exactly one node holds the addresses of an instance, and is its only MASTER. */
function judgeInstance({ cluster, hosts }: Inventory, instance: Instance, states: readonly NodeState[]): Finding[] {
  const vip = addressOf(instance)
  const holders = states.filter((state) => holdsOf(state, instance))
  const masters = states.filter((state) => isMaster(state, instance))
  const about = cluster.instances.length > 1 ? { about: instance.name } : {}
  const split = (what: string, who: readonly NodeState[]): Finding => ({
    ...about,
    code: 'split-brain',
    text: `split brain: ${list(who.map(({ host }) => host))} ${what} at the same time`,
  })
  if (holders.length > 1) return [split(heldBySeveral(instance, holders), holders)]
  const others = states.length < hosts.length ? ' that can be reached' : ''
  return [
    ...(holders.length === 0
      ? [{ ...about, code: 'outage', text: `outage: no node${others} holds ${vip}` } as const]
      : []),
    ...(masters.length > 1 ? [split('are MASTER', masters)] : []),
  ]
}

/** @returns what several nodes do: each may have some addresses of an instance alone */
function heldBySeveral(instance: Instance, holders: readonly NodeState[]): string {
  const counts = instance.vips.map(({ address }) => ({
    address,
    count: holders.filter((state) => vrrpOf(state, instance).holds.includes(address)).length,
  }))
  const shared = counts.filter(({ count }) => count > 1).map(({ address }) => address)
  if (shared.length > 0) return `hold ${list(shared)}`
  return `hold addresses of ${instance.name} (${list(counts.flatMap(({ address, count }) => (count > 0 ? address : [])))})`
}

/** The part of the connection table that may be used: the node may have to take over what another one has. */
const conntrackLimit = 0.9

function judgeConntrack({ host, conntrack }: NodeState): Finding[] {
  if (!conntrack || conntrack.count < conntrack.max * conntrackLimit) return []
  const text =
    `its table of connections has ${conntrack.count} of ${conntrack.max} entries, and when it is full, packets of ` +
    'new clients are dropped: raise the sysctl net.netfilter.nf_conntrack_max'
  return [onNode(host, 'conntrack-full', text)]
}

/** keepalived, VRRP and the services of a node. */
function judgeNode({ cluster, hosts }: Inventory, state: NodeState, level: number | undefined): Finding[] {
  const { host, role, keepalived, services, silent } = state
  const findings =
    keepalived === 'active' || role === 'real_server'
      ? []
      : [onNode(host, 'keepalived-down', `keepalived is ${keepalived}`)]
  findings.push(...judgeConntrack(state))
  const itself = hosts.find(({ name }) => name === host)!
  const all = servicesOn(cluster, itself)
  const about = (...words: string[]) => (all.length > 1 ? words : words.slice(1)).join(' ') || undefined
  const down = unitsOf(all).filter((unit) => services[unit] !== 'active')
  for (const unit of down) findings.push(onNode(host, 'service-down', `${unit} is ${services[unit]}`, about(unit)))
  for (const { service, address, why } of silent) {
    const { unit = '' } = all.find(({ name }) => name === service) ?? {}
    if (!down.includes(unit)) findings.push(onNode(host, 'service-silent', why, about(service, address)))
  }
  const { answersDirectly, tunnels } = abilitiesOf(level, cluster)
  if (answersDirectly && role !== 'director') findings.push(...judgeLoopback(cluster, itself, state))
  if (tunnels && role !== 'director' && !state.tunnel)
    findings.push(onNode(host, 'tunnel-down', 'tunl0 is not up with an address: who is sent here gets no answer'))
  if (role === 'real_server') return findings
  if (state.level === undefined)
    return [
      ...findings,
      onNode(host, 'not-configured', 'keepalived.conf was not written by a playbook: run a level playbook'),
    ]
  if (state.level !== level)
    findings.push(onNode(host, 'other-level', `is configured for level ${state.level}, not ${level}`))
  return [...findings, ...cluster.instances.flatMap((instance) => judgeVrrp(state, instance, cluster))]
}

/** Clients whom a director sends here ask for the VIP. */
const judgeLoopback = (cluster: Cluster, itself: Host, { host, onLoopback }: NodeState): Finding[] =>
  [...new Set(virtualServersOn(cluster, itself).map(({ address }) => address))]
    .filter((address) => !onLoopback.includes(address))
    .map((address) =>
      onNode(host, 'not-on-loopback', `does not have ${address} on lo: who is sent to it gets no answer`, address),
    )

function judgeVrrp(state: NodeState, instance: Instance, { instances }: Cluster): Finding[] {
  const { host, keepalived } = state
  const { state: vrrpState, holds } = vrrpOf(state, instance)
  const vip = addressOf(instance)
  const about = instances.length > 1 ? instance.name : undefined
  const finding = (code: Finding['code'], text: string) => onNode(host, code, text, about)
  const said = keepalived === 'active' ? vrrpState : 'without keepalived'
  if (keepalived === 'active' && !['MASTER', 'BACKUP', 'FAULT'].includes(vrrpState))
    return [finding('vrrp-unknown', `keepalived runs, and has told no VRRP state${about ? ` of ${about}` : ''}`)]
  const missing = instance.vips.map(({ address }) => address).filter((address) => !holds.includes(address))
  return [
    ...(said === 'FAULT' ? [finding('vrrp-fault', `its VRRP is in FAULT: it can't take ${vip} over`)] : []),
    ...(holds.length > 0 && said !== 'MASTER'
      ? [finding('vip-without-master', `holds ${list(holds)}, and is ${said}`)]
      : []),
    ...(missing.length > 0 && said === 'MASTER'
      ? [finding('master-without-vip', `is MASTER without ${list(missing)}`)]
      : []),
  ]
}

/** keepalived and the services of a node run, the services answer, and the node can take the VIP over. */
export const works = ({ role, keepalived, services, silent, instances }: NodeState): boolean =>
  (keepalived === 'active' || role === 'real_server') &&
  Object.values(services).every((said) => said === 'active') &&
  silent.length === 0 &&
  Object.values(instances).every(({ state }) => state !== 'FAULT')

/** @returns the nodes that any node takes for drained */
export const drainedNodes = (states: readonly NodeState[]): string[] => [
  ...new Set(states.flatMap(({ drained }) => drained)),
]

/** @returns a finding for each node that was taken out of the work */
export const judgeDrained = (states: readonly NodeState[]): Finding[] => [
  ...drainedNodes(states).map((node): Finding => {
    const where = states.filter(({ drained }) => drained.includes(node)).map(({ host }) => host)
    const text = `${node} is drained (${drainFile(node)} on ${list(where)} says 1): no new client is sent to it`
    return { code: 'drained', node, text }
  }),
  ...states
    .filter(({ standby }) => standby)
    .map(({ host }): Finding => {
      const text = `${host} is not to hold the virtual IP (its ${standbyFile} says 1)`
      return { code: 'standby', node: host, text }
    }),
]

/** @returns a finding for each error that was logged; time does not heal them */
export const judgeJournals = (states: readonly NodeState[]): Finding[] =>
  states.flatMap(({ host, errors }) => errors.map((error) => onNode(host, 'journal-error', `journal: ${error}`, error)))
