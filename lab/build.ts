import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { isLocked, locked } from './lock.ts'

type Say = (line: string) => void

/** Where what becomes `folder` is built. */
export const buildFolder = (folder: string): string => `${folder}.build`

/**
 * Builds a folder of the cache unless it is there: aside, by one process at a time, and moved into place whole.
 * @param folder its name ends in the hash of its recipe
 * @param what it is, to say who is waited for
 * @param make builds in a folder that may hold what an earlier build of the same recipe has left
 * @returns the folder
 */
export async function ensureBuilt(
  folder: string,
  what: string,
  say: Say,
  make: (build: string) => Promise<void>,
): Promise<string> {
  if (existsSync(folder)) return folder
  const build = buildFolder(folder)
  return locked(
    build,
    () => say(`another process is building ${what}: waiting for it`),
    async () => {
      if (existsSync(folder)) return folder
      await removeOtherBuilds(folder)
      mkdirSync(build, { recursive: true, mode: 0o700 })
      await make(build)
      renameSync(build, folder)
      return folder
    },
  )
}

/** What other recipes have left half built can be more than a gigabyte each. */
async function removeOtherBuilds(folder: string): Promise<void> {
  const cache = dirname(folder)
  const [kind] = basename(folder).split(/-(?=[^-]*$)/)
  const others = (existsSync(cache) ? readdirSync(cache) : [])
    .filter((name) => name.startsWith(`${kind}-`) && name.endsWith('.build'))
    .map((name) => join(cache, name))
    .filter((build) => build !== buildFolder(folder))
  for (const build of others) if (!(await isLocked(build))) rmSync(build, { recursive: true, force: true })
}

/**
 * Runs a build with the system's own tools: npx and zx put folders of theirs before them.
 * @param hear called with each line that it prints, and the seconds since it began
 * @returns its last words when it failed
 */
export async function runBuild(
  command: readonly string[],
  hear: (line: string, seconds: number) => void,
): Promise<string | undefined> {
  const began = performance.now()
  const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env })
  const last: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => {
      last.push(line)
      if (last.length > 8) last.shift()
      hear(line, Math.round((performance.now() - began) / 1000))
    })
  const [code] = await once(child, 'close')
  return code === 0 ? undefined : last.join('\n')
}

/** @returns a line that says how far a build is */
export const progress = (seconds: number, text: string): string => `  ${String(seconds).padStart(3)} s  ${text}`
