import { type Statement, within } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { blocks, globals, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const sameId = hazard('router-id-on-several-nodes', 'say the name of each host, or leave it out')
const equal = hazard('equal-priorities', 'give them distinct ones, or say nopreempt with state BACKUP on all nodes')
const masters = hazard('several-masters', 'say state BACKUP on all nodes')
const someTrack = hazard('check-on-some-nodes', 'track it on all nodes')
const tooSmall = hazard('weight-too-small', 'choose a weight that is greater than the difference of the priorities')
const vips = hazard('virtual-ips-differ', 'give all nodes the same addresses')
const someStay = hazard('nopreempt-on-some-nodes', 'say it on all nodes')
const sources = hazard('one-source-on-several-nodes', 'give each node its own address')
const passwords = hazard('passwords-differ', 'give all nodes the same')
const ids = hazard('router-ids-differ', 'give all nodes the same virtual_router_id')

/** What the files of several nodes do not agree on. */
export function betweenNodes(nodes: readonly NodeFiles[]): Hazard[] {
  const routers = nodes.map((node) => find(globals(node), 'router_id', 'lvs_id'))
  const twin = routers.find(
    (one, place) => one && routers.slice(0, place).some((other) => other?.words[1] === one.words[1]),
  )
  return [
    ...(twin
      ? [sameId(twin, `router_id ${twin.words[1]} is that of another node: mails and SNMP do not tell them apart`)]
      : []),
    ...groups(nodes).flatMap((group) => [...elections(group), ...values(group), ...tracks(group)]),
  ]
}

/** An instance on each node that has it. */
type Group = { node: NodeFiles; one: Statement }[]

/** Instances that share an address, or a name where they share none. */
function groups(nodes: readonly NodeFiles[]): Group[] {
  const [first, ...others] = nodes
  return blocks(first!, 'vrrp_instance').flatMap((one) => {
    const same = (other: Statement) => other.words[1] === one.words[1]
    const shared = (other: Statement) => vipsOf(other).some((vip) => vipsOf(one).includes(vip))
    const found = others.flatMap((node) => {
      const all = blocks(node, 'vrrp_instance')
      const twin = all.find(shared) ?? all.find(same)
      return twin ? [{ node, one: twin }] : []
    })
    return found.length > 0 ? [[{ node: first!, one }, ...found]] : []
  })
}

const vipsOf = ({ block }: Statement) => within(block, 'virtual_ipaddress').map(({ words }) => words[0]!.split('/')[0]!)
const wordOf = ({ block }: Statement, keyword: string) => find(block, keyword)?.words[1]
const placeIn = (one: Statement, keyword: string) => find(one.block, keyword) ?? one
const all = (group: Group, value: (one: Statement) => string | undefined) => new Set(group.map(({ one }) => value(one)))

function elections(group: Group): Hazard[] {
  const last = group.at(-1)!.one
  const priorities = all(group, (one) => wordOf(one, 'priority'))
  const leading = group.filter(({ one }) => wordOf(one, 'state') === 'MASTER')
  const staying = group.filter(({ one }) => find(one.block, 'nopreempt'))
  return [
    ...(priorities.size === 1
      ? [
          equal(
            placeIn(last, 'priority'),
            `priority ${wordOf(last, 'priority') ?? 100} is the same on several nodes: addresses decide who wins`,
          ),
        ]
      : []),
    ...(leading.length > 1
      ? [
          masters(
            placeIn(leading[1]!.one, 'state'),
            'several nodes begin as MASTER, and all have the virtual IP for a moment',
          ),
        ]
      : []),
    ...(staying.length > 0 && staying.length < group.length
      ? [
          someStay(
            find(staying[0]!.one.block, 'nopreempt')!,
            'nopreempt is not on all nodes: it counts on the one with the highest priority',
          ),
        ]
      : []),
  ]
}

function values(group: Group): Hazard[] {
  const last = group.at(-1)!.one
  const password = (one: Statement) => find(within(one.block, 'authentication'), 'auth_pass')?.words[1]?.slice(0, 8)
  return [
    ...(all(group, (one) => vipsOf(one).toSorted().join(' ')).size > 1
      ? [vips(placeIn(last, 'virtual_ipaddress'), 'virtual_ipaddress differs between nodes: adverts are not taken')]
      : []),
    ...sameSource(group),
    ...(all(group, password).size > 1
      ? [
          passwords(
            placeIn(last, 'authentication'),
            'the password differs between nodes: each takes itself for the only one',
          ),
        ]
      : []),
    ...(all(group, (one) => wordOf(one, 'virtual_router_id')).size > 1
      ? [
          ids(
            placeIn(last, 'virtual_router_id'),
            'virtual_router_id differs between nodes: each takes itself for the only one',
          ),
        ]
      : []),
  ]
}

function sameSource(group: Group): Hazard[] {
  const said = group.flatMap(({ one }) => find(one.block, 'unicast_src_ip', 'mcast_src_ip') ?? [])
  const twin = said.find((one, place) => said.slice(0, place).some((other) => other.words[1] === one.words[1]))
  return twin ? [sources(twin, `${twin.words[0]} ${twin.words[1]} is that of another node`)] : []
}

function tracks(group: Group): Hazard[] {
  const scripts = group.map(({ one }) => within(one.block, 'track_script').map(({ words }) => words[0]!))
  const most = Math.max(...scripts.map(({ length }) => length))
  const without = group.find((_, place) => scripts[place]!.length < most && scripts[place]!.length === 0)
  const priorities = group.map(({ one }) => Number(wordOf(one, 'priority') ?? 100)).toSorted((a, b) => b - a)
  const gap = priorities[0]! - priorities[1]!
  const leader = group.find(({ one }) => Number(wordOf(one, 'priority') ?? 100) === priorities[0])!
  const weak = within(leader.one.block, 'track_script').flatMap((line) => {
    const script = blocks(leader.node, 'vrrp_script').find(({ words }) => words[1] === line.words[0])
    const said = line.words.includes('weight')
      ? line.words[line.words.indexOf('weight') + 1]
      : script && wordOf(script, 'weight')
    const weight = Math.abs(Number(said ?? 0))
    return weight > 0 && weight <= gap
      ? [
          tooSmall(
            script ?? line,
            `${line.words[0]} moves the priority by ${weight}, and the nodes are ${gap} apart: a failed check leaves the master in front`,
          ),
        ]
      : []
  })
  return [
    ...(without
      ? [
          someTrack(
            without.one,
            `${without.node.name} tracks no script, and other nodes do: a broken service stays on it`,
          ),
        ]
      : []),
    ...weak,
  ]
}
