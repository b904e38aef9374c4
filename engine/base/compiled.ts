import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { cacheFolderOf } from './cache-folder.ts'

/**
 * Has Node keep what it compiles from here on, so that the next run compiles less. Node's own place for that is the folder
 * for temporary files, where others could lay code down for us.
 * @param home whose `.cache` it is kept in, where XDG_CACHE_HOME names no other folder
 * @returns the folder; undefined where there is none that nobody else writes to
 */
export function keepCompiled(home: string = homedir()): string | undefined {
  const folder = join(cacheFolderOf(home), 'compiled')
  try {
    // Root by sudo leaves nothing in the home of somebody else.
    if (!isOurs(home)) return undefined
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    if (!isOurs(folder)) return undefined
    enableCompileCache(folder)
    return folder
  } catch {
    return undefined
  }
}

function isOurs(folder: string): boolean {
  const { uid, mode } = statSync(folder)
  return uid === process.getuid?.() && (mode & 0o022) === 0
}
