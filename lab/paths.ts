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

/** A file of one machine. */
export const machineFile = (name: string, kind: 'qcow2' | 'log' | 'error'): string => join(labFolder, `${name}.${kind}`)
