// What a run looks at before its first change: whether nodes of a cluster at work are changed one after the other. The nodes
// are folders of this machine, and what they show of VRRP and IPVS is made up.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Documents } from '../documents/all.ts'
import { exitCode } from '../engine/base/errors.ts'
import type { RunContext } from '../engine/cli/main.ts'
import { runNote } from '../engine/cluster/run-note.ts'
import type { Session } from '../engine/cluster/session.ts'
import { bringTo } from '../engine/commands/bring-to.ts'
import { localTransport } from '../engine/transport/local.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { hurriedClock } from './clock.ts'
import { inFreshFolders, state, touch } from './engine-host.ts'
import { inventoryOf } from './variants.ts'

inFreshFolders()

const inventory = inventoryOf(`cluster: { vip: 10.2.1.5, network: 10.2.1.0/24, balancing: { scheduler: wlc } }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }`)

/** A node of level 2. ns1 holds the VIP. @param real the entry of ns2 in both pools */
const shows = (node: string, scheduler: string, real: string) =>
  [
    `vip=${node === 'ns1' ? 'here' : ''}`,
    `state=${node === 'ns1' ? 'MASTER' : 'BACKUP'}`,
    ...['keepalived=active', 'service=active', 'level=2', 'standby=0', 'boot=1'],
    ...['TCP', 'UDP'].flatMap((protocol) => [
      `pool=${protocol}  10.2.1.5:53 ${scheduler}`,
      'pool=  -> 10.2.1.2:53 Masq 1 0 0',
      `pool=  -> ${real}`,
    ]),
    '',
  ].join('\n')

const local = localTransport()

/** @returns the nodes in the order in which they were changed; @param before what a node shows before it is */
async function order(before: (node: string) => string): Promise<string[]> {
  const changed: string[] = []
  const reach = (name: string): Transport => ({
    ...local,
    run: async (script, how) => {
      if (script.includes('vip=$(')) {
        const text = changed.includes(name) ? shows(name, 'wlc', '10.2.1.3:53 Masq 1 0 0') : before(name)
        return { stdout: Buffer.from(text), stderr: '', code: 0 }
      }
      if (how.lasting) changed.push(name)
      // Two machines, of which this one is the stage.
      const own = script
        .replaceAll(runNote('').folder, `${state}/${name}`)
        .replace('show machineId /etc/machine-id', `echo machineId=${name}`)
      return local.run(own, how)
    },
  })
  const session = { inventory, limited: inventory.hosts, reach, clients: [], clock: hurriedClock() } as Session
  const context = {
    options: { check: false, timeout: 60, forks: 2 },
    console: { print: () => {}, status: () => {}, colour: { red: String } },
    document: { document: 'run', playbook: 'x', exitCode: 0 },
    atEnd: () => {},
  } as unknown as RunContext<Documents['run']>
  const playbook = {
    title: 'x',
    level: 2,
    tasks: ({ host }: { host: { name: string } }) => [touch(host.name)],
  } as const
  assert.is(await bringTo(context, session, playbook, { checking: false, seconds: 0 }), exitCode.ok)
  return changed
}

test('a healthy cluster is changed node by node, the holder of the VIP last', async () => {
  assert.equal(await order((node) => shows(node, 'wlc', '10.2.1.3:53 Masq 1 0 0')), ['ns2', 'ns1'])
})

test('so is one whose scheduler is another in the inventory by now', async () => {
  assert.equal(await order((node) => shows(node, 'rr', '10.2.1.3:53 Masq 1 0 0')), ['ns2', 'ns1'])
})

for (const [name, real] of [
  ['has another weight', '10.2.1.3:53 Masq 7 0 0'],
  ['is passed on to another way', '10.2.1.3:53 Route 1 0 0'],
  ['is missing', '10.2.1.9:53 Masq 1 0 0'],
] as const)
  test(`one in which a node ${name} is not: it is to be mended at once, also where the scheduler differs`, async () => {
    assert.equal(await order((node) => shows(node, 'rr', real)), ['ns1', 'ns2'])
  })

test.run()
