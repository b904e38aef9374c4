import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { UserError } from '../../runner/errors.ts'
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
    // The kernel has mounted the root by then, whatever its disk is called.
    '/etc/fstab': '',
    // A server on its own: its name is nowhere, and nobody answers questions about it.
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

/** Cards without an address stay as a new server has them: known to nobody. */
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
 * Builds the image of a release unless it is there. It is built aside and moved into place whole.
 * @returns its folder
 * @throws UserError with the last words of a build that failed
 */
export async function ensureImage(name: string, say: (line: string) => void): Promise<string> {
  const folder = imageFolder(name)
  if (existsSync(folder)) return folder
  const release = releaseNamed(name)
  mkdirSync(cacheFolder, { recursive: true, mode: 0o700 })
  removeAbandoned()
  const build = join(cacheFolder, `build-${process.pid}`)
  say(`building the image of Debian ${name} machines, once; this takes about two minutes`)
  mkdirSync(build, { mode: 0o755 })
  for (const [path, content] of Object.entries(imageFiles(release))) {
    const file = join(build, 'files', path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, content)
  }
  const init = join(build, 'files', 'usr/sbin')
  mkdirSync(init, { recursive: true })
  cpSync(join(here, 'uml-init'), join(init, 'uml-init'))
  cpSync(join(here, 'initrd-init'), join(build, 'init'))
  try {
    await runBuild(build, release, say)
    // Another checkout may have been faster.
    if (!existsSync(folder)) renameSync(build, folder)
  } finally {
    rmSync(build, { recursive: true, force: true })
  }
  return folder
}

/** Builds of processes that are gone. */
function removeAbandoned(): void {
  for (const name of readdirSync(cacheFolder)) {
    const pid = name.match(/^build-(\d+)$/)?.[1]
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(cacheFolder, name), { recursive: true, force: true })
  }
}

async function runBuild(build: string, release: Release, say: (line: string) => void): Promise<void> {
  const asRoot = await wayToRoot()
  if (!asRoot)
    throw new UserError('building the machine image needs root: run once as root, or let sudo work without a password')
  const began = performance.now()
  // The system's own tools: npx and zx put folders of theirs first.
  const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }
  const command = [...asRoot, 'bash', join(here, 'build.sh'), build, String(process.getuid?.()), release.suite]
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env })
  const last: string[] = []
  const hear = (line: string) => {
    last.push(line)
    const step = line.match(/^I: (?!running --customize-hook)(.*)/)?.[1]
    if (step) say(`  ${String(Math.round((performance.now() - began) / 1000)).padStart(3)} s  ${step}`)
  }
  createInterface(child.stdout).on('line', hear)
  createInterface(child.stderr).on('line', hear)
  const [code] = await once(child, 'close')
  if (code !== 0) throw new UserError(`The machine image could not be built:\n${last.slice(-8).join('\n')}`, 1)
}
