// The cluster check of a level 3 whose nodes are made up: they print what they would, and a client asks.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client } from '../engine/clients/client.ts'
import type { NodeHandle } from '../engine/cluster/node-state.ts'
import type { Outcome, Transport } from '../engine/transport/transport.ts'
import { checkCluster } from '../engine/verify/check.ts'
import { loadInventory } from '../inventory/load.ts'

const inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, { level: 3 })
const { hosts } = inventory

const pools = ['TCP', 'UDP'].flatMap((protocol) => [
  `pool=${protocol}  10.2.1.5:53 rr`,
  ...hosts.map(({ second }) => `pool=  -> ${second!.address}:53 Masq 1 0 0`),
])
const state = (holds: boolean) =>
  [
    'level=3',
    ...(holds ? ['held=VI_1 10.2.1.5', 'state=VI_1 MASTER'] : ['state=VI_1 BACKUP']),
    'keepalived=active',
    'service=named active',
    ...pools,
    '\nwatching\n',
  ].join('\n')

const done = (text = ''): Outcome => ({ stdout: Buffer.from(text), stderr: '', code: 0 })

/** A node whose log never shows a question: its watch lasts until it is told to end. */
function node(index: number): NodeHandle {
  const told = Promise.withResolvers<void>()
  const transport: Transport = {
    connect: async () => {},
    close: async () => {},
    run: async (script, { onStdout }) => {
      if (script.startsWith('touch ')) {
        told.resolve()
        return done()
      }
      const text = state(index === 0)
      onStdout!(Buffer.from(text))
      await told.promise
      return done(text)
    },
  }
  return { host: hosts[index]!, transport }
}

/** Answered by the nodes in turn. */
const client = {
  name: 'client',
  ask: async (_, questions) => ({
    source: '10.2.1.10',
    texts: questions.map((_question, i) => `=${hosts[i % 2]!.identity}=`),
  }),
} as Partial<Client> as Client

test('a log of questions that is elsewhere: the check ends soon, finds no fault, and says what it has not seen', async () => {
  let slept = 0
  const { findings, holder, seen } = await checkCluster(inventory, [node(0), node(1)], {
    clients: [client],
    changed: false,
    timeout: 9,
    clock: {
      now: () => 0,
      sleep: async (milliseconds) => {
        slept += milliseconds
      },
    },
    say: () => {},
  })
  assert.equal([findings, holder, slept], [[], 'ns1', hosts.length * 5000])
  const why = 'its log in the journal does not have the questions'
  assert.equal(seen, [{ client: 'client', addresses: [], unseen: hosts.map(({ name }) => ({ node: name, why })) }])
})

test.run()
