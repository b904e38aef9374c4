import { isIP } from 'node:net'
import { type Statement, within } from '../../conf/statement.ts'
import { find } from '../facts.ts'
import { methods, schedulers } from '../keywords.ts'
import { blocks, hazard, type Hazard, type NodeFiles } from './hazard.ts'

const quorum = hazard('no-sorry-server', 'say quorum and sorry_server, or what runs when nobody is left (quorum_down)')
const single = hazard('one-real-server', 'name a second')
const unchecked = hazard('no-health-check', 'put TCP_CHECK or another check into it')
const persistence = hazard(
  'sample-persistence',
  'leave persistence_timeout out, unless a client has to stay with its real server',
)
const direct = hazard(
  'dr-without-sysctls',
  'on real servers: net.ipv4.conf.all.arp_ignore=1, arp_announce=2, the virtual IP on lo',
)
const ports = hazard('dr-with-another-port', 'say the port of the virtual server')
const method = hazard('no-forwarding-method', 'say lb_kind NAT, DR or TUN')
const wrongMethod = hazard('unknown-forwarding-method', 'say NAT, DR or TUN')
const small = hazard('lower-case-forwarding-method', 'write it in capitals')
const scheduler = hazard('unknown-scheduler', 'say one of ipvsadm(8): rr, wrr, lc, wlc, sh, mh …')
const protocol = hazard('no-protocol', 'say protocol TCP')
const nowhere = hazard('virtual-server-without-vip', 'add the address to virtual_ipaddress')
const sample = hazard('sample-virtual-server', 'take it out')

/** Virtual and real servers. */
export function ipvsHazards(node: NodeFiles): Hazard[] {
  const instances = blocks(node, 'vrrp_instance')
  const held = instances.flatMap(({ block }) =>
    within(block, 'virtual_ipaddress', 'virtual_ipaddress_excluded').map(({ words }) => words[0]!.split('/')[0]),
  )
  return blocks(node, 'virtual_server').flatMap((one) => {
    const [, address = 'no address'] = one.words
    const isAddress = address !== 'group' && address !== 'fwmark'
    return [
      ...(/^(192\.168\.200\.100|10\.10\.10\.[23])$/.test(address ?? '')
        ? [sample(one, `virtual_server ${address} is of the sample`)]
        : instances.length > 0 && isAddress && !held.includes(address!)
          ? [nowhere(one, `no instance holds ${address}: nothing brings clients here`)]
          : []),
      ...ofPool(one),
      ...forwarding(one),
    ]
  })
}

const realsOf = ({ block }: Statement) => block.filter(({ words }) => words[0] === 'real_server')

function ofPool(one: Statement): Hazard[] {
  const { block } = one
  const reals = realsOf(one)
  const kept = find(block, 'persistence_timeout')
  const sched = find(block, 'lvs_sched', 'lb_algo')
  return [
    ...(find(block, 'quorum') || find(block, 'sorry_server')
      ? []
      : [quorum(one, 'when all real servers fail, clients go nowhere and nobody is told')]),
    ...(reals.length === 1 ? [single(reals[0]!, 'one real server alone: there is nothing to balance')] : []),
    ...reals
      .filter((real) => !real.block.some(({ words }) => /_CHECK$|_GET$/.test(words[0]!)))
      .map((real) =>
        unchecked(real, `${real.words.slice(1).join(' ')} has no check: clients are sent to it when it is dead`),
      ),
    ...(kept?.words[1] === '50'
      ? [persistence(kept, 'persistence_timeout 50 is that of the sample: clients are not shared out evenly')]
      : []),
    ...(sched && !schedulers.test(sched.words[1] ?? '')
      ? [scheduler(sched, `${sched.words.join(' ')}: there is no such scheduler, and wlc is taken`)]
      : []),
    ...(find(block, 'protocol') ? [] : [protocol(one, 'without protocol keepalived takes UDP or TCP by its version')]),
  ]
}

function forwarding(one: Statement): Hazard[] {
  const line = find(one.block, 'lvs_method', 'lb_kind')
  const said = line?.words[1] ?? ''
  if (!line) return [method(one, 'without lb_kind it is NAT')]
  if (!methods.includes(said.toUpperCase()))
    return [wrongMethod(line, `${line.words.join(' ')}: there is no such method, and NAT is taken`)]
  const isDirect = said === 'DR' || said === 'TUN'
  const port = one.words[2]
  return [
    ...(said === said.toUpperCase()
      ? []
      : [small(line, `${line.words.join(' ')} is not known in lower case, and NAT is taken`)]),
    ...(isDirect
      ? [direct(line, `with ${said} real servers must not answer ARP for the virtual IP, which this file can not show`)]
      : []),
    ...(isDirect
      ? realsOf(one)
          .filter(
            ({ words }) =>
              words[2] !== undefined && port !== undefined && words[2] !== port && isIP(one.words[1]!) !== 0,
          )
          .map((real) => ports(real, `${said} can not change port ${port} to ${real.words[2]}`))
      : []),
  ]
}
