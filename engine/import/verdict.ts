import { isIPv4 } from 'node:net'
import { placed } from '../conf/statement.ts'
import { type Difference, told } from './compare.ts'
import { vipOf } from './draft-addresses.ts'
import type { Part } from './facts.ts'
import { standInVip } from './gaps.ts'
import { needOf } from './needs.ts'
import type { Section } from './section.ts'
import { ownService, judgeVirtualServer } from './verdict-ipvs.ts'

/** Something in the files that the inventory does not say. */
export interface Unsaid {
  /** What an inventory has no key for. */
  need: string
  text: string
  /** The virtual server that it is about. */
  virtualServer?: string
  /** The inventory says it, and no file. */
  isAdded?: true
}

/** What a difference means for the cluster. */
export type Meant =
  /** The inventory does not say it. */
  | { need: string }
  /** The inventory adds it, or has it in another way, which is as meant. */
  | { why: string }
  /** Nobody notices. */
  | 'trifle'
  /** Another difference tells it. */
  | 'told'

/** What a cluster's files are about. */
export interface Subject {
  /** The instance that the inventory is about. */
  main?: Part
  /** The virtual server that it is about. */
  first?: Part
  virtualServers: readonly Part[]
  /** What the inventory says of the cluster, where the node that has the virtual IP serves alone. */
  alone?: Section | undefined
  /** Real servers that either side alone has, each behind the name of its virtual server. */
  moved: ReadonlySet<string>
}

/** @returns differences by what they mean for the cluster, each why once */
export function judge(differences: readonly Difference[], about: Omit<Subject, 'moved'>) {
  const subject = { ...about, moved: movedIn(differences) }
  const unsaid: Unsaid[] = []
  const added = new Set<string>()
  const trifles: string[] = []
  const missing = differences.some(isOfMissing)
  const alreadyTold = new Set<string>()
  for (const one of differences) {
    // An instance that is missing is told once, and what stands in its place is not.
    if (isOfMissing(one) && alreadyTold.size === alreadyTold.add(one.part).size) continue
    if (missing && one.kind === 'instance' && one.isAdded) continue
    const meant = meaningFor(one, subject)
    if (meant === 'trifle') trifles.push(words(one))
    else if (meant !== 'told' && 'why' in meant) added.add(meant.why)
    else if (meant !== 'told')
      unsaid.push({
        ...{ need: meant.need, text: isOfMissing(one) ? wholly(one) : words(one) },
        ...(one.kind === 'virtual server' && { virtualServer: one.part }),
        ...(one.wanted === undefined && { isAdded: true }),
      })
  }
  return { unsaid, added: [...added], trifles }
}

/** @returns what one difference means for the cluster */
export const meaningFor = (one: Difference, subject: Subject): Meant =>
  one.kind === 'virtual server' ? judgeVirtualServer(one, subject) : judgeOther(one, subject)

/** Whether a fact is of an instance that the inventory has not at all. */
const isOfMissing = ({ kind, isAlone }: Difference) => kind === 'instance' && isAlone

/** @returns real servers that either side alone has */
export const movedIn = (differences: readonly Difference[]): Subject['moved'] =>
  new Set(differences.filter(({ about }) => about.startsWith('real_server ')).map((one) => `${one.part}: ${one.about}`))

const otherFamily = 'addresses of the other family are moved as well, where keepalived leaves them out'

/** What the inventory has in another way, and why that is as meant; the first that fits. */
const anyhow: readonly [about: RegExp, why: string][] = [
  [/^startup_delay$/, 'keepalived only listens for some seconds after its start (startup_delay)'],
  [/^lvs_sync_daemon$/, 'the nodes that stand by know the open connections (lvs_sync_daemon)'],
  [/^lvs_timeouts udp$/, 'IPVS forgets UDP clients after ten seconds (balancing.udp_timeout)'],
  [
    /^priority beside /,
    'a node whose file is not known is one below the one before it, so that every weight of a check counts (priority)',
  ],
  [/^excluded address /, otherFamily],
  [/^unicast_src_ip$/, 'adverts come from the address of the node in the inventory (unicast_src_ip)'],
  [/^smtp_alert$/, 'mails tell of VRRP and of real servers alike (email)'],
]
const checkTimes = /^(timeout|fall|rise|interval) of check/
const usualTimes = 'checks have a timeout and fail after two failures, where a file says nothing (health_check)'
const vmac =
  'the interface of a virtual MAC has the name that keepalived gives it, and adverts go over the one below (vmac)'
const alike = 'all instances are checked alike'
const password =
  'one password of 4 to 8 plain characters for all instances: put another into VRRP_PASS, on all nodes at once'

/** Of no consequence for who answers. */
const trifle = /^(prefix|label|brd|broadcast|scope|rise|init_fail) of /

const strict =
  'the node that has the virtual IP takes packets to it, which vrrp_strict has it drop (accept), and need not heed what else that forbids'
const byVrrp =
  'the address of the virtual server moves between two directors (VRRP): take it out of where the host has it from now'
const byPrograms = 'the node whose programs are run (notify) has an address as well, which no file says (vip)'
const inTurn =
  'of nodes of one priority below that of the first, the one before takes the virtual IP back from the one behind it (priority)'
const byEach = 'programs of a sync group are run for each of its instances, and not once for all of them (notify)'
const named = 'adverts name the virtual IP, which the files leave out (virtual_ipaddress_excluded)'
const unheld = 'the instance holds the address of the virtual server, which no file says (virtual_ipaddress)'

const isServed = (about: string, virtualServers: readonly Part[]) =>
  virtualServers.some(({ key }) => about === `address ${key.split(' ')[0]}`)

function judgeOther(one: Difference, { main, virtualServers, alone }: Subject): Meant {
  const { kind, about, wanted, got } = one
  if (alone && about === 'lvs_sync_daemon') return { why: ownService }
  if (about === 'auth_pass') return { why: password }
  if (/^(interface of the|adverts by the) VMAC$/.test(about)) return { why: vmac }
  const isFurther = kind === 'instance' && main !== undefined && one.part !== main.name
  if (wanted === undefined) {
    if (about === `address ${standInVip}`) return 'told'
    if (kind === 'instance' && !main) return { why: byVrrp }
    // What was run and checked for the only real server is, which its virtual server tells.
    if (alone && (about === 'notify_fault' || (about.startsWith('check ') && got!.startsWith('service')))) return 'told'
    if (checkTimes.test(about)) return { why: usualTimes }
    if (isFurther && /^(check|.* of check|weight of|track_interface)/.test(about)) return { why: alike }
    // As where virtual_ipaddress is misspelt, so that keepalived leaves it out.
    if (main?.all('address').length === 0 && isServed(about, virtualServers)) return { why: unheld }
    if (main?.get(`excluded ${about}`) !== undefined && about === `address ${vipOf(main)}`) return 'told'
    if (main?.all('address').length === 0 && about.startsWith('address ')) return { why: byPrograms }
    const why = anyhow.find(([pattern]) => pattern.test(about))?.[1]
    return why === undefined ? { need: needOf(one) } : { why }
  }
  if (/^address .*:/.test(about) && !one.isAlone && isIPv4(vipOf(main) ?? '')) return { why: otherFamily }
  if (about === 'strict') return { why: strict }
  if (about === 'tie') return { why: inTurn }
  if (about === 'programs of the group') return { why: byEach }
  if (about === `excluded address ${vipOf(main)}` && main?.all('address').length === 0) return { why: named }
  if (trifle.test(about)) return one.isAlone ? 'told' : 'trifle'
  if (about.startsWith('timeout of check command') && Number(got) < Number(wanted))
    return { why: 'what root runs has failed when it is not done before its next run (checks, timeout)' }
  if (one.isAlone && main) return { need: 'an instance that the inventory can not have' }
  const isOwn =
    isFurther && !/^(rank|preempt|priority|line )|address|of [0-9a-f:.]+$/.test(about) && main.get(about) !== wanted
  return { need: isOwn ? 'an instance with values of its own' : needOf(one) }
}

const whereOf = ({ nodes, place }: Difference) => (place && place.file !== '' ? placed(place) : nodes.join(', '))

/** @returns the instance of a difference for people */
const wholly = (one: Difference) => `${whereOf(one)} vrrp_instance ${one.part}, with all that it says`

const words = (one: Difference): string => `${whereOf(one)} ${told(one)}`
