// Any inventory that is valid: values as the schema has them, then made to agree as the rules want it.
import fc from 'fast-check'
import { addressesAgree } from './any-addresses.mts'
import { schema } from '../../inventory/schema.ts'
import { whyNoPath } from '../../inventory/files.ts'
import { noInterface } from '../../inventory/rules.ts'
import type { Draft } from '../../inventory/defaults.ts'
import type { Content } from '../../inventory/types.ts'

/** What of a JSON schema values are made from. */
interface Node {
  type?: string | readonly string[]
  enum?: readonly (string | number)[]
  const?: string
  oneOf?: readonly Node[]
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  maxLength?: number
  minProperties?: number
  minItems?: number
  required?: readonly string[]
  properties?: Readonly<Record<string, Node>>
  propertyNames?: Node
  additionalProperties?: boolean | Node
  items?: Node
}

/** Which of them a run makes: the same each time, unless SEED is another number, or `random`. */
export const seed = process.env.SEED === 'random' ? Math.floor(Math.random() * 2 ** 31) : Number(process.env.SEED ?? 1)

/** The environment variable that holds the password wherever an inventory names one. */
export const env: NodeJS.ProcessEnv = { VRRP_PASS: 'KPSjXfRG' }

/** @returns any value that a schema allows, with its bounds rather often */
function valueOf(node: Node): fc.Arbitrary<unknown> {
  const { type, minimum: min, maximum: max } = node
  if (node.oneOf) return fc.oneof(...node.oneOf.map(valueOf))
  if (node.const) return fc.constant(node.const)
  if (node.enum) return fc.constantFrom(...node.enum)
  if (Array.isArray(type)) return fc.oneof(...type.map((one: string) => valueOf({ ...node, type: one })))
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min, max })
    case 'number':
      return fc.oneof(
        fc.integer({ min: Math.ceil(min!), max }),
        fc.double({ min, max, noNaN: true }).map(stepsOf(node)),
      )
    case 'array':
      return fc.uniqueArray(valueOf(node.items!), { minLength: node.minItems, maxLength: 4 })
    case 'object':
      return node.properties ? mapOf(node, node.properties) : freeMapOf(node)
    default:
      return textOf(node)
  }
}

function mapOf({ required = [] }: Node, properties: Readonly<Record<string, Node>>): fc.Arbitrary<object> {
  const values = Object.entries(properties).map(([key, node]) => [key, valueOf(node)] as const)
  return fc.record(Object.fromEntries(values), { requiredKeys: [...required], noNullPrototype: true })
}

function freeMapOf({ propertyNames, additionalProperties, minProperties = 0 }: Node): fc.Arbitrary<object> {
  const value = typeof additionalProperties === 'object' ? valueOf(additionalProperties) : fc.jsonValue({ maxDepth: 2 })
  const key = propertyNames ? textOf(propertyNames) : fc.string({ maxLength: 12 })
  return fc.dictionary(key, value, { minKeys: minProperties, maxKeys: minProperties + 2, noNullPrototype: true })
}

const prefix = (address: fc.Arbitrary<string>, min: number) =>
  fc.tuple(address, fc.integer({ min, max: 32 })).map((parts) => parts.join('/'))
const formats: Record<string, fc.Arbitrary<string>> = {
  ipv4: fc.ipV4(),
  ipv6: fc.integer({ min: 1, max: 65535 }).map((last) => `2001:db8:6::${last.toString(16)}`),
  ip: fc.oneof(fc.ipV4(), fc.ipV6()),
  'ipv4-network': prefix(fc.ipV4(), 8),
  // keepalived looks names up.
  server: fc.ipV4(),
  'ipv4-source': fc.oneof(fc.ipV4(), prefix(fc.constant('0.0.0.0'), 0), prefix(fc.constant('10.0.0.0'), 8)),
}

/** @returns what makes a number of such a kind of any number */
const stepsOf =
  ({ format }: Node) =>
  (value: number): number =>
    format === 'thousandths' ? Math.round(value * 1000) / 1000 : value

function textOf({ format, pattern, maxLength = Infinity }: Node): fc.Arbitrary<string> {
  if (format) return formats[format]!
  if (!pattern) return fc.string({ maxLength: 30 })
  const whole = new RegExp(pattern)
  // It makes no text for what only looks ahead.
  const made = fc.stringMatching(new RegExp(pattern.replaceAll(/\(\?!(?:[^()\\]|\\.|\([^()]*\))*\)/g, '')))
  return made.filter((text) => text.length <= maxLength && whole.test(text))
}

/** An inventory as in its file, where defaults may be missing. */
type Written = Draft & Record<'cluster', Draft<Content['cluster']>> & Record<'hosts', Record<string, HostWritten>>
type HostWritten = Draft<Content['hosts'][string]>

const contents = valueOf(schema) as fc.Arbitrary<Written>

/**
 * Where the addresses lie: in the network number `block` of its size below an octet, given away from `first` on. With
 * `everySecond` all hosts have a second interface, as level 3 wants it.
 */
const places = fc.record({
  octet: fc.oneof(fc.integer({ min: 1, max: 126 }), fc.integer({ min: 170, max: 223 })),
  bits: fc.integer({ min: 3, max: 24 }),
  block: fc.nat(),
  first: fc.nat(),
  everySecond: fc.boolean(),
})
type Place = typeof places extends fc.Arbitrary<infer T> ? T : never

/** Any valid inventory, as plain values. */
export const valid: fc.Arbitrary<object> = fc.tuple(contents.filter(namesDiffer), places).map(([content, place]) => {
  oneNetwork(content, place)
  hostsAgree(content)
  clusterAgrees(content)
  addressesAgree(content.cluster, Object.keys(content.hosts))
  return content
})

/** Whether names, identities and ways to machines are given once. */
function namesDiffer({ hosts, clients = {} }: Written): boolean {
  const nodes = Object.values(hosts)
  const given = [
    [...Object.keys(hosts), ...Object.keys(clients)].map((name) => name.toLowerCase()),
    // Without an identity it may be the name.
    Object.entries(hosts).map(([name, { identity }]) => identity ?? name),
    [...nodes, ...Object.values(clients)].map((one) => one?.ssh?.host),
  ]
  const once = (all: (string | undefined)[]) => new Set(all.filter(Boolean)).size === all.filter(Boolean).length
  return given.every(once)
}

const dotted = (number: number) => [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** Puts all addresses into one network, each of them different. */
function oneNetwork({ cluster, hosts }: Written, { octet, bits, block, first, everySecond }: Place): void {
  const size = 2 ** bits
  const network = octet * 2 ** 24 + (block % 2 ** (24 - bits)) * size
  let taken = cluster.gateway ? first : 0
  const next = () => dotted(network + 1 + (taken++ % (size - 2)))
  cluster.network = `${dotted(network)}/${32 - bits}`
  const gateway = next()
  if (cluster.gateway) cluster.gateway = gateway
  cluster.vip = next()
  if (cluster.vip.endsWith('.0')) cluster.virtual_router_id ??= 255
  const room = Math.floor((size - 4) / 2)
  for (const name of Object.keys(hosts).slice(room)) delete hosts[name]
  for (const host of Object.values(hosts)) {
    host.address = next()
    if (host.second || everySecond) host.second = { ...host.second, address: next() }
  }
}

/** Makes values of hosts agree that have a meaning only together. */
function hostsAgree({ cluster, hosts, groups = {} }: Written): void {
  const nodes = Object.values(hosts)
  const model = nodes.find(({ priority }) => priority)
  for (const named of [cluster, ...nodes, ...nodes.map(({ second }) => second)])
    if (named?.interface && noInterface.includes(named.interface)) named.interface = 'net0'
  for (const [place, host] of nodes.entries()) {
    if (model) host.priority = cluster.preempt ? 253 - place : Math.min(253, model.priority!)
    if (host.second && (host.second.interface ?? 'eth1') === (host.interface ?? cluster.interface ?? 'eth0'))
      host.second.interface = 'other'
  }
  rolesAgree(nodes, cluster.email !== undefined)
  for (const group of Object.values(groups))
    if (group?.hosts) group.hosts = Object.keys(hosts).slice(0, group.hosts.length)
}

/** Two directors and real servers of their own, two directors and a host that is both, or no roles. */
function rolesAgree(nodes: readonly HostWritten[], hasMails: boolean): void {
  const [director, , other] = nodes.map(({ role }) => role !== undefined)
  for (const [place, host] of nodes.entries()) {
    delete host.role
    if (!hasMails) delete host.email_from
    delete host.addresses
    if (host.address6) host.address6 = `2001:db8:6::${place + 1}`
    if (!director || nodes.length < 3) continue
    if (place < 2) host.role = 'director'
    else if (other || place > 2) host.role = 'real_server'
    // Real servers may be in other networks.
    if (host.role === 'real_server' && place % 2) host.address = `192.168.7.${place + 1}`
    if (host.role === 'director') delete host.weight
    if (host.role !== 'real_server') continue
    delete host.priority
    delete host.notify
    delete host.preempt_delay
    delete host.email_from
    delete host.address6
  }
}

const intervalOf = (version: number, seconds: number): number =>
  version === 3 ? Math.round(Math.min(seconds, 40.95) * 100) / 100 : Math.max(1, Math.floor(seconds))

/** Makes values of the cluster agree, likewise. */
function clusterAgrees({ cluster, hosts, ssh, clients = {} }: Written): void {
  if (!cluster.preempt) for (const one of [cluster, ...Object.values(hosts)]) delete one.preempt_delay
  const { advert_int: seconds, vrrp_version: version = cluster.failover === 'quick' ? 3 : 2 } = cluster
  if (seconds !== undefined) cluster.advert_int = intervalOf(version, seconds)
  for (const one of Object.values(cluster.instances ?? {}))
    // A whole number suits both versions.
    if (one?.advert_int) one.advert_int = intervalOf(2, Math.min(one.advert_int, 40))
  if (version === 3) delete cluster.auth_pass
  if (cluster.auth_pass === undefined) delete cluster.auth_type
  // At level 1 alone.
  delete cluster.vmac
  if (typeof cluster.auth_pass === 'object') cluster.auth_pass = { env: 'VRRP_PASS' }
  const ways = [ssh, ...[...Object.values(hosts), ...Object.values(clients)].map((one) => one?.ssh)]
  for (const way of ways)
    for (const key of ['config', 'identity_file'] as const)
      if (way?.[key] && whyNoPath(way[key])) way[key] = `./${way[key]}`
  for (const way of ways)
    for (const key of ['password', 'become_password'] as const) if (way?.[key]) way[key] = { env: 'VRRP_PASS' }
  delete cluster.routing
  const { balancing } = cluster
  if (balancing && balancing.scheduler !== 'sh' && balancing.scheduler !== 'mh') delete balancing.flags
  if (balancing?.quorum) {
    delete balancing.quorum.hysteresis
    const reals = Object.values(hosts).filter(({ role }) => role !== 'director')
    const services = [cluster.service, ...Object.values(cluster.services ?? {})]
    const hasPools = services.some((one) => one && 'hosts' in one)
    balancing.quorum.weight &&= reals.length > 1 && !hasPools ? 1 + (balancing.quorum.weight % 2) : 1
  }
  if (balancing?.method === 'dr' || balancing?.method === 'tun') {
    delete balancing.sorry_server?.port
    if (!cluster.sync && Object.keys(cluster.instances ?? {}).length > 0) delete balancing.method
  }
  if (cluster.unicast) delete cluster.mcast_src_ip
  for (const way of [...Object.values(hosts), ...Object.values(clients)].map((one) => one?.ssh))
    if (way?.host?.includes(':')) way.host = way.host.replaceAll(':', '_')
  if (cluster.balancing?.sorry_server) cluster.balancing.sorry_server.address = '198.51.100.7'
  // keepalived looks a name up.
  if (cluster.email?.server) cluster.email.server = '10.2.1.9'
  if (cluster.mcast_group) cluster.mcast_group = `239.${cluster.mcast_group.split('.').slice(1).join('.')}`
  const all = checksOf(cluster)
  const directors = Object.keys(hosts).filter((name) => hosts[name]!.role !== 'real_server')
  for (const check of all.flatMap((checks) => Object.values(checks))) {
    if (check) oneKind(check)
    if (check?.hosts) check.hosts = directors.slice(0, check.hosts.length)
  }
  programsAreThere(cluster, hosts)
  for (const checks of all) delete checks.service
  namesDifferAmongChecks(all)
  // Whether keepalived takes these is for keepalived to say.
  for (const one of [cluster, ...Object.values(cluster.instances ?? {}), ...Object.values(hosts)])
    delete one?.keepalived
  const { first = {}, second = {} } = cluster.routing_tables ?? {}
  const [numbers, names] = [
    [first.number ?? 20, second.number ?? 21],
    [first.name ?? 'table0', second.name ?? 'table1'],
  ]
  if (numbers[0] === numbers[1] || numbers.includes(220) || names[0] === names[1]) delete cluster.routing_tables
  const { snmp } = cluster
  if (snmp?.source?.includes('/')) snmp.community ??= 'other'
  if (cluster.services) delete cluster.service
  servicesAgree(cluster)
  poolsAgree(cluster, hosts)
}

/** Each service has hosts that serve, and each of these serves something. */
function poolsAgree({ service, services = {}, vip }: Written['cluster'], hosts: Written['hosts']): void {
  const all = [service, ...Object.values(services)].flatMap((one) => (one && one.type !== 'none' ? [one] : []))
  const serving = Object.keys(hosts).filter((name) => hosts[name]!.role !== 'director')
  for (const [place, one] of all.entries()) {
    if ('hosts' in one) {
      one.hosts = serving.slice(place % serving.length)
      if (place === 0 || all.length === 1) delete one.hosts
    }
    if ('vips' in one) one.vips = [vip!]
  }
}

/** Makes services agree, each in itself and with the others. */
function servicesAgree({ service, services = {}, balancing, ...cluster }: Written['cluster']): void {
  for (const one of [service, ...Object.values(services)]) if (one) one.type ??= 'dns'
  for (const [place, [name, one]] of Object.entries(services).entries()) {
    // A host has one name server, and ports are for one service each.
    if (place > 0 && one?.type === 'dns') delete services[name]
    else if (one) {
      one.port = 1000 + place
      if ('real_port' in one) one.real_port = 2000 + place
    }
    for (const checks of checksOf(cluster)) delete checks[`service_${name}`]
  }
  for (const one of [service, ...Object.values(services)]) {
    if (one?.type === 'http' || one?.type === 'https') {
      if (one.managed !== false) delete one.unit
    }
    if (one?.type === 'tcp' || one?.type === 'udp') {
      if (one.check) one.check = program
      if (one.check || Object.keys(one.health ?? {}).length === 0) delete one.health
      if (one.health) one.health = healthOfOneKind(one.health)
    }
    if (one && 'balancing' in one && one.balancing) {
      const scheduler = one.balancing.scheduler ?? balancing?.scheduler
      if (scheduler !== 'sh' && scheduler !== 'mh') delete one.balancing.flags
    }
    if (one && 'real_port' in one && (balancing?.method ?? 'nat') !== 'nat') delete one.real_port
    if (one?.type === 'dns') healthNameFits(one)
  }
}

type Health = NonNullable<NonNullable<Extract<Written['cluster']['service'], { type?: 'udp' }>>['health']>

/** @returns what a health asks, of one kind */
function healthOfOneKind({ port, dns, record, http, https, ...page }: Health): Health {
  if (dns) return { port, dns: /^../.test(dns.split('.')[0]!) ? dns : `a${dns}`, record }
  if (http) return { port, http, ...page }
  return https ? { port, https, ...page } : { port: port ?? 80 }
}

type Dns = Extract<Written['cluster']['service'], { type?: 'dns' }>

function healthNameFits(service: Dns): void {
  if (service.health_zone && !service.health_zone.includes('.')) service.health_zone = `${service.health_zone}.lan`
  if (service.health_name && !/^../.test(service.health_name.split('.')[0]!))
    service.health_name = `a${service.health_name}`
  if ((service.health_name ?? 'health').length + (service.health_zone ?? 'load.balance').length <= 188) return
  delete service.health_name
  delete service.health_zone
}

/** Is on every node. */
const program = '/bin/true'

/** Programs, users and interfaces that every node has: keepalived looks for them. */
function programsAreThere({ notify, balancing, ...cluster }: Written['cluster'], hosts: Written['hosts']): void {
  for (const check of checksOf(cluster).flatMap((checks) => Object.values(checks))) {
    if (check?.command) check.command = program
    delete check?.user
  }
  const owners = [...Object.values(cluster.instances ?? {}), ...Object.values(hosts)]
  for (const one of [notify, ...owners.map((owner) => owner?.notify)]) {
    delete one?.user
    for (const state of ['master', 'backup', 'fault', 'stop'] as const) if (one?.[state]) one[state] = program
  }
  for (const key of ['real_server_up', 'real_server_down'] as const) if (balancing?.[key]) balancing[key] = program
  for (const key of ['up', 'down'] as const) if (balancing?.quorum?.[key]) balancing.quorum[key] = program
  for (const one of [cluster, ...Object.values(cluster.instances ?? {})])
    one?.track_interfaces?.splice(0, Infinity, 'lo')
}

/** @returns the checks of the cluster, and of each instance that has its own */
const checksOf = ({ checks, instances = {} }: Pick<Written['cluster'], 'checks' | 'instances'>): Checks[] =>
  [checks, ...Object.values(instances).map((one) => one?.checks)].filter((all) => all !== undefined)

/** Leaves of checks of one name the first. */
function namesDifferAmongChecks(all: readonly Checks[]): void {
  for (const [place, checks] of all.entries())
    for (const name of Object.keys(checks)) if (all.slice(0, place).some((one) => name in one)) delete checks[name]
}

type Checks = NonNullable<Written['cluster']['checks']>
type Check = NonNullable<NonNullable<Written['cluster']['checks']>[string]>

/** Leaves the first of the keys of which a check has one. */
function oneKind(check: Check): void {
  const kinds = ['command', 'process', 'port', 'url', 'dns'] as const
  const [first, ...others] = kinds.filter((kind) => kind in check)
  for (const other of others) delete check[other]
  if (!first) check.port = 80
}
