// The very rule that hides clients or takes the checks of peers, in the text of the finding that it explains.
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Finding } from '../engine/cluster/finding.ts'
import type { NodeHandle } from '../engine/cluster/node-state.ts'
import { withNatRules } from '../engine/verify/nat-cause.ts'
import { snatRule } from './adoption/article.ts'
import { inventoryOf, variants } from './variants.ts'

const inventory = inventoryOf(variants[2]![1])
const asked: string[] = []
const printed: Record<string, string> = { ns1: `-A POSTROUTING -o wg0 -j MASQUERADE\n${snatRule} \n`, ns2: '' }
const nodes = inventory.hosts.map((host): NodeHandle => {
  const run = () => {
    asked.push(host.name)
    return Promise.resolve({ stdout: Buffer.from(printed[host.name]!), stderr: '', code: 0 })
  }
  return { host, transport: { connect: () => Promise.resolve(), run, close: () => Promise.resolve() } }
})

const texts = async (...findings: Finding[]) => {
  asked.length = 0
  const all = await withNatRules(inventory, nodes, { findings, holder: 'ns1', level: 3 }, 60)
  return all.map(({ text }) => text)
}
const cause = `; ns1 has the rule "${snatRule}" in nat, which changes sources`

test('a hidden client: the rule of the director, not of the node that saw it', async () => {
  const hidden: Finding = { code: 'client-hidden', node: 'ns2', text: 'hidden' }
  assert.equal(await texts(hidden), [`hidden${cause}`])
  assert.equal(asked, ['ns1'])
})

test('a pool that lacks a node: the rule of the node whose pool it is', async () => {
  const pools = ['ns1', 'ns2'].map((node): Finding => ({ code: 'pool-incomplete', node, text: node }))
  assert.equal(await texts(...pools), [`ns1${cause}`, 'ns2'])
})

test('nobody is asked where no rule can be the cause', async () => {
  assert.equal(await texts({ code: 'outage', text: 'outage' }), ['outage'])
  assert.equal(asked, [])
})

test.run()
