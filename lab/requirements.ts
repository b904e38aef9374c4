import { existsSync } from 'node:fs'
import { $, which } from 'zx'
import { confirmed } from '../runner/confirm.ts'
import { UserError } from '../runner/errors.ts'

/** What the lab runs on this machine, and the Debian package that brings it. */
const programs: Readonly<Record<string, string>> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  'qemu-img': 'qemu-utils',
  mmdebstrap: 'mmdebstrap',
  'mkfs.ext4': 'e2fsprogs',
  'dpkg-scanpackages': 'dpkg-dev',
  busybox: 'busybox-static',
  cpio: 'cpio',
  ssh: 'openssh-client',
}

/** What else a package has to bring. */
const files: Readonly<Record<string, string>> = {
  // Ubuntu has it as a package of its own.
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
}

const instead = 'Playbooks work on your own servers from here: --inventory FILE'

/**
 * Makes sure that everything the lab needs is installed; installs with apt what is missing, after saying so.
 * @param yes install without asking
 * @throws UserError where the lab can't run here, with what works instead
 */
export async function ensureRequirements(yes: boolean, say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError(`The lab needs Linux on x86-64; this is ${process.platform} on ${process.arch}. ${instead}`)
  }
  const missing = await missingPackages()
  if (missing.length === 0) return
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`
  const asRoot = await wayToRoot()
  if (!existsSync('/usr/bin/apt-get') || !asRoot) {
    throw new UserError(
      `The lab needs these packages of Debian or Ubuntu: ${missing.join(', ')}. As root: ${command}\n${instead}`,
    )
  }
  say(`The lab needs ${missing.join(', ')}: ${[...asRoot, command].join(' ')}`)
  if (!yes && !(await confirmed('Install them', `add --yes to install them. ${instead}`)))
    throw new UserError(`Nothing was installed. ${instead}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const quiet = $({ quiet: true, nothrow: true, env })
  await quiet`${asRoot} apt-get -q update`
  const installed =
    await quiet`${asRoot} apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends ${missing}`
  if (installed.exitCode !== 0)
    throw new UserError(`${command} failed: ${installed.stderr.trim().split('\n').at(-1)}`, 1)
}

async function missingPackages(): Promise<string[]> {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`
  const found = await Promise.all(
    Object.entries(programs).map(async ([program, name]) =>
      (await which(program, { nothrow: true, path })) ? [] : [name],
    ),
  )
  return [...found.flat(), ...Object.entries(files).flatMap(([file, name]) => (existsSync(file) ? [] : [name]))]
}

/** The words before a command that make it root's; undefined where there is no way without a question. */
export async function wayToRoot(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  return (await $({ quiet: true, nothrow: true })`sudo -n true`).exitCode === 0 ? ['sudo', '-n'] : undefined
}
