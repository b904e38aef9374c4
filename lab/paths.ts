import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolderOf } from '../engine/base/cache-folder.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What belongs to this checkout's lab: disks, keys, logs, and what runs. */
export const labFolder: string = join(root, '.lab')

/** How OpenSSH, and the lab's inventory, reach the machines. */
export const sshConfigFile: string = join(labFolder, 'ssh_config')

/** Built images and kernels, shared by all checkouts of this user. */
export const cacheFolder: string = cacheFolderOf()

/** The program that carries the cluster's network. */
export const switchScript: string = join(root, 'lab', 'switch.ts')

/** A file of one machine: `ns1.log` is what its console printed; disks are called as their kind of machine likes it. */
export const machineFile = (name: string, suffix: string): string => join(labFolder, `${name}.${suffix}`)
