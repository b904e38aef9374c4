import { flatten, tagged, tasksOf, type TaskTree } from '../../engine/runner/task.ts'
import { inKey, sysctl } from '../sysctl.ts'
import type { Target } from '../target.ts'
import { noOtherSysctls } from './adoption/sysctl-lines.ts'
import { bootFile } from './ipvs.ts'

/**
 * Neighbours hear of the virtual MAC alone. Answers leave by the interface below it, which would ask for neighbours in the
 * name of the virtual IP otherwise, and with its own MAC: whoever is asked takes that one then.
 */
export function virtualMac(target: Target): TaskTree {
  const { cluster, host } = target
  if (!cluster.vmac) return []
  const devices = new Set(cluster.instances.map((instance) => instance.interface ?? host.interface))
  const settings = Object.fromEntries([...devices].map((device) => [`net.ipv4.conf.${inKey(device)}.arp_announce`, 2]))
  return tasksOf(flatten([noOtherSysctls(bootFile, settings, target), sysctl(bootFile, settings)])).map(
    tagged('network'),
  )
}
