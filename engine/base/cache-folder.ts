import { homedir } from 'node:os'
import { join } from 'node:path'

/** @returns where this program keeps on this machine what it can make again */
export const cacheFolderOf = (home: string = homedir()): string =>
  join(process.env.XDG_CACHE_HOME || join(home, '.cache'), 'keepalived-playbooks')
