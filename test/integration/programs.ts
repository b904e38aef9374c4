import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { $ } from 'zx/core'
import { ensureBuilt } from '../../lab/build.ts'
import { cacheFolder } from '../../lab/paths.ts'

/** Downloads packages without a trace in this machine's own lists, and unpacks them into one archive. */
const fetch = `
set -eu
mkdir -p lists/partial archives/partial
apt() {
  apt-get -q -y -o Debug::NoLocking=1 -o Dir::Cache::archives="$PWD/archives" -o Dir::Cache::pkgcache= \\
    -o Dir::Cache::srcpkgcache= "$@"
}
packages=$*
get() { apt "$@" install --download-only --no-install-recommends $packages; }
# Lists may be missing here, or name packages that are gone.
own="-o Dir::State::lists=$PWD/lists"
get || { apt $own update && get $own; }
rm -f programs.tar
for package in archives/*.deb; do dpkg-deb --fsys-tarfile "$package" >>programs.tar; done
rm -r lists archives`

/**
 * Fetches packages once for all tests, with what this machine lacks of what they need, and installs nothing.
 * @param name of their folder in the cache
 * @returns an archive of their files, for `tar --ignore-zeros`
 */
async function archiveOf(name: string, packages: readonly string[]): Promise<string> {
  // What has to come along depends on what is installed.
  const recipe = createHash('sha256').update(fetch).update(packages.join(' '))
  const build = recipe.update(readFileSync('/var/lib/dpkg/status')).digest('hex').slice(0, 16)
  const folder = join(cacheFolder, `${name}-${build}`)
  await ensureBuilt(folder, `${name} for the tests`, console.error, async (cwd) => {
    await $({ quiet: true, cwd })`sh -c ${fetch} sh ${packages}`
  })
  return join(folder, 'programs.tar')
}

/**
 * @returns an archive with sshd and sudo to unpack over a copy of this machine's files; undefined where both are installed.
 *   To install them would start an sshd.
 */
export async function sshdPrograms(): Promise<string | undefined> {
  if (['/usr/sbin/sshd', '/usr/bin/sudo'].every((program) => existsSync(program))) return undefined
  return archiveOf('sshd', ['openssh-server', 'sudo'])
}

/** @returns an archive with a Kerberos server and its clients, as Debian has them */
export const kerberosPrograms = (): Promise<string> =>
  archiveOf('kerberos', ['krb5-kdc', 'krb5-admin-server', 'krb5-user'])
