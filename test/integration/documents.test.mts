// What --json prints, from programs and from a cluster that is made up, held against its schemas.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Documents } from '../../documents/all.ts'
import type { Client } from '../../engine/clients/client.ts'
import { summarize, type Sample } from '../../engine/clients/losses.ts'
import type { RunContext } from '../../engine/cli/main.ts'
import { reportCheck } from '../../engine/commands/verify.ts'
import { judgeDrills } from '../../engine/operations/drills/run.ts'
import { conclude } from '../../engine/operations/conclude.ts'
import type { TrafficMonitor } from '../../engine/operations/traffic.ts'
import { localTransport } from '../../engine/transport/local.ts'
import { onlyService } from '../variants.ts'
import { checked, checkedFilled } from '../documents.ts'
import { MadeUpCluster } from '../made-up-cluster.ts'
import { play } from './nobody.ts'

// The other playbooks do so in before.test.mts.
test('nobody is reached: verify, status and rollback print their documents all the same', () => {
  const { cluster, exitCode } = play('verify').document
  assert.equal([exitCode, cluster!.findings.map(({ code }) => code).slice(0, 2)], [4, ['unreachable', 'unreachable']])
  const status = play('status').document
  assert.equal([status.healthy, status.nodes!.map(({ host }) => host)], [false, ['ns1', 'ns2']])
  const undone = play('rollback').document.hosts!.map((host) => [host.undone, host.code])
  assert.equal(undone, [
    [false, 4],
    [false, 4],
  ])
})

const common = { playbook: 'x', exitCode: 0 } as const
const wrong: [name: string, document: object][] = [
  ['a key that the schema does not have', { ...common, document: 'run', more: 1 }],
  ['a key of another document', { ...common, document: 'verify', hosts: [] }],
  ['another document', { ...common, document: 'status' }],
  ['no exit code', { document: 'run', playbook: 'x' }],
  [
    'a key of a part',
    { ...common, document: 'run', cluster: { states: [], answers: [], verdicts: [], seen: [], findings: [], more: 1 } },
  ],
]
for (const [name, document] of wrong)
  test(`refused: ${name}`, () => {
    assert.throws(() => checked(name.includes('another') ? 'verify' : 'run', document), /must (NOT )?(have|be)/)
  })

/** What a playbook shares, without a terminal. */
function contextOf<Document>(document: Document): RunContext<Document> {
  const colour = { green: String, red: String }
  const told = { print: () => {}, status: () => {}, colour }
  return { options: { timeout: 60 }, console: told, document } as unknown as RunContext<Document>
}

/** Does something with a cluster of its own, which is gone afterwards. */
async function on(work: (cluster: MadeUpCluster) => Promise<void>): Promise<void> {
  const cluster = new MadeUpCluster()
  await work(cluster).finally(() => cluster.remove())
}

test('verify: what the nodes are and who answered', () =>
  on(async (cluster) => {
    const { inventory } = cluster.session()
    const service = onlyService(inventory)
    const client: Client = {
      name: 'desk',
      transport: localTransport(),
      ask: async (_, questions) => ({
        source: '10.2.1.9',
        // The third has no turn.
        texts: questions.map((__, index) => service.answerOf(inventory.hosts[index % 2]!)),
      }),
    }
    const document: Documents['verify'] = { document: 'verify', playbook: 'x', exitCode: 5 }
    const request = { since: new Map(), changed: false }
    assert.is(await reportCheck(contextOf(document), cluster.session(undefined, [client]), request), 5)
    const { holder, states, answers, verdicts } = checkedFilled('verify', document).cluster!
    assert.equal([holder, states.length, answers[0]!.source], ['ns1', 3, '10.2.1.9'])
    assert.equal(
      verdicts.map(({ finding }) => finding?.code),
      ['unfair-shares', 'unfair-shares'],
    )
  }))

test('drill: what was lost', () =>
  on(async (cluster) => {
    const samples = Array.from({ length: 60 }, (_, number): Sample => {
      const common = { server: 'UDP', sent: number / 10, late: 0 }
      return number > 10 && number < 40
        ? { ...common, lost: 'timeout' }
        : { ...common, latency: 1, who: 'nameserver-1' }
    })
    const summary = {
      ...summarize(['UDP', 'TCP'], samples, [{ label: 'kill', at: 0 }], 6),
      started: new Date(),
      problem: 'it broke off',
    }
    const traffic = { stop: async () => summary } as unknown as TrafficMonitor
    const document: Documents['drill'] = { document: 'drill', playbook: 'x', exitCode: 5 }
    document.findings = await conclude(contextOf(document), cluster.session(), traffic, {
      title: 'x',
      states: async () => [],
      about: () => ({}),
      judge: ({ steps }) => judgeDrills(steps, [1]),
    })
    const { prober, findings } = checkedFilled('drill', document)
    assert.equal([prober!.steps[0]!.tallies.UDP!.lost, findings![0]!.code], [29, 'over-limit'])
  }))

test('rolling reboot: the order, and each step that has ended', () =>
  on(async (cluster) => {
    cluster.stubborn.add('ns3')
    const { document } = await cluster.roll([])
    assert.equal(
      document.order!.map(({ host }) => host),
      ['ns2', 'ns3', 'ns1'],
    )
    assert.equal(document.steps!.at(-1)!.node, 'ns3')
  }))

test.run()
