import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../engine/base/errors.ts'
import { ensureBuilt, progress, runBuild } from '../build.ts'
import { mac, type Machine, machines } from '../machines.ts'
import { wayToRoot } from '../packages.ts'
import { cacheFolder } from '../paths.ts'
import { type Release, releaseNamed } from '../releases.ts'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Files of the image, by path. */
function imageFiles(release: Release): Record<string, string> {
  const network = '/etc/systemd/network'
  const management = macsOf('management')
  return {
    ...Object.fromEntries(machines.flatMap((machine) => cardFiles(network, machine, release))),
    [`${network}/20-eth0.link`]: linkFile(macsOf(0), 'eth0'),
    [`${network}/20-eth1.link`]: linkFile(macsOf(1), 'eth1'),
    [`${network}/30-management.link`]: linkFile(management, 'mgmt0'),
    [`${network}/30-management.network`]: `[Match]\nMACAddress=${management}\n\n[Network]\nAddress=10.0.2.15/24\n`,
    '/etc/apt/sources.list': 'deb [trusted=yes] file:/srv/apt ./\n',
    // The kernel has already mounted the root, under any disk name.
    '/etc/fstab': '',
    // A stand-alone server: its name is in no file, and no name server knows it.
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/etc/resolv.conf': '',
    '/etc/hostname': 'localhost\n',
    '/etc/sudoers.d/admin': 'admin ALL=(ALL) NOPASSWD: ALL\n',
    '/etc/ssh/sshd_config.d/lab.conf': 'UseDNS no\nPasswordAuthentication no\n',
    '/etc/systemd/journald.conf.d/lab.conf': '[Journal]\nStorage=persistent\n',
  }
}

/** The MAC addresses that all machines have at this place. */
const macsOf = (card: number | 'management') =>
  machines
    .filter(({ cards }) => card === 'management' || cards[card])
    .map((machine) => mac(machine, card))
    .join(' ')

/** Each kind of machine has its own names for cards. */
const linkFile = (macs: string, name: string) => `[Match]\nMACAddress=${macs}\n\n[Link]\nName=${name}\n`

/** Cards without an address stay unconfigured, as on a new server. */
const cardFiles = (folder: string, machine: Machine, { forwarding }: Release): [path: string, text: string][] =>
  machine.cards.flatMap(({ addresses, gateway }, index) => {
    if (addresses.length === 0) return []
    const text = [
      ...['[Match]', `MACAddress=${mac(machine, index)}`, '', '[Network]'],
      ...addresses.map((address) => `Address=${address}`),
      ...(gateway ? [`Gateway=${gateway}`] : []),
      ...(machine.router ? [forwarding] : []),
    ]
    return [[`${folder}/10-${machine.name}-eth${index}.network`, `${text.join('\n')}\n`]]
  })

const sources = ['build.sh', 'initrd-init', 'uml-init']

/**
 * Names the image of a release by what it is made of: another recipe is another image.
 * @throws UserError for an unknown release
 */
export function imageFolder(name: string): string {
  const release = releaseNamed(name)
  const recipe = createHash('sha256').update(JSON.stringify([release, imageFiles(release)]))
  for (const file of sources) recipe.update(readFileSync(join(here, file)))
  return join(cacheFolder, `debian-${name}-${recipe.digest('hex').slice(0, 16)}`)
}

/**
 * Builds the image of a release unless it is there.
 * @returns its folder
 * @throws UserError with the last words of a build that failed
 */
export function ensureImage(name: string, say: (line: string) => void): Promise<string> {
  const release = releaseNamed(name)
  return ensureBuilt(imageFolder(name), `the image of Debian ${name} machines`, say, async (build) => {
    say(`building the image of Debian ${name} machines, once; this takes about two minutes`)
    const asRoot = await wayToRoot('building the machine image needs root', say)
    if (!asRoot)
      throw new UserError(
        'building the machine image needs root: be root, let sudo work without a password, or run this at a terminal',
      )
    emptyFolder(build)
    for (const [path, content] of Object.entries(imageFiles(release))) write(join(build, 'files', path), content)
    cpSync(join(here, 'uml-init'), join(build, 'files/usr/sbin/uml-init'))
    cpSync(join(here, 'initrd-init'), join(build, 'init'))
    const command = [...asRoot, 'bash', join(here, 'build.sh'), build, String(process.getuid?.()), release.suite]
    const failure = await runBuild(command, (line, seconds) => {
      const step = line.match(/^I: (?!running --customize-hook)(.*)/)?.[1]
      if (step) say(progress(seconds, step))
    })
    if (failure) throw new UserError(`The machine image could not be built:\n${failure}`, 1)
  })
}

/** A build that was stopped begins anew. */
function emptyFolder(folder: string): void {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
}

function write(file: string, content: string): void {
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, content)
}
