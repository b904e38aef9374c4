// What a drained node still has of clients, and what directors still have of it, before it is worked on.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Session } from '../engine/cluster/session.ts'
import { parseNodeState } from '../engine/cluster/node-state.ts'
import { ClusterControl } from '../engine/operations/control.ts'
import { NodeSteps } from '../engine/operations/rolling/node-steps.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { establishedOn } from '../services/service.ts'
import { hurriedClock } from './clock.ts'
import { load } from './inventory/samples.mts'

const inventory = load(`
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  instances: { other: { vip: 10.2.1.8, prefer: ns2 } }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 }, ns3: { address: 10.2.1.4, weight: 3 } }
`)
const { cluster, hosts } = inventory

/** What nodes print of their state. */
const states: Record<string, string[]> = {
  ns1: ['held=VI_1 10.2.1.5', 'state=VI_1 MASTER', 'state=other BACKUP'],
  ns2: ['held=other 10.2.1.8', 'state=other MASTER', 'state=VI_1 BACKUP'],
  ns3: ['state=VI_1 BACKUP', 'state=other BACKUP'],
}

/** @param clients rows of `ipvsadm -lcn`, by node @returns a cluster in which nobody has a connection over TCP */
function controlOf(clients: Record<string, string[]>): ClusterControl {
  const reach = (name: string) =>
    ({
      run: async (script: string) => {
        const commands = `ss() { :; }\nipvsadm() { printf '%s\\n' ${(clients[name] ?? []).map((row) => `'${row}'`).join(' ')}; }`
        const text = script.includes('held=')
          ? ['keepalived=active', 'service=named active', 'level=2', ...states[name]!, ''].join('\n')
          : spawnSync('bash', ['-c', `${commands}\n${script}`], { encoding: 'utf8' }).stdout
        return { code: 0, stdout: Buffer.from(text), stderr: '' }
      },
    }) as unknown as Transport
  const session = { inventory, reach, clock: hurriedClock() } as unknown as Session
  return new ClusterControl(session, 2, 60, [])
}

const row = (vip: string, left: string, source = '10.2.1.9:5353') =>
  `UDP 00:${left} UDP         ${source}     ${vip}:53        10.2.1.4:53`
const open: [name: string, clients: Record<string, string[]>, said: RegExp][] = [
  ['nobody', {}, /^no client is left$/],
  ['of the first holder', { ns1: [row('10.2.1.5', '04')] }, /1 UDP clients are left/],
  ['of the holder of another virtual IP', { ns2: [row('10.2.1.8', '04')] }, /1 UDP clients are left/],
  ['known to who does not hold the virtual IP alone', { ns1: [row('10.2.1.8', '04')] }, /^no client is left$/],
  ['of another real server', { ns1: [row('10.2.1.5', '04').replace('10.2.1.4', '10.2.1.3')] }, /^no client is left$/],
  ['remembered without a port', { ns1: [row('10.2.1.5', '04', '10.2.1.9:0')] }, /^no client is left$/],
]
for (const [name, clients, said] of open)
  test(`clients of a drained node: ${name}`, async () => {
    const steps = new NodeSteps(controlOf(clients), hosts[2]!, { drain: 1, boot: 1 })
    assert.match(await steps.waitForConnections(), said)
  })

test('what a node asks itself, by whatever address, is no connection of a client', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '::', resolve))
  const { port } = server.address() as AddressInfo
  const count = () => Number(spawnSync('bash', ['-c', establishedOn(port).text], { encoding: 'utf8' }).stdout)
  const sockets = []
  for (const [host, counted] of [
    ['127.0.0.1', 0],
    ['::1', 0],
    ['127.0.0.2', 1],
  ] as const) {
    const socket = connect({ host, port, localAddress: host })
    sockets.push(socket)
    await Promise.all([once(socket, 'connect'), once(server, 'connection')])
    assert.is(count(), counted, host)
  }
  for (const socket of sockets) socket.destroy()
  server.close()
})

test('what pools still have of a node is told with its weight', () => {
  const places = ['10.2.1.5', '10.2.1.8'].flatMap((vip) => [`UDP  ${vip}:53 rr`, `TCP  ${vip}:53 rr`])
  const pools = places.flatMap((place) => [`pool=${place}`, 'pool=  -> 10.2.1.4:53 Masq 3 0 0'])
  const state = parseNodeState(hosts[0]!, cluster, ['level=2', ...pools, ''].join('\n'))
  const control = controlOf({})
  assert.is(control.notFollowed([state], [hosts[2]!], true), 'the pools of ns1 still have ns3 with weight 3')
  assert.is(control.notFollowed([state], [hosts[2]!], false), undefined)
})

test.run()
