import { globSync, readFileSync, statSync } from 'node:fs'
import { matchesGlob, posix, resolve } from 'node:path'
import { UserError } from '../base/errors.ts'

/** Where files are read from: this machine, or what was fetched from a host. */
export interface Files {
  /** @returns the text of a file @throws UserError where it can't be read */
  text(path: string): string
  /** @returns the files that match a pattern, in the order of their names @param folder where a relative one begins */
  matching(pattern: string, folder: string): string[]
}

/** The files of this machine. */
export const filesHere: Files = {
  text(path) {
    try {
      return checked(readFileSync(path, 'utf8'), path)
    } catch (error) {
      if (error instanceof UserError) throw error
      const { code = String(error) } = error as NodeJS.ErrnoException
      const known: Record<string, string> = {
        ENOENT: 'there is no such file',
        EACCES: 'you may not read it',
        EISDIR: 'it is a folder',
      }
      throw new UserError(`can not read ${path}: ${known[code] ?? code}`)
    }
  },
  matching: (pattern, folder) =>
    globSync(pattern, { cwd: folder })
      .map((one) => resolve(folder, one))
      .filter((one) => statSync(one).isFile())
      .sort(),
}

/** @param texts by path, as they are on a host @param name what messages call the host */
export const filesOf = (name: string, texts: ReadonlyMap<string, string>): Files => ({
  text(path) {
    const text = texts.get(withoutHost(path))
    if (text === undefined)
      throw new UserError(`${name}: there is no ${withoutHost(path)}, or it is none of a few kilobytes`)
    return checked(text, path)
  },
  matching: (pattern, folder) =>
    [...texts.keys()]
      .filter((path) => matchesGlob(path, posix.resolve(withoutHost(folder), pattern)))
      .sort()
      .map((path) => `${name}:${path}`),
})

/** Files of a host are called `HOST:/PATH`. */
const withoutHost = (path: string) => path.replace(/^[^/]*:(?=\/)/, '')

function checked(text: string, path: string): string {
  if (text.includes('\0'))
    throw new UserError(`${path}: has NUL bytes, as UTF-16 or a program, so it is no keepalived.conf`)
  return text
}
