import { isIP, isIPv6 } from 'node:net'
import { type Statement, within } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { blocks, globals, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const prefix = hazard('no-prefix-length', 'say the one of the network, as in 10.2.1.5/24, where programs ask for it')
const nopreempt = hazard('nopreempt-with-master', 'say state BACKUP on all nodes; the inventory has preempt: false')
const delayWithMaster = hazard('preempt-delay-with-master', 'say state BACKUP on all nodes')
const delayWithout = hazard('preempt-delay-with-nopreempt', 'take one of the two out')
const weighted = hazard(
  'nopreempt-with-weight',
  'take nopreempt out, or the weights: the inventory keeps the weights, with equal priorities',
)
const state = hazard('unknown-state', 'say MASTER or BACKUP')
const range = hazard('priority-out-of-range', 'say 1 to 254')
const owner = hazard('priority-255', 'say 254 or less')
const ownerChecked = hazard('priority-255-with-weight', 'say 254 or less')
const twice = hazard('router-id-shared-by-instances', 'give each a virtual_router_id of its own')
const families = hazard('both-families', 'put IPv6 addresses into an instance of their own')
const tracksOwn = hazard('own-interface-tracked', 'take the line out')
const daemon = hazard('sync-daemon-without-ipvs', 'take the line out')

/** Elections, addresses and interfaces of VRRP instances. */
export function instanceHazards(node: NodeFiles): Hazard[] {
  const instances = blocks(node, 'vrrp_instance')
  return [
    ...instances.flatMap((one) => [...elections(one, node), ...addresses(one)]),
    ...instances.flatMap((one, place) => {
      const twin = instances
        .slice(0, place)
        .find((other) => idOf(other) === idOf(one) && familyOf(other) === familyOf(one))
      return twin
        ? [
            twice(
              find(one.block, 'virtual_router_id') ?? one,
              `${one.words[1]} has the virtual_router_id of ${twin.words[1]} on one interface`,
            ),
          ]
        : []
    }),
    ...daemons(node),
  ]
}

const word = (one: Statement, keyword: string) => find(one.block, keyword)?.words[1]
const idOf = (one: Statement) => `${word(one, 'virtual_router_id')} on ${word(one, 'interface')}`
const vipsOf = ({ block }: Statement) => within(block, 'virtual_ipaddress')
const familyOf = (one: Statement) => vipsOf(one).some(({ words }) => isIPv6(words[0]!.split('/')[0]!))

function elections(one: Statement, node: NodeFiles): Hazard[] {
  const { block } = one
  const place = (keyword: string) => find(block, keyword) ?? one
  const said = word(one, 'state')
  const isMaster = said === 'MASTER'
  const priority = word(one, 'priority')
  const tracked = within(block, 'track_script')
  const hasWeight =
    tracked.some(({ words }) => words.includes('weight')) ||
    blocks(node, 'vrrp_script').some(
      (script) =>
        tracked.some(({ words }) => words[0] === script.words[1]) && Number(word(script, 'weight') ?? 0) !== 0,
    )
  const stays = find(block, 'nopreempt')
  const delay = find(block, 'preempt_delay')
  return [
    ...(stays && isMaster
      ? [nopreempt(stays, 'nopreempt has no effect with state MASTER: the node takes the virtual IP back')]
      : []),
    ...(stays && hasWeight
      ? [weighted(stays, 'nopreempt keeps a node whose weighted check fails: no other takes the virtual IP from it')]
      : []),
    ...(delay && isMaster ? [delayWithMaster(delay, 'preempt_delay has no effect with state MASTER')] : []),
    ...(delay && stays ? [delayWithout(delay, 'preempt_delay has no effect with nopreempt')] : []),
    ...(said !== undefined && !isMaster && said !== 'BACKUP'
      ? [state(place('state'), `state ${said} is unknown, and becomes BACKUP`)]
      : []),
    ...(priority !== undefined && !(Number(priority) >= 1 && Number(priority) <= 255)
      ? [range(place('priority'), `priority ${priority} is none, and becomes 100`)]
      : []),
    ...(priority === '255'
      ? [
          hasWeight
            ? ownerChecked(
                place('priority'),
                'priority 255 never changes: the weighted check does not move the virtual IP',
              )
            : owner(place('priority'), 'priority 255 is for the owner of an address: nopreempt has no effect'),
        ]
      : []),
  ]
}

function addresses(one: Statement): Hazard[] {
  const vips = vipsOf(one)
  const bare = vips.find(({ words }) => isIP(words[0]!) !== 0)
  const families_ = new Set(vips.map(({ words }) => isIPv6(words[0]!.split('/')[0]!)))
  const own = within(one.block, 'track_interface').find(
    ({ words }) => words[0] === word(one, 'interface') && words.length === 1,
  )
  return [
    ...(bare ? [prefix(bare, `${bare.words[0]} has no prefix length, and becomes a /32`)] : []),
    ...(families_.size > 1
      ? [families(vips[0]!, 'IPv4 and IPv6 in one virtual_ipaddress: keepalived refuses the second family')]
      : []),
    ...(own ? [tracksOwn(own, `${own.words[0]} is the interface of the instance, which is tracked anyhow`)] : []),
  ]
}

function daemons(node: NodeFiles): Hazard[] {
  if (blocks(node, 'virtual_server').length > 0) return []
  return [...globals(node), ...blocks(node, 'vrrp_instance').flatMap(({ block }) => block)]
    .filter(({ words }) => /^lvs_sync_daemon(_inter?face)?$/.test(words[0]!))
    .map((line) => daemon(line, `${line.words[0]} has nothing to send: there is no virtual_server`))
}
