import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** @returns the path as an absolute one: `~/` is the home, a relative one begins at the folder of the inventory */
export function absolutePath(path: string, inventoryFile: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(dirname(inventoryFile), path)
}

/** @returns in words why a file can't be read */
export function whyUnreadable(error: unknown): string {
  const { code = String(error) } = error as NodeJS.ErrnoException
  const words: Record<string, string> = {
    ENOENT: 'there is no such file',
    ENOTDIR: 'there is no such file',
    EACCES: 'you may not read it',
    EISDIR: 'it is a directory',
  }
  return words[code] ?? code
}
