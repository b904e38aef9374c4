// How long the cluster check waits for a cluster that is not yet as it should be, with made-up nodes and turned time.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { textsOf } from '../engine/cluster/finding.ts'
import type { NodeHandle } from '../engine/cluster/node-state.ts'
import { checkCluster } from '../engine/verify/check.ts'
import type { Client } from '../engine/clients/client.ts'
import type { Transport } from '../engine/transport/transport.ts'
import { hurriedClock } from './clock.ts'
import { inventoryOf, onlyService } from './variants.ts'

const two =
  'cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }\nhosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }'
const inventory = inventoryOf(two)
const service = onlyService(inventory)

/**
 * A cluster of level 1 whose holder comes after some seconds, and which a client may ask then.
 * @returns the texts of the findings, the seconds that it took, and how often the client asked
 */
async function check(comes: number, changed: boolean) {
  const clock = hurriedClock()
  const nodes = inventory.hosts.map((host): NodeHandle => {
    const run: Transport['run'] = async (_, { onStdout }) => {
      const holds = host.name === 'ns1' && clock.now() >= comes * 1000
      const vrrp = holds ? 'held=VI_1 10.2.1.5\nstate=VI_1 MASTER' : 'state=VI_1 BACKUP'
      const text = `${vrrp}\nkeepalived=active\nservice=named active\nlevel=1\n\nwatching\n`
      onStdout?.(Buffer.from(text))
      return { stdout: Buffer.from(text), stderr: '', code: 0 }
    }
    return { host, transport: { connect: async () => {}, close: async () => {}, run } }
  })
  const asked: string[] = []
  const client: Client = {
    name: 'c',
    transport: nodes[0]!.transport,
    ask: async (_, questions) => {
      asked.push(...questions.map(({ protocol }) => protocol))
      return { source: '10.2.1.9', texts: questions.map(() => service.answerOf(inventory.hosts[0]!)) }
    },
  }
  const said: string[] = []
  const options = { clients: [client], changed, timeout: 60, clock, say: (line: string) => said.push(line) }
  const { findings } = await checkCluster(inventory, nodes, options)
  return { findings: textsOf(findings), seconds: clock.now() / 1000, asked, said }
}

const outage = 'outage: no node holds 10.2.1.5'
const waits: [name: string, comes: number, changed: boolean, findings: string[], said: string[]][] = [
  ['healthy at once', 0, false, [], []],
  ['healthy some seconds later', 5, false, [], [`waiting: ${outage}`]],
  ['after a change it takes its time', 40, true, [], [`waiting: ${outage}`]],
  ['without a change that is a finding', 40, false, [outage], [`waiting: ${outage}`]],
  ['never healthy', Infinity, true, [outage], [`waiting: ${outage}`]],
]
for (const [name, comes, changed, findings, said] of waits) {
  test(name, async () => {
    const result = await check(comes, changed)
    assert.equal([result.findings, result.said], [findings, said])
    // At the end each node has a moment for the last questions.
    if (findings.length === 0) assert.is(Math.floor(result.seconds), comes)
    // A service is asked over every protocol, and only where somebody holds the VIP.
    assert.equal([...new Set(result.asked)], findings.length === 0 ? ['UDP', 'TCP'] : [])
  })
}

test.run()
