import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../runner/errors.ts'
import { locked } from '../lock.ts'
import { ensureInstalled } from '../packages.ts'
import { cacheFolder } from '../paths.ts'
import { killGroup, processesWith } from '../processes.ts'

type Say = (line: string) => void

const here = fileURLToPath(new URL('.', import.meta.url))
const labProgram = fileURLToPath(new URL('../lab.mts', import.meta.url))
/** How `lab.mts` is called to build in the background. */
export const inBackground = '--in-background'
/** Source files that the configuration compiles, roughly; it only serves to show how far a build is. */
const files = 890

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

const buildFolder = () => `${kernelFolder()}.build`
const failureFile = () => join(buildFolder(), 'failed')
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
  const folder = kernelFolder()
  const build = buildFolder()
  return locked(
    build,
    () => say('another process is building the kernel: waiting for it'),
    async () => {
      if (existsSync(folder)) return folder
      removeOtherBuilds()
      mkdirSync(build, { recursive: true, mode: 0o700 })
      rmSync(failureFile(), { force: true })
      say('building the kernel of faster machines, once; this takes minutes')
      const failure = await runBuild(build, say)
      if (failure) {
        writeFileSync(failureFile(), failure)
        throw new UserError(`The kernel of faster machines could not be built (${kernelLog()}):\n${failure}`, 1)
      }
      renameSync(build, folder)
      return folder
    },
  )
}

/** Sources that another recipe has left half built: more than a gigabyte each. */
function removeOtherBuilds(): void {
  for (const name of existsSync(cacheFolder) ? readdirSync(cacheFolder) : [])
    if (/^kernel-.*\.build$/.test(name) && join(cacheFolder, name) !== buildFolder())
      rmSync(join(cacheFolder, name), { recursive: true, force: true })
}

/** @returns the last words of a build that failed */
async function runBuild(build: string, say: Say): Promise<string | undefined> {
  const began = performance.now()
  // The system's own tools: npx and zx put folders of theirs first.
  const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }
  const child = spawn('nice', ['-n', '19', 'bash', join(here, 'build.sh'), build], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  })
  const log = createWriteStream(kernelLog())
  const last: string[] = []
  let compiled = 0
  let told = -Infinity
  const hear = (line: string) => {
    log.write(`${line}\n`)
    last.push(line)
    if (last.length > 8) last.shift()
    if (/^ {2}CC /.test(line)) compiled++
    const now = performance.now()
    const step = line.match(/^I: (.*)/)?.[1]
    if (!step && (compiled === 0 || now - told < 15_000)) return
    told = now
    say(`  ${String(Math.round((now - began) / 1000)).padStart(3)} s  ${step ?? `${compiled} of about ${files} files`}`)
  }
  createInterface(child.stdout).on('line', hear)
  createInterface(child.stderr).on('line', hear)
  const [code] = await once(child, 'close')
  log.end()
  return code === 0 ? undefined : last.join('\n')
}

/** Builds the kernel while other things go on, with what time they leave over. */
export function buildInBackground(): void {
  if (backgroundBuild().length > 0) return
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 })
  const output = openSync(`${kernelLog()}.progress`, 'w')
  spawn('chrt', ['--idle', '0', process.execPath, labProgram, 'kernel', inBackground], {
    detached: true,
    stdio: ['ignore', output, output],
  }).unref()
}

/**
 * Leaves the time to others that they want. A session counts as a whole against other sessions, whatever the priority of
 * its processes: sched(7), "The autogroup feature".
 */
export function leaveTimeToOthers(): void {
  try {
    writeFileSync('/proc/self/autogroup', '19')
  } catch {
    // Without that feature the priority is enough.
  }
}

const backgroundBuild = () => processesWith(labProgram, 'kernel', inBackground)

/** Ends a build in the background, which has what time others leave over; the next one goes on where it was. */
export const stopBackgroundBuild = (): void => backgroundBuild().forEach(killGroup)
