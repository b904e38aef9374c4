import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { homeOf } from '../engine/base/home-of.ts'

/**
 * @param path that `whyNoPath` has nothing against
 * @returns the path as an absolute one: `~/` is the home, `~user/` that of a user, and a relative one begins at the folder of the inventory
 */
export function absolutePath(path: string, inventoryFile: string): string {
  const [, user, rest] = /^~([^/]*)\/(.*)$/s.exec(path) ?? []
  const home = user === undefined ? undefined : user === '' ? homedir() : homeOf(user)
  return home === undefined ? resolve(dirname(inventoryFile), path) : join(home, rest!)
}

/** @returns what a path of an inventory has that is taken for something else than is meant, in words that show nothing of it */
export function whyNoPath(path: string): string | undefined {
  if (path.startsWith('./')) return undefined
  if (/^~[^/]*$/.test(path))
    return 'must be the path of a file, and this is a home: name the file in it, or begin with "./"'
  const [, user] = /^~([^/]+)\//.exec(path) ?? []
  if (user !== undefined && homeOf(user) === undefined)
    return 'begins with the home of a user whom there is not here: mend the name after "~", write the path out, or begin with "./"'
  if (/^\$[A-Za-z_]|\$\{/.test(path))
    return 'has a variable, and none are filled in here: write the path out, begin with "~/" for your home, or with "./"'
  return undefined
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
