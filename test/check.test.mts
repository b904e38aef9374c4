// The cluster check of a level 3 whose nodes are made up: they print what they would, and a client asks.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Client } from '../engine/clients/client.ts'
import type { NodeHandle } from '../engine/cluster/node-state.ts'
import type { Outcome, Transport } from '../engine/transport/transport.ts'
import { askedIn } from '../engine/verify/ask.ts'
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

/** A node of level 2 on a kernel that sums its statistics up every two seconds. @param holds whether it is the director */
function balancing(index: number, now: () => number): NodeHandle {
  const ours = askedIn(inventory, 1).UDP!
  const transport: Transport = {
    connect: async () => {},
    close: async () => {},
    run: async (_, { onStdout }) => {
      // Ours come up at once, one of somebody else later.
      const counted = 100 + (onStdout ? 0 : ours + (now() < 2000 ? 0 : 1))
      const text = `stats=UDP 10.2.1.5:53 ${counted} 0 0 0 0\n${state(index === 0)}`
        .replace('level=3', 'level=2')
        .replaceAll(/10\.2\.1\.[67]:53/g, (real) => real.replace('6', '2').replace('7', '3'))
      onStdout?.(Buffer.from(text))
      return done(text)
    },
  }
  return { host: hosts[index]!, transport }
}

test('a question of another client among ours that is counted late: turns that are not strict are no finding', async () => {
  let time = 0
  const turns = [0, 1, 0, 1, 0, 0, 1, 0, 1, 0]
  const uneven = {
    name: 'client',
    ask: async (_, questions) => ({
      source: '10.2.1.10',
      texts: questions.map(({ protocol }, i) => `=${hosts[protocol === 'UDP' ? turns[i % 10]! : i % 2]!.identity}=`),
    }),
  } as Partial<Client> as Client
  const now = () => time
  const { findings, verdicts } = await checkCluster(inventory, [balancing(0, now), balancing(1, now)], {
    clients: [uneven],
    changed: false,
    timeout: 9,
    clock: {
      now,
      sleep: async (milliseconds) => {
        time += milliseconds
      },
    },
    say: () => {},
  })
  assert.equal(findings, [])
  assert.match(verdicts[0]!.summary, 'fair shares (1 connections of other clients between ours)')
})

test.run()
