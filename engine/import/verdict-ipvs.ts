import type { Difference } from './compare.ts'
import { nameAskedBy } from './name-checks.ts'
import { needOf } from './needs.ts'
import type { Section } from './section.ts'
import type { Meant, Subject } from './verdict.ts'

const apart = 'real servers of another network, or of some services alone'
const ofNone = 'a virtual server of no virtual IP, or of a mark of the packet filter'
const unlike = 'values of some real servers alone'
const isUnlike = /^(notify_up|notify_down|inhibit_on_failure|alpha)$/
const lastWords = 'a program that checks real servers gets their port behind their address (check)'
const times = 'checks of real servers take the times of health_check, where a file says nothing'
const farTimes =
  'real servers that are checked much more or less often, or patiently, than the first are checked like it (health_check)'
const ofOne = 'values of one virtual server alone'
const isTime = /^(delay_loop$|(delay_loop|connect_timeout|retry|delay_before_retry|warmup) of )/

/** Why it is as meant that the inventory has no virtual server. */
export const ownService =
  'each node sends clients to itself alone, so that none are sent on (level 1): a node whose service fails gives the virtual IP up'

/** @returns what a difference of virtual servers means for the cluster */
export function judgeVirtualServer(one: Difference, { first, virtualServers, alone, moved }: Subject): Meant {
  const { about, wanted } = one
  if (alone) return ofNodeAlone(one, alone)
  if (one.part.startsWith('virtual_server fwmark ')) return { need: ofNone }
  const isFirst = one.part === first?.name
  if (/ of real_server /.test(about) || about.startsWith('real_server '))
    return realServer(one, { first: isFirst ? undefined : first, moved })
  if (wanted === undefined) {
    const isServed = virtualServers.some(({ name }) => name === one.part)
    if (one.isAdded)
      return isServed
        ? { why: 'a service is there over all of its protocols' }
        : { need: 'services of some virtual IPs alone' }
    return isTime.test(about) ? { why: times } : { need: isFirst ? needOf(one) : ofOne }
  }
  if (isTime.test(about)) return ofTime(one)
  if (about === 'lvs_method') return { need: needOf(one) }
  if (!one.isAlone) return { need: isFirst ? needOf(one) : ofOne }
  return { need: ofNone }
}

/** One is times the other or more: that is noticed when a real server dies, or is slow. */
const far = 3

function ofTime({ wanted, got }: Difference): Meant {
  const [less, more] = [Number(wanted), Number(got)].toSorted((a, b) => a - b)
  return less! * far <= more! ? { why: farTimes } : 'trifle'
}

/** @param first the virtual server that the inventory is about, unless it is this one */
function realServer(one: Difference, { first, moved }: Pick<Subject, 'first' | 'moved'>): Meant {
  const { about, wanted, got, part } = one
  const [what, ...of] = about.split(' of ')
  const whose = of.at(-1) ?? about
  // Who is a real server is told once.
  const isTold = moved.has(`${part}: ${whose}`)
  if (wanted === undefined) {
    if (isTime.test(about)) return { why: times }
    if (whose === about) return one.isAdded ? 'told' : { need: apart }
    return isTold ? 'told' : { need: unlike }
  }
  if (about.startsWith('real_server ')) {
    const [[, vip, port], [, address, own]] = [part.split(' '), about.split(' ')]
    if (address === vip) return { need: 'a real server that is the virtual IP itself' }
    return { need: port === own ? apart : 'real servers on several ports' }
  }
  if (isTime.test(about)) return isTold ? 'told' : ofTime(one)
  if (what === 'check') return check(one)
  if (what === 'last words') return { why: lastWords }
  if (what === 'weight') return { need: apart }
  if (what === 'lvs_method') return { need: 'clients passed on by several methods' }
  const isOfFirst = first?.all(`${what} of`).some(([, value]) => value === wanted)
  return got === undefined && (isTold || isOfFirst) ? 'told' : { need: isUnlike.test(what!) ? unlike : needOf(one) }
}

function check({ wanted = '', got }: Difference): Meant {
  if (got?.replace(/ virtualhost \S+$/, '') === wanted) return { why: byAddress }
  if (wanted === 'none') return { why: 'every real server is checked' }
  if (got?.startsWith('DNS_CHECK') && nameAskedBy(wanted)) return { why: byName }
  // The real server itself is missing, which is told.
  if (got === undefined && /^(TCP_CHECK|UDP_CHECK|HTTP_GET path \S+( virtualhost \S+)?)$/.test(wanted)) return 'told'
  const port = wanted.includes('connect_port') ? ' on another port' : ''
  return { need: `the check ${wanted.split(' ')[0]}${port}` }
}

/** Whoever says nothing takes any. */
const byAddress =
  'checks by HTTP name the virtual IP as their host, and take status 200 alone, where a file says nothing (host, health)'

const byName = 'name servers are asked by keepalived itself, in place of a program (health)'

const checksAlone =
  /^(none|TCP_CHECK( connect_port \d+)?|UDP_CHECK|MISC_CHECK program .*|(HTTP|SSL)_GET path \S+( connect_port \d+)?( virtualhost \S+)?)$/

/** Of a node that is its own only real server. */
function ofNodeAlone(one: Difference, { notify }: Section): Meant {
  const { about, wanted = '' } = one
  const [what] = about.split(' of ')
  if (what === 'check') return checksAlone.test(wanted) ? { why: ownService } : check(one)
  if (what === 'notify_down')
    return (notify as Section | undefined)?.fault === wanted
      ? {
          why: 'what is run when the only real server fails (notify_down) is run when the node gives the virtual IP up (notify)',
        }
      : { need: 'programs and sorry servers of a node that serves alone' }
  if (/^(sorry_server|quorum_|line|notify_up)/.test(what!))
    return { need: 'programs and sorry servers of a node that serves alone' }
  return isTime.test(about) ? 'trifle' : { why: ownService }
}
