import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { $, which } from 'zx'
import { confirmed } from '../engine/cli/confirm.ts'
import { UserError } from '../engine/base/errors.ts'

/** What something needs on this machine, with the Debian packages that bring it. */
export interface Needs {
  /** For whom, as a sentence begins: `The lab`. */
  who: string
  programs: Readonly<Record<string, string>>
  files: Readonly<Record<string, string>>
  /** What works without them. */
  instead: string
}

/**
 * Makes sure that what is needed is installed; installs with apt what is missing, after saying so.
 * @param yes install without asking
 * @throws UserError where that can't be, with what works instead
 */
export async function ensureInstalled(needs: Needs, yes: boolean, say: (line: string) => void): Promise<void> {
  const { who, instead } = needs
  const missing = await missingPackages(needs)
  if (missing.length === 0) return
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`
  const asRoot = await wayToRoot(`${who} needs ${missing.join(', ')}`, say)
  if (!existsSync('/usr/bin/apt-get') || !asRoot) {
    throw new UserError(
      `${who} needs these packages of Debian or Ubuntu: ${missing.join(', ')}. As root: ${command}\n${instead}`,
    )
  }
  say(`${who} needs ${missing.join(', ')}: ${[...asRoot, command].join(' ')}`)
  if (!yes && !(await confirmed('Install them', `add --yes, or set CI=1, to install them. ${instead}`)))
    throw new UserError(`Nothing was installed. ${instead}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = $({ quiet: true, nothrow: true, env })
  await quiet`${asRoot} apt-get -q update`
  const installed =
    await quiet`${asRoot} apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends ${missing}`
  if (installed.exitCode !== 0)
    throw new UserError(`${command} failed: ${installed.stderr.trim().split('\n').at(-1)}`, 1)
}

async function missingPackages({ programs, files }: Needs): Promise<string[]> {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const found = await Promise.all(
    Object.entries(programs).map(async ([program, name]) =>
      (await which(program, { nothrow: true, path })) ? [] : [name],
    ),
  )
  return [...found.flat(), ...Object.entries(files).flatMap(([file, name]) => (existsSync(file) ? [] : [name]))]
}

/**
 * @param why root is needed, said before sudo asks for the password, which it does where somebody can answer
 * @returns the words before a command that make it root's; undefined where there is no way
 */
export async function wayToRoot(why: string, say: (line: string) => void): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  const asRoot = ['sudo', '-n']
  if ((await $({ quiet: true, nothrow: true })`${asRoot} true`).exitCode === 0) return asRoot
  if (!process.stdin.isTTY || !(await which('sudo', { nothrow: true }))) return undefined
  say(`${why}: sudo asks for your password`)
  return spawnSync('sudo', ['-v'], { stdio: 'inherit' }).status === 0 ? asRoot : undefined
}
