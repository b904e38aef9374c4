// What tests of a host that is held against the inventory share: the inventory, and what is said of what a host has printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Level } from '../inventory/levels.ts'
import { loadInventory } from '../inventory/load.ts'
import { asDescribed } from '../tasks/cluster/as-described/task.ts'
import { targetOf } from '../tasks/target.ts'
import { parseFacts } from '../engine/runner/facts.ts'

export const folder = mkdtempSync(join(tmpdir(), 'as-described-'))
process.once('exit', () => rmSync(folder, { recursive: true }))

export const file = join(folder, 'i.yaml')
const text = `cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`
writeFileSync(file, text)
export const inventory = loadInventory(file, { level: 3 })
export const target = (facts = '') =>
  targetOf(inventory, inventory.hosts[0]!, parseFacts(`os=Debian\nids=debian\ninit=systemd\n${facts}\n`))
export const said = (printed: string, level: Level, facts?: string): string => {
  try {
    asDescribed(target(facts), level).plan({ text: printed, code: 0 }, { changes: () => false })
  } catch (error) {
    return (error as Error).message
  }
  return ''
}
/** What is said of a value, and where it is. */
const places = {
  network: '3:12 cluster.network',
  vip: '2:8 cluster.vip',
  port: '1:1 cluster.service.port',
  address: '5:19 hosts.ns1.address',
  interface: '5:3 hosts.ns1.interface',
  ssh: '5:3 hosts.ns1.ssh.host',
  second: '5:29 hosts.ns1.second.interface',
  other: '6:19 hosts.ns2.address',
}
export const at = (place: keyof typeof places, why: string) => `${file}:${places[place]}: ${why}`

type Address = [address: string, prefix: number, dynamic?: boolean]
export const link = (ifname: string, addresses: Address[], more: object = {}) => ({
  ifname,
  flags: ['BROADCAST', 'UP'],
  addr_info: addresses.map(([local, prefixlen, dynamic]) => ({ local, prefixlen, scope: 'global', dynamic })),
  ...more,
})
export const lo = link('lo', [['127.0.0.1', 8]], { flags: ['LOOPBACK', 'UP'] })
export const eth0 = link('eth0', [['10.2.1.2', 24]])
export const eth1 = link('eth1', [])
/** What a host shows of itself. */
export interface Shown {
  links?: object[]
  routes?: object[]
  connection?: string
  lines?: string[]
  neighbours?: string[]
  listeners?: string[]
  own?: string[]
  facts?: string
}
export const print = (shown: Shown) => {
  const { links = [lo, eth0, eth1], routes = [], connection = '' } = shown
  const { lines = [], neighbours = [], listeners = [], own = [] } = shown
  return [
    ...['== links and routes', JSON.stringify(links), JSON.stringify(routes)],
    ...['== connection', connection, '== lines', ...lines, '== neighbours', ...neighbours],
    ...['== listeners dns', ...listeners, '== own processes dns', ...own, ''],
  ].join('\n')
}

/** A row of a table: what a host shows at a level, and what is said of it. */
export type Row = [name: string, level: Level, shown: Shown, ...said: string[]]
