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
get() { apt "$@" install --download-only --no-install-recommends openssh-server sudo; }
# Lists may be missing here, or name packages that are gone.
own="-o Dir::State::lists=$PWD/lists"
get || { apt $own update && get $own; }
rm -f programs.tar
for package in archives/*.deb; do dpkg-deb --fsys-tarfile "$package" >>programs.tar; done
rm -r lists archives`

/**
 * Fetches sshd and sudo once for all tests where this machine lacks one of them. To install them would start an sshd.
 * @returns an archive to unpack over a copy of this machine's files; undefined where both are installed
 */
export async function sshdPrograms(): Promise<string | undefined> {
  if (['/usr/sbin/sshd', '/usr/bin/sudo'].every((program) => existsSync(program))) return undefined
  // What has to come along depends on what is installed.
  const recipe = createHash('sha256').update(fetch).update(readFileSync('/var/lib/dpkg/status'))
  const folder = join(cacheFolder, `sshd-${recipe.digest('hex').slice(0, 16)}`)
  await ensureBuilt(folder, 'sshd for the tests', console.error, async (build) => {
    await $({ quiet: true, cwd: build })`sh -c ${fetch}`
  })
  return join(folder, 'programs.tar')
}
