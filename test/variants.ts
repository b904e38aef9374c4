// Clusters that differ in every value that templates use; for golden files, and for keepalived's own config test.
import type { ServiceKind } from '../services/service.ts'
import { virtualServersOf } from '../services/virtual-server.ts'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadInventory } from '../inventory/load.ts'
import type { Inventory } from '../inventory/types.ts'
import { abilitiesOf, type Level } from '../inventory/levels.ts'
import { drainFile, standbyFile } from '../tasks/cluster/keepalived.ts'
import { render } from '../tasks/template.ts'

const cluster = (more: string) => `
cluster:
  vip: 10.2.1.5
  network: 10.2.1.0/24
${more}`
const two = `
hosts:
  ns1: { address: 10.2.1.2 }
  ns2: { address: 10.2.1.3 }
`
const second = `
hosts:
  ns1: { address: 10.2.1.2, second: { address: 10.2.1.6 } }
  ns2: { address: 10.2.1.3, second: { address: 10.2.1.7 } }
`
const five = `
hosts:
${[2, 3, 4, 6, 7].map((octet, i) => `  dns-${i + 1}: { address: 10.2.1.${octet} }`).join('\n')}
`

/** Name of the variant, the inventory as text, and the level. */
export const variants: [name: string, text: string, level: Level][] = [
  ['level1', cluster('  auth_pass: KPSjXfRG') + two, 1],
  ['level2', cluster('  auth_pass: KPSjXfRG') + two, 2],
  ['level3', cluster('  auth_pass: KPSjXfRG') + second, 3],
  ['level1-preempt', cluster('  preempt: true\n  preempt_delay: 30') + two, 1],
  [
    'level2-vrrp3',
    cluster('  vrrp_version: 3\n  advert_int: 0.1\n  startup_delay: 0\n  snmp: { enabled: false }') + two,
    2,
  ],
  ['level2-five', cluster('  balancing: { scheduler: wlc }\n  service: { port: 5353 }') + five, 2],
]

/** Reads an inventory from its text, as from a file. */
export function inventoryOf(text: string): Inventory {
  const file = join(tmpdir(), `variant-${process.pid}.yaml`)
  writeFileSync(file, text)
  return loadInventory(file)
}

/**
 * The keepalived.conf of a variant's first host.
 * @param kind of a service that is in no inventory
 */
export function keepalivedConf(text: string, level: Level, kind?: ServiceKind): string {
  const { cluster, hosts } = inventoryOf(text)
  const notifyScript = '/etc/keepalived/keepalived-notify.sh'
  const can = abilitiesOf(level)
  const virtualServers = virtualServersOf(cluster, kind?.(cluster.service))
  const files = { notifyScript, drainFile, standbyFile }
  return render('keepalived.conf', { cluster, host: hosts[0], hosts, virtualServers, level, can, ...files })
}
