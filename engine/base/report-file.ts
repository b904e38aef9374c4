import { randomUUID } from 'node:crypto'
import { chmod, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from './errors.ts'

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

/**
 * Makes sure that a report can be written: worth knowing before a long run.
 * @throws UserError with what is in the way
 */
export async function assertWritable(file: string): Promise<void> {
  const refuse = (why: string): never => {
    throw new UserError(`The report can't be written to ${file}: ${why}`)
  }
  const folder = dirname(file)
  const itsFolder = await statusOf(folder)
  if (!itsFolder) return refuse(`there is no folder ${folder}`)
  if (!itsFolder.isDirectory()) return refuse(`${folder} is no folder`)
  const there = await statusOf(file)
  if (there?.isDirectory()) return refuse('it is a folder; name a file in it')
  // Renaming a file to /dev/null would replace the device.
  if (there && !there.isFile()) return refuse('it is no ordinary file')
  if (there && there.size > 0 && !isReport(await readFile(file, 'latin1')))
    return refuse('there is a file of that name that is no report: name another, or take it away')
  // Permissions alone do not suffice: root passes every check, but can't write to a read-only file system.
  const trial = draftOf(await targetOf(file))
  await writeFile(trial, '', { flag: 'wx' }).catch((error: unknown) =>
    refuse(`${dirname(trial)} takes no file: ${codeOf(error)}`),
  )
  await rm(trial)
}

/** Whether it begins as the reports do that are written here: HTML, and JUnit's XML. */
const isReport = (text: string) => /^\s*(<!doctype html|<\?xml)/i.test(text)

/** The target of a link, so that the link itself is kept. */
const targetOf = (file: string) => realpath(file).catch(() => file)

/** A unique file name in the same folder. */
const draftOf = (target: string) => join(dirname(target), `.${basename(target).slice(0, 100)}.${randomUUID()}`)

/** What is at a path; undefined where nothing is. */
async function statusOf(path: string) {
  try {
    return await stat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw new UserError(`${path} can't be looked at: ${codeOf(error)}`)
  }
}

/**
 * Writes a report. The file appears complete or not at all; a link stays a link.
 * @throws UserError with what is in the way
 */
export async function writeWhole(file: string, text: string): Promise<void> {
  await assertWritable(file)
  const target = await targetOf(file)
  const draft = draftOf(target)
  try {
    await writeFile(draft, text, { flag: 'wx' })
    // Mode 644 also under a stricter umask.
    await chmod(draft, 0o644)
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true })
    throw new UserError(`The report can't be written to ${file}: ${codeOf(error)}`)
  }
}
