// Changes of a cluster at work, which is made up: one node after the other, and where the holder hands the VIP over first.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readNodeStates } from '../engine/cluster/node-state.ts'
import { oneByOne } from '../engine/commands/one-by-one.ts'
import type { PlannedChange } from '../engine/runner/host.ts'
import type { Level } from '../inventory/levels.ts'
import { keepalivedConf } from '../tasks/cluster/keepalived-conf.ts'
import { MadeUpNodes } from './made-up-nodes.ts'

/**
 * @returns who held the VIP during the work on each node, in the order of the work, and the flags that are left; and what
 *   IPVS was told, with the work on the node between
 */
async function brought(from: Level, to: Level, keys: readonly string[], planned: readonly PlannedChange[] = []) {
  const cluster = new MadeUpNodes()
  try {
    const session = cluster.session()
    const told: string[] = []
    const reach: typeof session.reach = (name) => {
      const transport = session.reach(name)
      const run: typeof transport.run = (script, options) => {
        if (script.startsWith('ipvsadm -')) told.push(`${name}: ${script}`)
        if (!script.includes('keepalived-playbooks-silence')) return transport.run(script, options)
        told.push(`${name}: ${script.split('\n').at(-1)!.split(' && ').at(-1)}`)
        return Promise.resolve({ stdout: Buffer.from(''), stderr: '', code: 0 })
      }
      return { ...transport, run }
    }
    const states = (await readNodeStates(session, 60)).map((state) => ({ ...state, level: from }))
    const { order, turn } = oneByOne({ ...session, reach }, states, { level: to, planned, timeout: 60 })
    const holders: string[] = []
    for (const name of order)
      await turn(name, keys, async () => {
        holders.push(`${name}: ${cluster.holder}`)
        told.push(`${name}: work`)
      })
    return { holders, left: cluster.left(), told }
  } finally {
    cluster.remove()
  }
}

const configured = [`file ${keepalivedConf}`]

for (const [from, to] of [
  [2, 2],
  [3, 2],
  [2, 3],
  [1, 2],
] as const)
  test(`level ${from} to ${to}: the holder comes last, and hands the VIP over before its keepalived is configured anew`, async () => {
    const { holders, left } = await brought(from, to, configured)
    assert.equal([holders, left], [['ns2: ns1', 'ns3: ns1', 'ns1: ns2'], []])
  })

test('the holder keeps the VIP where keepalived stays as it is', async () => {
  const { holders } = await brought(2, 2, ['file /etc/hosts'])
  assert.equal(holders, ['ns2: ns1', 'ns3: ns1', 'ns1: ns1'])
})

for (const [from, to] of [
  [1, 1],
  [1, 3],
  [2, 1],
  [3, 1],
] as const)
  test(`level ${from} to ${to}: the holder keeps the VIP, from which its service answers`, async () => {
    const { holders, left } = await brought(from, to, configured)
    assert.equal([holders, left], [['ns2: ns1', 'ns3: ns1', 'ns1: ns1'], []])
  })

test('the holder keeps an empty virtual server while it stops balancing, so that IPVS ends what is under way', async () => {
  const server = '-f 1802530161 2>/dev/null || true'
  const { told } = await brought(2, 1, configured)
  assert.equal(told.slice(2), [`ns1: ipvsadm -A ${server}`, 'ns1: work', `ns1: ipvsadm -D ${server}`])
  assert.equal((await brought(1, 3, configured)).told, ['ns2: work', 'ns3: work', 'ns1: work'])
})

const change = (before: string, after: string): PlannedChange[] => {
  const conf = (line: string) => `vrrp_instance A { ${line}\nvirtual_ipaddress { 10.2.1.5 }\n}`
  return [{ key: configured[0]!, before: conf(before), after: conf(after) }]
}

for (const level of [1, 2] as const)
  test(`adverts that old nodes do not hear: at level ${level} the holder keeps the VIP and comes first, while keepalived of no other node runs`, async () => {
    const { holders, told, left } = await brought(level, level, configured, change('', 'advert_int 2'))
    assert.equal([holders, left], [['ns1: ns1', 'ns2: ns1', 'ns3: ns1'], []])
    assert.equal(told, [
      ...['ns2: systemctl stop keepalived', 'ns3: systemctl stop keepalived', 'ns1: work'],
      // Its time would run out while others have their turns.
      ...['ns3: systemctl stop keepalived', 'ns2: work', 'ns2: systemctl start keepalived'],
      ...['ns3: work', 'ns3: systemctl start keepalived'],
    ])
  })

test('an instance that is another one: the nodes that come first have the VIP beside the holder, which hands nothing over', async () => {
  const { holders, told } = await brought(2, 2, configured, change('virtual_router_id 5', 'virtual_router_id 6'))
  assert.equal(holders, ['ns2: ns1', 'ns3: ns1', 'ns1: ns1'])
  assert.equal(told, ['ns2: work', 'ns3: work', 'ns1: work'])
})

test('BFD that begins: pools may lack nodes whose turn is still to come, and no others', async () => {
  const cluster = new MadeUpNodes()
  try {
    const session = cluster.session()
    const planned = [{ key: configured[0]!, before: '', after: 'bfd_instance bfd_1 { }' }]
    const states = await readNodeStates(session, 60)
    const { order, turn } = oneByOne(session, states, { level: 2, planned, timeout: 60 })
    assert.equal(order, ['ns2', 'ns3', 'ns1'])
    cluster.half.add('ns1')
    await turn('ns2', configured, async () => {})
    cluster.half.add('ns2')
    await turn('ns3', configured, async () => {}).then(
      () => assert.unreachable(),
      (error: Error) => assert.match(error.message, /pool lacks ns2: the nodes after ns3 stay as they are$/),
    )
  } finally {
    cluster.remove()
  }
})

test('the next node waits until keepalived knows what the checks of this one say', async () => {
  const cluster = new MadeUpNodes()
  try {
    const session = cluster.session()
    const checks = { slow: { command: '/bin/true', timeout: 7 } } as never
    const inventory = { ...session.inventory, cluster: { ...session.inventory.cluster, checks } }
    const { order, turn } = oneByOne({ ...session, inventory }, await readNodeStates(session, 60), {
      ...{ level: 2, planned: [], timeout: 60 },
    })
    for (const [keys, least] of [
      [configured, 8000],
      [['file /etc/hosts'], 0],
    ] as const) {
      const began = session.clock.now()
      await turn(order[0]!, keys, async () => {})
      assert.equal(session.clock.now() - began >= 8000, least === 8000)
    }
  } finally {
    cluster.remove()
  }
})

test.run()
