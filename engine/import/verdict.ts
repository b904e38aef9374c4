import { placed } from '../conf/statement.ts'
import type { Difference } from './compare.ts'
import type { Part } from './facts.ts'
import { standInVip } from './gaps.ts'
import { needOf } from './needs.ts'
import { judgeVirtualServer } from './verdict-ipvs.ts'

/** Something in the files that the inventory does not say. */
export interface Unsaid {
  /** What an inventory has no key for. */
  need: string
  text: string
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
  /** Whether the person has still to say what is served. */
  isOpen: boolean
}

const noService = 'a virtual IP without a service of its own'
const nothingSaid = 'what is behind the virtual IP is not said'

/** @returns differences by what they mean for the cluster, each why once */
export function judge(differences: readonly Difference[], subject: Subject) {
  const unsaid: Unsaid[] = []
  const added = new Set<string>()
  const trifles: string[] = []
  for (const one of differences) {
    const meant = one.kind === 'virtual server' ? judgeVirtualServer(one, subject) : judgeOther(one, subject)
    if (meant === 'trifle') trifles.push(words(one))
    else if (meant !== 'told' && 'why' in meant) added.add(meant.why)
    else if (meant !== 'told')
      unsaid.push({ need: meant.need, text: meant.need === noService ? nothingSaid : words(one) })
  }
  if (shareChecks(differences, subject)) added.add('all instances are checked alike')
  return { unsaid, added: [...added], trifles }
}

/** Whether an instance lacks a check of the one that the inventory is about. */
function shareChecks(differences: readonly Difference[], { main }: Subject): boolean {
  const alone = differences.filter(({ kind, isAlone }) => kind === 'instance' && isAlone)
  return [...new Set(alone.map(({ part }) => part))].some((name) =>
    main?.all('check').some(([about]) => !alone.some((one) => one.part === name && one.about === `check ${about}`)),
  )
}

/** What the inventory has in another way, and why that is as meant; the first that fits. */
const anyhow: readonly [about: RegExp, why: string][] = [
  [/^startup_delay$/, 'keepalived only listens for some seconds after its start (startup_delay)'],
  [
    /^(timeout|fall|rise|interval) of check/,
    'checks have a timeout and fail after two failures, where a file says nothing (health_check)',
  ],
  [/^lvs_timeouts udp$/, 'IPVS forgets UDP clients after ten seconds (balancing.udp_timeout)'],
  [/^unicast_src_ip$/, 'adverts come from the address of the node in the inventory (unicast_src_ip)'],
  [/^smtp_alert$/, 'mails tell of VRRP and of real servers alike (email)'],
]
const password =
  'one password of 4 to 8 plain characters for all instances: put another into VRRP_PASS, on all nodes at once'

/** Of no consequence for who answers. */
const trifle = /^(prefix|label|brd|broadcast|scope|rise|init_fail) of /

/** What instances differ in that are meant to be several. */
const ownOfInstances = /^(address|excluded address|virtual_router_id|interface|rank|preempt|priority)/

function judgeOther(one: Difference, { main, isOpen }: Subject): Meant {
  const { kind, about, wanted, got } = one
  if (about === 'auth_pass') return { why: password }
  // The weights that it goes with are told.
  if (about === 'priority' && got === undefined && !one.isAlone) return 'told'
  if (wanted === undefined) {
    if (about === `address ${standInVip}`) return 'told'
    if (kind === 'instance' && !main) return { need: 'IPVS without VRRP' }
    if (isOpen && /check port \d+$/.test(about)) return about.startsWith('check ') ? { need: noService } : 'told'
    const why = anyhow.find(([pattern]) => pattern.test(about))?.[1]
    return why === undefined ? { need: needOf(one) } : { why }
  }
  if (one.isAlone && main) {
    if (trifle.test(about) || main.get(about) === wanted.replaceAll(` ${one.part} `, ` ${main.name} `)) return 'told'
    if (ownOfInstances.test(about)) return { need: 'several VRRP instances' }
    return { need: about === 'sync group' ? needOf(one) : 'an instance with checks or values of its own' }
  }
  if (about === 'priority' && Number(wanted) > 254)
    return { why: 'priority 254 in place of 255, which is for the owner of an address' }
  if (about === 'priority' && Number(wanted) < 2) return { why: 'priority 2 in place of 1, by which nodes hand over' }
  if (/^timeout of check command/.test(about) && Number(got) < Number(wanted))
    return { why: 'what root runs has failed when it is not done before its next run (checks, timeout)' }
  return trifle.test(about) ? 'trifle' : { need: needOf(one) }
}

/** @returns a difference for people */
function words({ nodes, part, about, wanted, got, place }: Difference): string {
  const where = place && place.file !== '' ? placed(place) : nodes.join(', ')
  const shown = (value: string) => (value === '' || value === 'yes' ? '' : ` ${value}`)
  const name = part === 'global_defs' ? '' : `${part}: `
  if (wanted === undefined) return `${where} ${name}${about}${shown(got!)} is added`
  return `${where} ${name}${about}${shown(wanted)}${got === undefined ? '' : `; the inventory makes it${shown(got)}`}`
}
