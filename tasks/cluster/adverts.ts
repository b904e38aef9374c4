import { linesOf, parseBlocks } from '../../engine/conf/blocks.ts'
import { type Statement, within } from '../../engine/conf/statement.ts'

/**
 * What becomes of VRRP where one node has loaded another keepalived.conf and its peers have not: they do not hear each other any
 * more, and it keeps the addresses that it holds (`deaf`), or gives them up as well, since its instance is another one (`anew`).
 */
export type AdvertsChange = 'deaf' | 'anew'

/**
 * @param before keepalived.conf of a node as it is
 * @param after as it is to be
 * @returns undefined where nodes with the one and with the other hear each other (RFC 5798, 7.1; keepalived's vrrp_exist())
 */
export function advertsChange(before: string, after: string): AdvertsChange | undefined {
  const old = instancesIn(before)
  const found = instancesIn(after).flatMap((now) => {
    const was = old.find(({ addresses }) => addresses.some((address) => now.addresses.includes(address)))
    if (!was) return []
    if (was.group !== now.group) return ['anew' as const]
    return was.heard === now.heard ? [] : ['deaf' as const]
  })
  return found.includes('anew') ? 'anew' : found[0]
}

interface Instance {
  addresses: string[]
  /** What tells it from other instances. */
  group: string
  /** What an advert has to have in common with it beside. */
  heard: string
}

function instancesIn(conf: string): Instance[] {
  const { statements } = parseBlocks(linesOf(conf, ''))
  const globals = within(statements, 'global_defs')
  return statements
    .filter(({ words }) => words[0] === 'vrrp_instance')
    .map(({ block }) => {
      const value = (keyword: string, otherwise: string, inside: readonly Statement[] = block) =>
        inside.find(({ words }) => words[0] === keyword)?.words[1] ?? otherwise
      const secret = within(block, 'authentication')
      const unicast = block.some((one) => one.words[0] === 'unicast_peer' && one.block.length > 0)
      const version = value('version', value('vrrp_version', '2', globals))
      const password = value('auth_pass', '', secret).slice(0, 8)
      return {
        addresses: within(block, 'virtual_ipaddress', 'virtual_ipaddress_excluded').map(
          ({ words: [address] }) => address!.split('/')[0]!,
        ),
        group: [value('interface', ''), value('virtual_router_id', ''), unicast].join(' '),
        // Version 3 has no password, and takes the interval of the sender.
        heard: [
          version,
          ...(version === '2' ? [Number(value('advert_int', '1')), value('auth_type', 'PASS', secret), password] : []),
          ...(unicast ? [] : [value('vrrp_mcast_group4', '224.0.0.18', globals)]),
        ].join(' '),
      }
    })
}
