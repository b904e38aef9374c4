import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What belongs to this checkout's lab: disks, keys, logs, and what runs. */
export const labFolder = join(root, '.lab')

/** How OpenSSH, and the lab's inventory, reach the machines. */
export const sshConfigFile = join(labFolder, 'ssh_config')

/** Built images, shared by all checkouts of this user. */
export const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'keepalived-playbooks')

/** The program that carries the cluster's network. */
export const switchScript = join(root, 'lab', 'switch.ts')

/** A file of one machine: its disk, or what its console printed. */
export const machineFile = (name: string, kind: 'qcow2' | 'log'): string => join(labFolder, `${name}.${kind}`)
