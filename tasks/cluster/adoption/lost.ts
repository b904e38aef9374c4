import { type Difference, facts, told } from '../../../engine/import/compare.ts'
import type { Meaning, Part } from '../../../engine/import/facts.ts'
import { meaningOf } from '../../../engine/import/meaning.ts'
import { onlyReal } from '../../../engine/import/own-real-servers.ts'
import { meaningFor, movedIn, type Subject } from '../../../engine/import/verdict.ts'
import type { Statement } from '../../../engine/conf/statement.ts'
import { preemptDelayOf, preempts, priorityIn } from '../../../inventory/priority.ts'
import type { Instance } from '../../../inventory/types.ts'
import type { Target } from '../../target.ts'

type Knows = Pick<Target, 'cluster' | 'host' | 'hosts'>

/** An instance of a file that no playbook wrote, and that of the inventory which has its place. */
export interface Pair {
  own: Statement
  instance: Instance
}

/**
 * What a file means and the configuration in its place does not, as import.mts compares them.
 * @param pairs of the instances that stay
 * @param statements of the file
 * @param ours those of the configuration in its place
 * @returns each as `LINE: what`
 */
export function lost(
  pairs: readonly Pair[],
  statements: readonly Statement[],
  ours: readonly Statement[],
  target: Knows,
): string[] {
  const own = [target.host.address]
  const [wanted, got] = [statements, ours].map((all) => meaningOf(byNode(all, target), own)) as [Meaning, Meaning]
  const instances = pairs.map(({ own: { words }, instance }) => ({
    instance,
    theirs: named(wanted, words[1]!),
    ours: named(got, instance.name),
  }))
  const differences = [
    ...facts(target.host.name, 'global', wanted.global, got.global),
    ...instances.flatMap(({ theirs, ours: other }) => facts(target.host.name, 'instance', theirs, other)),
    ...wanted.virtualServers.flatMap((part) => balanced(part, got, target)),
  ].map((one) => ({ ...one, wanted: one.wanted ?? usual[one.about] }))
  const subject = {
    ...{ main: instances[0]?.theirs, first: wanted.virtualServers[0]!, virtualServers: wanted.virtualServers },
    moved: movedIn(differences),
  }
  const none = got.virtualServers.length === 0 ? ', and level 1 has none' : ''
  return [
    ...new Set(gone(wanted, got, target).map(({ name, place }) => `${place.line}: ${name}${none}`)),
    ...differences.flatMap((one) => {
      if (elections.test(one.about) || gap.test(one.about) || isToldBy(differences, one)) return []
      if (heard.test(one.about)) return [at(one, deaf(one))]
      return isLost(one, subject) ? [at(one, told(one))] : []
    }),
    ...instances.flatMap(({ instance, theirs }) => elected(theirs, instance, target)),
  ]
}

const named = ({ instances }: Meaning, name: string): Part => instances.find((part) => part.name === name)!

const at = ({ place }: Difference, text: string) => `${place?.line ?? 1}: ${text}`

/** Whether another difference tells it. */
function isToldBy(differences: readonly Difference[], { about, wanted, part }: Difference): boolean {
  const differs = (other: string) => differences.some((one) => one.part === part && one.about === other)
  // Statements of the top level are told as they stand, and version 3 has no password.
  if (about.startsWith('block ') || (about === 'auth_pass' && wanted === undefined && differs('version'))) return true
  const [, of = ''] = / of (real_server .*)$/.exec(about) ?? []
  // IPv6 stands in `virtual_ipaddress_excluded` beside IPv4.
  const elsewhere = about.replace(/^address /, 'excluded address ')
  return differs(of) || (elsewhere !== about && differs(elsewhere)) || (about.startsWith('peer ') && differs('unicast'))
}

/** Whether somebody would notice that it goes. */
function isLost(one: Difference, subject: Subject): boolean {
  if (one.wanted === undefined) return false
  // An inventory that import.mts writes has the other family as well.
  if (/^(excluded )?address /.test(one.about)) return true
  const meant = meaningFor(one, subject)
  return typeof meant === 'object' && 'need' in meant
}

/** Virtual servers that go, unless their node is to serve alone, and has done so. */
function gone(wanted: Meaning, got: Meaning, { host }: Knows): Part[] {
  if (got.virtualServers.length === 0 && onlyReal(wanted) === host.address) return []
  return wanted.virtualServers.filter(({ key }) => !got.virtualServers.some((ours) => ours.key === key))
}

/** What a virtual server that stays has beside ours. */
function balanced(part: Part, { virtualServers }: Meaning, { host }: Knows): Difference[] {
  const ours = virtualServers.find(({ key }) => key === part.key)
  return ours ? facts(host.name, 'virtual server', part, ours) : []
}

/**
 * Real servers by the address of their node: the article's level 3 has a second one for each, and asks the first
 * (`connect_ip`).
 */
function byNode(statements: readonly Statement[], { hosts }: Pick<Knows, 'hosts'>): Statement[] {
  const nodeOf = (address: string | undefined) =>
    address && hosts.find((host) => [host.address, host.second?.address].includes(address))?.address
  return statements.map((one) => {
    if (one.words[0] !== 'real_server') return { ...one, block: byNode(one.block, { hosts }) }
    const [keyword, address, ...port] = one.words
    const asks = one.block.flatMap(({ block }) => block).find(({ words }) => words[0] === 'connect_ip')?.words[1]
    const node = nodeOf(address) ?? nodeOf(asks)
    if (!node) return one
    const isOther = ({ words }: Statement) => words[0] !== 'connect_ip' || words[1] !== node
    const block = one.block.map((check) => ({ ...check, block: check.block.filter(isOther) }))
    return { ...one, words: [keyword!, node, ...port], block }
  })
}

/** Who is to have the addresses: one file does not tell the order of the nodes, as that of all does. */
const elections = /^(nopreempt|preempt_delay)$/

/** What costs a moment without the addresses, which is told for itself. */
const gap = /^(vmac|interface of the VMAC|adverts by the VMAC|(prefix|label|scope) of .*)$/

/** What nodes have to have alike to hear each other. */
const heard = /^(interface|virtual_router_id|advert_int|version|auth_type|auth_pass|unicast|mcast_group)$/

/** keepalived's own values, where a file says nothing and the inventory has another one. */
const usual: Readonly<Record<string, string>> = {
  advert_int: '1',
  version: '2',
  auth_type: 'PASS',
  mcast_group: '224.0.0.18',
  lvs_sched: 'wlc',
  lvs_method: 'NAT',
}

/** While one node has the old value and another the new one, each takes itself for the only one. */
function deaf({ part, about, wanted, got }: Difference): string {
  if (about === 'auth_pass') return `auth_pass of ${part}, and cluster.auth_pass of the inventory is another`
  const of = part === 'global_defs' ? '' : ` of ${part}`
  if (about === 'unicast')
    return `${wanted ? 'unicast_peer' : 'multicast'}${of}, and the inventory says unicast: ${got === 'yes'}`
  return `${about} ${wanted ?? usual[about]}${of}, and the inventory says ${got ?? usual[about]}`
}

/** What the file alone says of who takes the addresses back. */
function elected(part: Part, instance: Instance, { cluster, host, hosts }: Knows): string[] {
  const [stays, delay] = [part.facts.get('nopreempt'), part.facts.get('preempt_delay')]
  const returns = preempts(cluster, instance)
  const say = (line: number, text: string) => [`${line}: ${part.name}: ${text}`]
  if (stays && returns)
    return say(
      stays.place.line,
      'nopreempt; by the inventory the first node takes the addresses back (preempt, prefer)',
    )
  if (stays || part.begins !== 'MASTER') return []
  const { line } = part.facts.get('priority')!.place
  if (!returns)
    return say(line, 'takes the addresses back (state MASTER); by the inventory they stay where they are (preempt)')
  const highest = Math.max(...hosts.map((one) => priorityIn(instance, one, hosts)))
  if (priorityIn(instance, host, hosts) < highest)
    return say(line, 'takes the addresses back (state MASTER); by the inventory another node does (prefer)')
  const ours = preemptDelayOf(cluster, host)
  return Number(delay?.value ?? 0) === ours
    ? []
    : say(
        (delay ?? part.facts.get('priority')!).place.line,
        `preempt_delay ${delay?.value ?? 0}; the inventory makes it ${ours}`,
      )
}
