import type { Facts } from '../engine/runner/facts.ts'
import { flatten, isChange, tasksOf } from '../engine/runner/task.ts'
import type { Level } from '../inventory/levels.ts'
import type { Inventory } from '../inventory/types.ts'
import { tasks as level1 } from '../playbooks/level1.mts'
import { tasks as level2 } from '../playbooks/level2.mts'
import { tasks as level3 } from '../playbooks/level3.mts'
import { targetOf } from '../tasks/target.ts'

const lists = { 1: level1, 2: level2, 3: level3 }

/** What a host with Debian shows of itself, as far as tasks ask. */
export const debian: Facts = {
  ids: ['debian'],
  release: '12',
  keepalived: '',
  firewalls: [],
  hostname: 'ns1',
  init: 'systemd',
  interfaces: { eth0: { manager: 'networkd', file: '/etc/systemd/network/lan.network' } },
} as Partial<Facts> as Facts

/** @returns what a level writes on a new host with Debian, by path */
export function filesOf(inventory: Inventory, host: Inventory['hosts'][number], level: Level): Map<string, string> {
  const interfaces = { [host.interface]: { manager: 'networkd', file: '/etc/systemd/network/first.network' } }
  // What the inventory asks for runs there.
  const firewalls: Facts['firewalls'] = inventory.cluster.firewall === 'firewalld' ? ['firewalld'] : []
  const facts: Facts = { ...debian, hostname: 'new', now: 1_700_000_000, firewalls, interfaces }
  const tasks = tasksOf(flatten(lists[level](targetOf(inventory, host, facts))))
  const files = new Map<string, string>()
  for (const { name, plan } of tasks) {
    const path = /^file (\/.*)/.exec(name)?.[1]
    if (!path) continue
    const answer = plan({ text: '', code: 0 }, { changes: () => false })
    // Its first line tells mode and owner.
    if (isChange(answer)) files.set(path, answer.after.slice(answer.after.indexOf('\n') + 1))
  }
  return files
}
