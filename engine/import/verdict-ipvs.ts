import type { Difference } from './compare.ts'
import { needOf } from './needs.ts'
import type { Part } from './facts.ts'
import type { Section } from './section.ts'
import type { Meant, Subject } from './verdict.ts'

const apart = 'real servers of another network, or of some services alone'
const times = 'checks of real servers take the times of health_check, where a file says nothing'
const ofOne = 'values of one virtual server alone'
const isTime = /^(delay_loop$|(connect_timeout|retry|delay_before_retry) of )/

/** Why it is as meant that the inventory has no virtual server. */
export const ownService =
  'each node sends clients to itself alone, so that none are sent on (level 1): a node whose service fails gives the virtual IP up'

/** @returns what a difference of virtual servers means for the cluster */
export function judgeVirtualServer(one: Difference, { first, virtualServers, alone }: Subject): Meant {
  const { about, wanted } = one
  if (alone) return ofNodeAlone(one, alone)
  const isFirst = one.part === first?.name
  if (/ of real_server /.test(about) || about.startsWith('real_server ')) return realServer(one, isFirst, first)
  if (wanted === undefined) {
    const isServed = virtualServers.some(({ name }) => name === one.part)
    if (one.isAdded)
      return isServed
        ? { why: 'a service is there over all of its protocols' }
        : { need: 'services of some virtual IPs alone' }
    return isTime.test(about) ? { why: times } : { need: isFirst ? needOf(one) : ofOne }
  }
  if (isTime.test(about)) return 'trifle'
  if (about === 'lvs_method') return { need: needOf(one) }
  if (!one.isAlone) return { need: isFirst ? needOf(one) : ofOne }
  return { need: 'a virtual server of no virtual IP, or of a mark of the packet filter' }
}

function realServer(one: Difference, isFirst: boolean, first: Part | undefined): Meant {
  const { about, wanted, got } = one
  const [what] = about.split(' of ')
  if (wanted === undefined) {
    if (isTime.test(about)) return { why: times }
    // Who is a real server is told once.
    return about.startsWith('real_server ') && !one.isAdded ? { need: apart } : 'told'
  }
  if (about.startsWith('real_server ')) {
    const port = about.split(' ')[2]
    return { need: port === one.part.split(' ')[2] ? apart : 'real servers on several ports' }
  }
  if (isTime.test(about)) return got === undefined ? 'told' : 'trifle'
  if (what === 'check') return check(one)
  if (what === 'weight') return { need: apart }
  if (what === 'lvs_method') return { need: 'clients passed on by several methods' }
  const model = isFirst ? undefined : first?.all(`${what} of`).some(([, value]) => value === wanted)
  return got === undefined && model !== false ? 'told' : { need: needOf(one) }
}

function check({ wanted = '', got }: Difference): Meant {
  // Whoever names no host takes any.
  if (got?.replace(/ virtualhost \S+$/, '') === wanted) return 'told'
  if (wanted === 'none') return { why: 'every real server is checked' }
  if (asksName.test(wanted) && got?.startsWith('DNS_CHECK')) return { why: byName }
  // The real server itself is missing, which is told.
  if (got === undefined && /^(TCP_CHECK|UDP_CHECK|HTTP_GET path \S+( virtualhost \S+)?)$/.test(wanted)) return 'told'
  const port = wanted.includes('connect_port') ? ' on another port' : ''
  return { need: `the check ${wanted.split(' ')[0]}${port}` }
}

/** A program that asks a name server for a name. */
const asksName = /^MISC_CHECK misc_path "?\/(usr\/)?bin\/(dig|host|nslookup|kdig|delv) [^;&|<>`$]*$/
const byName = 'name servers are asked by keepalived itself, for a name of their own zone (health_name, health_zone)'

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
