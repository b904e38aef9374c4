import { placed } from '../conf/statement.ts'
import type { Difference } from './compare.ts'
import type { Part } from './facts.ts'
import { needOf } from './needs.ts'

/** Something in the files that the inventory does not say. */
export interface Unsaid {
  /** What an inventory has no key for. */
  need: string
  text: string
}

/** What differs, by what it means for the cluster. */
interface Verdict {
  unsaid: Unsaid[]
  /** What the inventory adds, or has in another way, and why that is as meant. */
  added: string[]
  /** What nobody notices. */
  trifles: string[]
}

/** What only the inventory says, and why; the first that fits. */
const additions: readonly [about: RegExp, why: string][] = [
  [/^startup_delay$/, 'keepalived only listens for some seconds after its start (startup_delay)'],
  [
    /^(timeout|fall|rise|interval) of check/,
    'checks have a timeout and fail after two failures, where a file says nothing (health_check)',
  ],
  [
    /^(connect_timeout|retry|delay_before_retry) of |^delay_loop$/,
    'checks of real servers take the times of health_check, where a file says nothing',
  ],
  [/^lvs_timeouts udp$/, 'IPVS forgets UDP clients after ten seconds (balancing.udp_timeout)'],
  [/^unicast_src_ip$/, 'adverts come from the address of the node in the inventory (unicast_src_ip)'],
  [/^smtp_alert$/, 'mails tell of VRRP and of real servers alike (email)'],
]

/** Of no consequence for who answers. */
const trifle =
  /^(prefix|label|brd|broadcast|scope|rise|init_fail) of |^(delay_loop|(connect_timeout|retry|delay_before_retry) of )/

/**
 * @param main the instance that the inventory is about
 * @param first the virtual server that it is about
 * @param isOpen whether the person has still to say what is served
 */
export function judge(
  differences: readonly Difference[],
  { main, first, isOpen }: { main?: Part; first?: Part; isOpen: boolean },
): Verdict {
  const unsaid: Unsaid[] = []
  const added = new Set<string>()
  const trifles: string[] = []
  const tell = (one: Difference, need: string) => unsaid.push({ need, text: words(one) })
  for (const one of differences) {
    const { kind, about, wanted } = one
    // The weights that it goes with are told.
    if (about === 'priority' && one.got === undefined && !one.isAlone) continue
    if (wanted === undefined) {
      const why = additions.find(([pattern]) => pattern.test(about))?.[1]
      if (kind === 'instance' && !main) tell(one, 'IPVS without VRRP')
      else if (kind === 'virtual server' && one.place === undefined) {
        added.add('dns is served over UDP and TCP')
      } else if (isOpen && / port \d+$/.test(about)) {
        if (about.startsWith('check '))
          unsaid.push({
            need: 'a virtual IP without a service of its own',
            text: 'what is behind the virtual IP is not said',
          })
      } else if (why) added.add(why)
      else if (/real_server/.test(about)) {
        if (about.startsWith('real_server')) tell(one, 'real servers apart from the directors')
      } else tell(one, needOf(one))
      continue
    }
    if (kind === 'instance' && one.isAlone && main) {
      if (main.get(about) === wanted.replaceAll(` ${one.part} `, ` ${main.name} `)) continue
      const own = /^(address|excluded|virtual_router_id|interface|rank|preempt|priority)/.test(about)
      if (!trifle.test(about)) tell(one, own ? 'several VRRP instances' : needOf(one))
    } else if (kind === 'virtual server' && one.isAlone && first && first.get(about) === wanted) continue
    else if (kind === 'virtual server' && /of real_server/.test(about)) realServer(one, first, tell, trifles)
    else if (about === 'priority' && Number(wanted) > 254)
      added.add('priority 254 in place of 255, which is for the owner of an address')
    else if (trifle.test(about)) trifles.push(words(one))
    else if (kind === 'virtual server' && one.isAlone && !/^(real_server|lvs_method|line)/.test(about))
      tell(one, 'several services')
    else tell(one, needOf(one))
  }
  return { unsaid, added: [...added], trifles }

  function realServer(one: Difference, of: Part | undefined, report: typeof tell, small: string[]): void {
    const [what] = one.about.split(' of ')
    if (what === 'check') {
      const asked = one.wanted!
      if (one.got?.replace(/ virtualhost \S+$/, '') === asked) return
      const model = of?.all('check of').some(([, check]) => check === asked) ?? false
      if (!isOpen && one.got === undefined && model && /^HTTP_GET path \S+( virtualhost \S+)?$/.test(asked)) return
      report(
        one,
        asked === 'TCP_CHECK'
          ? 'any service with a port check'
          : `the check ${asked.split(' ')[0]}${/connect_port/.test(asked) ? ' on another port' : ''}`,
      )
    } else if (/^(connect_timeout|retry|delay_before_retry)$/.test(what!)) {
      if (one.got !== undefined) small.push(words(one))
    } else if (what === 'weight') report(one, 'real servers apart from the directors')
    else if (one.got !== undefined || !of?.all(`${what} of`).some(([, value]) => value === one.wanted))
      report(one, needOf(one))
  }
}

/** @returns a difference for people */
export function words({ nodes, part, about, wanted, got, place }: Difference): string {
  const where = place && place.file !== '' ? placed(place) : nodes.join(', ')
  // No message shows a password.
  const shown = (value: string) => (about === 'auth_pass' ? '' : value === '' || value === 'yes' ? '' : ` ${value}`)
  const name = part === 'global_defs' ? '' : `${part}: `
  if (wanted === undefined) return `${where} ${name}${about}${shown(got!)} is added`
  return `${where} ${name}${about}${shown(wanted)}${got === undefined ? '' : `; the inventory makes it${shown(got)}`}`
}
