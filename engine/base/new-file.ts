import { lstatSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { UserError } from './errors.ts'

/**
 * Makes sure that a file can be new: worth knowing before work is done for it.
 * @throws UserError where something has that name, a link to nowhere too, or its folder is not there
 */
export function assertNew(file: string): void {
  if (isThere(file)) throw whyNot(file, { code: 'EEXIST' })
  // A folder has that name within, also by a link.
  if (!isThere(`${dirname(file)}/.`)) throw whyNot(file, { code: 'ENOENT' })
}

/** @returns whether something has this name, a link to nowhere too */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path) !== undefined
  } catch {
    return false
  }
}

/** Writes a file, and never over another. @throws UserError with what is in the way */
export function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' })
  } catch (error) {
    throw whyNot(file, error as NodeJS.ErrnoException)
  }
}

/** Makes a folder, and those above it. @throws UserError with what is in the way */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true })
  } catch (error) {
    throw new UserError(`the folder ${folder} can't be made (${(error as NodeJS.ErrnoException).code}): name another`)
  }
}

function whyNot(file: string, { code }: { code?: string | undefined }): UserError {
  if (code === 'EEXIST') return new UserError(`${file} is there already, and stays as it is: name another file`)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new UserError(`${file} can't be written: there is no folder ${dirname(file)}; make it, or name another file`)
  return new UserError(`${file} can't be written (${code}): name another file`)
}
