// What a report says of nodes: who holds which virtual IP, who directs, and of whom nothing is known.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parseNodeState } from '../engine/cluster/node-state.ts'
import type { Session } from '../engine/cluster/session.ts'
import { writePage } from '../engine/operations/html-report.ts'
import { load } from './inventory/samples.mts'

const folder = mkdtempSync(join(tmpdir(), 'report-nodes-'))
test.after(() => rmSync(folder, { recursive: true }))

const inventory = load(`
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
  instances: { other: { vip: 10.2.1.8, prefer: ns2 } }
hosts:
  ns1: { address: 10.2.1.2, role: director }
  ns2: { address: 10.2.1.3, role: director }
  web: { address: 10.2.1.4, role: real_server }
`)
const pools = ['10.2.1.5', '10.2.1.8'].flatMap((vip) =>
  ['UDP', 'TCP'].flatMap((protocol) => [`pool=${protocol}  ${vip}:53 rr`, 'pool=  -> 10.2.1.4:53 Masq 1 0 0']),
)
const printed: Record<string, string[]> = {
  ns1: ['level=2', 'keepalived=active', 'held=VI_1 10.2.1.5', 'state=VI_1 MASTER', ...pools],
  ns2: ['level=2', 'keepalived=active', 'held=other 10.2.1.8', 'state=other MASTER', ...pools],
  web: ['service=named active'],
}

/** @returns what a report says, without its marks. @param known the nodes that could be asked */
async function reportOf(known: readonly string[]): Promise<string> {
  const states = inventory.hosts
    .filter(({ name }) => known.includes(name))
    .map((host) => parseNodeState(host, inventory.cluster, [...printed[host.name]!, ''].join('\n')))
  const file = join(folder, 'page.html')
  const context = { console: { print: () => {} }, redactor: { redact: (text: string) => text } }
  const session = { inventory, clients: [] } as Partial<Session> as Session
  const more = { title: 'x', started: new Date(), seconds: 4, ok: true, verdict: 'well', problems: [], steps: [], file }
  await writePage(context as unknown as Parameters<typeof writePage>[0], session, states, more)
  return readFileSync(file, 'utf8')
    .replaceAll(/<style>[^]*?<\/style>|<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
}

test('each virtual IP has a holder of its own, and a real server alone no pool', async () => {
  const page = await reportOf(['ns1', 'ns2', 'web'])
  assert.match(page, '10.2.1.5, held by ns1; 10.2.1.8, held by ns2')
  assert.match(page, 'ns1 holds 10.2.1.5; 10.2.1.2')
  assert.match(page, 'ns2 holds 10.2.1.8; 10.2.1.3')
  assert.not.match(page, 'its pool is empty')
  assert.not.match(page, 'web stands by')
})

test('a node that could not be asked neither stands by nor has an empty pool', async () => {
  const page = await reportOf(['ns1', 'web'])
  assert.match(page, '10.2.1.5, held by ns1; 10.2.1.8, held by nobody who could be asked')
  assert.match(page, 'ns2 10.2.1.3 it could not be asked')
  assert.not.match(page, /stands by|its pool is empty/)
})

test('where nobody could be asked, no level is known', async () => {
  const page = await reportOf([])
  assert.match(page, 'Level none is known')
  assert.match(page, 'No node holds it as far as nodes could be asked')
  assert.not.match(page, /stands by|nobody answers/)
})

test.run()
