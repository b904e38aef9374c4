import { isIP, isIPv6 } from 'node:net'
import { type Statement, within } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { membersOf } from '../meaning-checks.ts'
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
const again = hazard('notify-twice', 'say each once: notify_master, notify_backup, notify_fault, notify_stop')
const nobody = hazard('group-without-instance', 'name an instance that is there, or take the group out')
const label = hazard('label-of-ipv6', 'take label out')
const vmacName = hazard('vmac-called-like-a-switch', 'take use_vmac out')
const noId = hazard('router-id-out-of-range', 'say a number from 1 to 255')
const defined = hazard('instance-twice', 'give it another name; two nodes are two files')
const daemon = hazard('sync-daemon-without-ipvs', 'take the line out')

/** Elections, addresses and interfaces of VRRP instances. */
export function instanceHazards(node: NodeFiles): Hazard[] {
  const written = blocks(node, 'vrrp_instance')
  const isFirst = (one: Statement) => written.find(({ words }) => words[1] === one.words[1]) === one
  const instances = written.filter(isFirst)
  return [
    ...instances.flatMap((one) => [...elections(one, node), ...addresses(one), ...programs(one), ...numbered(one)]),
    ...blocks(node, 'vrrp_sync_group').flatMap((one) => [...programs(one), ...members(one, instances)]),
    ...written
      .filter((one) => !isFirst(one))
      .map((one) =>
        defined(one, `vrrp_instance ${one.words[1]} is there already, and keepalived takes the first alone`),
      ),
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
  const priority = word(one, 'priority') ?? (isMaster ? '255' : undefined)
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
    ...(stays && hasWeight && !isMaster
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
            : owner(
                place('priority'),
                `${find(block, 'priority') ? 'priority 255' : 'state MASTER without priority is 255, which'} is for the owner of an address: nopreempt has no effect`,
              ),
        ]
      : []),
  ]
}

/** Of programs that are said twice, keepalived takes the first. */
function programs({ block }: Statement): Hazard[] {
  const all = block.filter(({ words }) => /^notify(_\w+)?$/.test(words[0]!))
  return all.flatMap((one, place) => {
    const first = all.slice(0, place).find(({ words }) => words[0] === one.words[0])
    return first ? [again(one, `${one.words[0]} is said already, and keepalived takes the first alone`)] : []
  })
}

function members(group: Statement, instances: readonly Statement[]): Hazard[] {
  const names = membersOf(group.block)
  const missing = names.filter((name) => !instances.some(({ words }) => words[1] === name))
  return missing.map((name) =>
    nobody(group, `vrrp_sync_group ${group.words[1]} has ${name}, which is no vrrp_instance`),
  )
}

function numbered(one: Statement): Hazard[] {
  const id = word(one, 'virtual_router_id')
  const vmac = find(one.block, 'use_vmac')
  return [
    ...(Number(id) >= 1 && Number(id) <= 255
      ? []
      : [
          noId(
            find(one.block, 'virtual_router_id') ?? one,
            `${id === undefined ? 'there is no virtual_router_id' : `virtual_router_id ${id} is none`}, and keepalived leaves the instance out`,
          ),
        ]),
    ...(/^(false|no|off|true|yes|on)$/.test(vmac?.words[1] ?? '')
      ? [
          vmacName(
            vmac!,
            `use_vmac ${vmac!.words[1]} turns the virtual MAC on, with an interface called ${vmac!.words[1]}`,
          ),
        ]
      : []),
  ]
}

function addresses(one: Statement): Hazard[] {
  const vips = vipsOf(one)
  const bare = vips.find(({ words }) => isIP(words[0]!) !== 0)
  const [whole, example] = isIPv6(bare?.words[0] ?? '') ? [128, '2001:db8::5/64'] : [32, '10.2.1.5/24']
  const families_ = new Set(vips.map(({ words }) => isIPv6(words[0]!.split('/')[0]!)))
  const labelled = [...vips, ...within(one.block, 'virtual_ipaddress_excluded')].find(
    ({ words }) => words.includes('label') && isIPv6(words[0]!.split('/')[0]!),
  )
  const own = within(one.block, 'track_interface').find(
    ({ words }) => words[0] === word(one, 'interface') && words.length === 1,
  )
  return [
    ...(bare
      ? [
          prefix(
            bare,
            `${bare.words[0]} has no prefix length, and becomes a /${whole}`,
            `say the one of the network, as in ${example}, where programs ask for it`,
          ),
        ]
      : []),
    ...(families_.size > 1
      ? [families(vips[0]!, 'IPv4 and IPv6 in one virtual_ipaddress: keepalived refuses the second family')]
      : []),
    ...(labelled
      ? [label(labelled, `${labelled.words[0]} is of IPv6, which has no labels: keepalived leaves it out`)]
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
