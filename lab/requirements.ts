import { UserError } from '../engine/base/errors.ts'
import { ensureInstalled } from './packages.ts'

const needs = {
  who: 'The lab',
  programs: {
    'qemu-system-x86_64': 'qemu-system-x86',
    'qemu-img': 'qemu-utils',
    slirp4netns: 'slirp4netns',
    mmdebstrap: 'mmdebstrap',
    'mkfs.ext4': 'e2fsprogs',
    'dpkg-scanpackages': 'dpkg-dev',
    busybox: 'busybox-static',
    cpio: 'cpio',
    ssh: 'openssh-client',
  },
  files: {
    // Ubuntu has it as a package of its own.
    '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
  },
  instead: 'Playbooks work on your own servers from here: --inventory FILE',
}

/**
 * Makes sure that everything the lab needs is installed; installs with apt what is missing, after saying so.
 * @param yes install without asking
 * @throws UserError where the lab can't run here, with what works instead
 */
export async function ensureRequirements(yes: boolean, say: (line: string) => void): Promise<void> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new UserError(
      `The lab needs Linux on x86-64; this is ${process.platform} on ${process.arch}. ${needs.instead}`,
    )
  }
  await ensureInstalled(needs, yes, say)
}
