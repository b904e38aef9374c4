import { ansibleSource } from '../../inventory/ansible/source.ts'
import { loadInventory } from '../../inventory/load.ts'
import type { Inventory } from '../../inventory/types.ts'
import { UserError } from '../base/errors.ts'

/**
 * Refuses clusters of one command that share a host, before any of them begins. Other names of one machine are noticed when it is reached.
 * @param files their inventories
 * @throws UserError for the second that goes the same way to a host
 */
export function refuseSharedHosts(files: readonly string[]): void {
  const known = new Map<string, { file: string; name: string }>()
  for (const file of files) {
    const { hosts, place } = readable(file) ?? { hosts: [] }
    for (const { name, ssh } of hosts) {
      const way = JSON.stringify([ssh.host.toLowerCase(), ssh.port, ssh.config])
      const first = known.get(way)
      if (first && first.file !== file)
        throw new UserError(
          `${place!(['hosts', name])}: is ${first.name} of ${first.file} too (${ssh.host}), and a host is in one cluster: take it out of one of them`,
        )
      known.set(way, { file, name })
    }
  }
}

/** @returns an inventory; nothing where it is wrong, which is told when its turn comes, or Ansible has to be asked for it */
function readable(file: string): Pick<Inventory, 'hosts' | 'place'> | undefined {
  try {
    return ansibleSource(file) ? undefined : loadInventory(file, { run: undefined })
  } catch (error) {
    if (error instanceof UserError) return undefined
    throw error
  }
}
