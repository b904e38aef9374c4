import { isIPv6 } from 'node:net'
import { type Statement, within } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { blocks, globals, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const sample = hazard('sample-password', 'choose another: any other cluster of the network may have it')
const long = hazard('long-password', 'say those eight alone, on all nodes at once')
const header = hazard('auth-ah', 'say auth_type PASS on all nodes, or leave authentication out')
const strict = hazard('strict-with-authentication', 'take vrrp_strict out')
const v6 = hazard('authentication-with-ipv6', 'take authentication out')
const source = hazard('unicast-without-source', 'say unicast_src_ip: the peers know the node by it')
const empty = hazard('no-unicast-peer', 'name the peers in unicast_peer, or take the line out')
const itself = hazard('own-address-among-peers', 'take it out')
const both = hazard('multicast-source-with-unicast', 'say unicast_src_ip')

const group = hazard('group-as-source', "say the node's own address")

const samples =
  /^(1111|1234|12345|123456|12345678|11111111|111111|secret|password|pass|passwd|admin|root|k8s_pass|keepalived|42|changeme|test)$/i

/** How nodes hear of each other. */
export const advertHazards = (node: NodeFiles): Hazard[] =>
  blocks(node, 'vrrp_instance').flatMap((one) => [...authentication(one, node), ...peers(one), ...sources(one)])

function authentication({ block }: Statement, node: NodeFiles): Hazard[] {
  const inner = within(block, 'authentication')
  const password = find(inner, 'auth_pass')
  const type = find(inner, 'auth_type')
  const text = password?.words[1] ?? ''
  const isV6 = within(block, 'virtual_ipaddress').some(({ words }) => isIPv6(words[0]!.split('/')[0]!))
  const isStrict = find(globals(node), 'vrrp_strict')
  return [
    ...(password && samples.test(text) ? [sample(password, 'the password is that of many samples')] : []),
    ...(password && text.length > 8
      ? [long(password, `only 8 of the ${text.length} characters of the password count`)]
      : []),
    ...(type?.words[1] === 'AH'
      ? [header(type, 'AH is no part of VRRP since RFC 3768, and not there in version 3')]
      : []),
    ...(password && isStrict
      ? [strict(isStrict, 'vrrp_strict does not go with authentication, which it takes away')]
      : []),
    ...(password && isV6 ? [v6(password, 'VRRP of IPv6 is version 3, which has no password')] : []),
  ]
}

/** Adverts come from a host: 224.0.0.0/4 is for groups. */
const sources = ({ block }: Statement): Hazard[] =>
  [find(block, 'mcast_src_ip'), find(block, 'unicast_src_ip')].flatMap((one) =>
    one && /^2(2[4-9]|3\d)\.\d/.test(one.words[1] ?? '')
      ? [group(one, `${one.words[1]} is the address of a group, which no advert comes from`)]
      : [],
  )

function peers({ block }: Statement): Hazard[] {
  const list = find(block, 'unicast_peer')
  const from = find(block, 'unicast_src_ip')
  const multicast = find(block, 'mcast_src_ip')
  if (!list) return from ? [empty(from, 'unicast_src_ip without unicast_peer: adverts go by multicast')] : []
  const own = list.block.find(({ words }) => words[0] === from?.words[1])
  return [
    ...(list.block.length === 0 ? [empty(list, 'unicast_peer is empty: adverts go by multicast')] : []),
    ...(from || list.block.length === 0
      ? []
      : [source(list, 'unicast_peer without unicast_src_ip: keepalived takes an address of the interface')]),
    ...(own ? [itself(own, `${own.words[0]} is the node's own address`)] : []),
    ...(multicast ? [both(multicast, 'mcast_src_ip says nothing with unicast_peer')] : []),
  ]
}
