import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../engine/base/errors.ts'
import { buildFolder, ensureBuilt, progress, runBuild } from '../build.ts'
import { ensureInstalled } from '../packages.ts'
import { cacheFolder } from '../paths.ts'
import { killGroup, processesWith } from '../processes.ts'

type Say = (line: string) => void

const here = fileURLToPath(new URL('.', import.meta.url))
const labProgram = fileURLToPath(new URL('../lab.mts', import.meta.url))
/** How `lab.mts` is called to build in the background. */
export const inBackground = '--in-background'
/** Source files that the configuration compiles, roughly; it only serves to show how far a build is. */
const files = 1000

const needs = {
  who: 'The kernel of faster machines',
  programs: {
    ...{ gcc: 'gcc', make: 'make', flex: 'flex', bison: 'bison', bc: 'bc', patch: 'patch', xz: 'xz-utils' },
    depmod: 'kmod',
  },
  files: { '/usr/include/stdio.h': 'libc6-dev' },
  instead: 'Without it, machines are emulated and several times slower',
}

/**
 * Names the kernel by what it is made of: another recipe is another kernel.
 * @returns its folder, which holds `linux` and `modules.ext4`
 */
export function kernelFolder(): string {
  const recipe = createHash('sha256')
  for (const file of ['build.sh', 'kernel.config', 'carrier.patch']) recipe.update(readFileSync(join(here, file)))
  return join(cacheFolder, `kernel-${recipe.digest('hex').slice(0, 16)}`)
}

/** @returns the folder of the kernel, if it has been built */
export const builtKernel = (): string | undefined => (existsSync(kernelFolder()) ? kernelFolder() : undefined)

const failureFile = () => join(buildFolder(kernelFolder()), 'failed')
/** What a build has printed. */
export const kernelLog = (): string => join(cacheFolder, 'kernel.log')

/** @returns why the last build failed, if it did */
export const kernelFailure = (): string | undefined =>
  existsSync(failureFile()) ? readFileSync(failureFile(), 'utf8') : undefined

/**
 * Makes sure that what building the kernel needs is installed.
 * @param yes install without asking
 * @throws UserError where that can't be
 */
export const ensureCompiler = (yes: boolean, say: Say): Promise<void> => ensureInstalled(needs, yes, say)

/**
 * Builds the kernel unless it is there, on all processors, at the lowest priority. A build that was stopped goes on.
 * @returns its folder
 * @throws UserError with the last words of a build that failed
 */
export function ensureKernel(say: Say): Promise<string> {
  return ensureBuilt(kernelFolder(), 'the kernel', say, async (build) => {
    rmSync(failureFile(), { force: true })
    say('building the kernel of faster machines, once; this takes minutes')
    const log = createWriteStream(kernelLog())
    const tell = teller(say)
    const failure = await runBuild(['nice', '-n', '19', 'bash', join(here, 'build.sh'), build], (line, seconds) => {
      log.write(`${line}\n`)
      tell(line, seconds)
    })
    log.end()
    if (!failure) return
    writeFileSync(failureFile(), failure)
    throw new UserError(`The kernel of faster machines could not be built (${kernelLog()}):\n${failure}`, 1)
  })
}

/** Says each step of a build, and four times a minute how many files are compiled. */
function teller(say: Say): (line: string, seconds: number) => void {
  let compiled = 0
  let told = 0
  return (line, seconds) => {
    if (/^ {2}CC /.test(line)) compiled++
    const step = line.match(/^I: (.*)/)?.[1]
    if (!step && (compiled === 0 || seconds - told < 15)) return
    told = seconds
    say(progress(seconds, step ?? `${compiled} of about ${files} files`))
  }
}

/** Builds the kernel while other things go on, with what time they leave over. */
export function buildInBackground(): void {
  if (backgroundBuild().length > 0) return
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 })
  const output = openSync(progressFile(), 'w')
  spawn('chrt', ['--idle', '0', process.execPath, labProgram, 'kernel', inBackground], {
    detached: true,
    stdio: ['ignore', output, output],
  }).unref()
}

/**
 * Lowers the priority of the whole session. A session competes as a whole with other sessions, independent of the
 * priority of its processes: sched(7), "The autogroup feature".
 */
export function leaveTimeToOthers(): void {
  try {
    writeFileSync('/proc/self/autogroup', '19')
  } catch {
    // Without that feature the priority is enough.
  }
}

const progressFile = () => `${kernelLog()}.progress`

/** @returns how far a build in the background is; undefined where there is none */
export function buildUnderWay(): string | undefined {
  if (backgroundBuild().length === 0) return undefined
  return readFileSync(progressFile(), 'utf8').trim().split('\n').at(-1)!.trim()
}

const backgroundBuild = () => processesWith(labProgram, 'kernel', inBackground)

/** Ends a background build, which runs in spare time only; the next build resumes it. @returns whether there was one */
export function stopBackgroundBuild(): boolean {
  const builds = backgroundBuild()
  builds.forEach(killGroup)
  return builds.length > 0
}
