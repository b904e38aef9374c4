import { type Facts, parseFacts } from '../engine/runner/facts.ts'
import type { Task } from '../engine/runner/task.ts'
import { loadInventory } from '../inventory/load.ts'
import type { Inventory } from '../inventory/types.ts'
import { type Target, targetOf } from '../tasks/target.ts'

export const inventory: Inventory = loadInventory(new URL('../inventory/example.yaml', import.meta.url).pathname, {
  level: 3,
})
const printed = (...interfaces: string[]) =>
  ['os=Debian', 'ids=debian', 'init=systemd', 'now=1', ...interfaces, ''].join('\n')
/** The first host of the example, set up as its probe printed it. */
export const target = (...interfaces: string[]): Target => {
  const facts: Facts = parseFacts(printed(...interfaces))
  return targetOf(inventory, inventory.hosts[0]!, facts)
}
export const networkd: readonly string[] = ['link=eth0', 'networkd=/etc/systemd/network/10-lan.network', 'link=eth1']
export const ifupdown: readonly string[] = ['ifupdown=/etc/network/interfaces:iface eth0 inet static']
export const nm: readonly string[] = ['networkmanager=eth0:/etc/NetworkManager/system-connections/lan.nmconnection']

/** The files that tasks write. */
export const files = (tasks: readonly Task[]): string[] => tasks.flatMap(({ resources }) => resources ?? [])
