// Services whose clients ask at another port than that where they listen: who sees which of the two.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NodeState } from '../engine/cluster/node-state.ts'
import { judgePools } from '../engine/verify/judge-pools.ts'
import { servicesOf } from '../services/all.ts'
import { askedServicesOf } from '../services/virtual-server.ts'
import { allowAnswers, snat } from '../tasks/cluster/firewall.ts'
import { packetsOf } from '../tasks/cluster/packets.ts'
import { targetOf } from '../tasks/target.ts'
import { debian as facts, filesOf } from './rendered.ts'
import { inventoryOf } from './variants.ts'

const inventory = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, service: { type: http, port: 80, real_port: 8080 } }
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`)
const target = targetOf(inventory, inventory.hosts[0]!, facts)

test('clients ask at one, the service listens on the other', () => {
  assert.equal(
    askedServicesOf(inventory.cluster).map(({ server }) => server.port),
    [80],
  )
  assert.equal(
    servicesOf(inventory.cluster).map(({ port }) => port),
    [8080],
  )
  assert.match(
    filesOf(inventory, inventory.hosts[0]!, 2).get('/etc/nginx/conf.d/keepalived-health.conf')!,
    'listen 8080;',
  )
})

test('rules: the source of what IPVS sends by that of clients, answers by that of the service', () => {
  assert.equal(
    snat(target, 2).map((rule) => 'virtualServer' in rule && rule.virtualServer.port),
    [80],
  )
  assert.equal(
    allowAnswers(target, 2).map((rule) => 'fromPort' in rule && rule.fromPort),
    [8080],
  )
})

test('packets: clients come to one, checks and what is sent on to the other', () => {
  const ports = packetsOf(target, 2).flatMap(({ what, toPort, fromPort }) =>
    [toPort, fromPort].flatMap((port) => (port === 80 || port === 8080 ? [`${what}: ${port}`] : [])),
  )
  assert.equal(ports, [
    'TCP port 8080 for the checks of ns2: 8080',
    'checks of ns2 by TCP: 8080',
    "clients' questions by TCP to ns2: 8080",
    'answers by TCP of ns2 to clients: 8080',
    "clients' questions by TCP from the director to 10.2.1.2: 8080",
    'a question by TCP to 10.2.1.5: 80',
  ])
})

test('packets: checks of another port come over TCP', () => {
  const elsewhere = inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, service: { type: udp, port: 5060, health: { port: 5061 } } }
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`)
  const checks = packetsOf(targetOf(elsewhere, elsewhere.hosts[0]!, facts), 2).filter(({ what }) =>
    /checks of/.test(what),
  )
  assert.equal(
    checks.map(({ protocol, toPort }) => [protocol, toPort]),
    [
      ['tcp', 5061],
      ['tcp', 5061],
    ],
  )
})

test('pools have real servers at the port of the service', () => {
  const at = (port: number) => {
    const pool = ['10.2.1.2', '10.2.1.3'].map((address) => ({
      ...{ server: 'TCP', address, port, method: 'Masq', weight: 1, connections: 0 },
    }))
    const state = { host: inventory.hosts[0]!, pool, schedulers: { TCP: 'rr' }, drained: [] }
    return judgePools(inventory, state as unknown as NodeState, 2).map(({ text }) => text)
  }
  assert.equal(at(8080), [])
  assert.match(at(80).join('\n'), 'lacks ns1')
})

test('an address of another network: balanced connections come from the director itself', () => {
  const sourcesWith = (vip: string) => {
    const { cluster, hosts } = inventoryOf(
      `cluster: { ${vip}, network: 10.2.1.0/24 }\nhosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }\n`,
    )
    return snat({ ...target, cluster, hosts, host: hosts[0]! }, 2).map((rule) => 'source' in rule && rule.source)
  }
  assert.equal(sourcesWith('vip: 10.9.0.5, vip_interface: eth1'), ['10.2.1.2'])
  assert.equal(sourcesWith('vip: 10.2.1.5'), ['10.2.1.5'])
})

test.run()
