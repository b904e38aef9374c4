import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
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
  return {
    ...linkFiles(),
    ...(release.el ? enterpriseFiles() : debianFiles(release)),
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

const network = '/etc/systemd/network'

/** No router advertises itself here, and a boot would wait 12 s for one. */
const alone = 'IPv6AcceptRA=no'

/** Debian machines have systemd-networkd, and an apt repository on their disks. */
const debianFiles = (release: Release) => ({
  ...Object.fromEntries(machines.flatMap((machine) => networkFiles(machine, release))),
  [`${network}/30-management.network`]: `[Match]\nMACAddress=${macsOf('management')}\n\n[Network]\nAddress=${managementAddress}\n${alone}\n`,
  '/etc/apt/sources.list': 'deb [trusted=yes] file:/srv/apt ./\n',
})

/** Stand-ins for Enterprise Linux have NetworkManager: each machine takes its own files at its first boot. */
const enterpriseFiles = () =>
  Object.fromEntries(
    machines.flatMap((machine) =>
      machineFiles(machine).map(([path, text]) => [`/usr/share/lab/${machine.name}${path}`, text]),
    ),
  )

const managementAddress = '10.0.2.15/24'

/** The MAC addresses that all machines have at this place. */
const macsOf = (card: number | 'management') =>
  machines
    .filter(({ cards }) => card === 'management' || cards[card])
    .map((machine) => mac(machine, card))
    .join(' ')

/** Each kind of machine has its own names for cards. */
const linkFiles = () =>
  Object.fromEntries(
    ([0, 1, 'management'] as const).map((card) => {
      const name = card === 'management' ? 'mgmt0' : `eth${card}`
      return [`${network}/20-${name}.link`, `[Match]\nMACAddress=${macsOf(card)}\n\n[Link]\nName=${name}\n`]
    }),
  )

/** Cards without an address stay unconfigured, as on a new server. */
const networkFiles = (machine: Machine, { forwarding }: Release): [path: string, text: string][] =>
  machine.cards.flatMap(({ addresses, gateway }, index) => {
    if (addresses.length === 0) return []
    const text = [
      ...['[Match]', `MACAddress=${mac(machine, index)}`, '', '[Network]'],
      ...addresses.map((address) => `Address=${address}`),
      ...(gateway ? [`Gateway=${gateway}`] : []),
      ...(machine.router && forwarding ? [forwarding] : []),
      alone,
    ]
    return [[`${network}/10-${machine.name}-eth${index}.network`, `${text.join('\n')}\n`]]
  })

/** What NetworkManager and the kernel of one machine are told, as the installer of such a system writes it. */
const machineFiles = ({ cards, router }: Machine): [path: string, text: string][] => [
  ...cards.map(({ addresses, gateway }, index) => connectionFile(`eth${index}`, addresses, gateway)),
  connectionFile('mgmt0', [managementAddress]),
  ...(router ? [['/etc/sysctl.d/router.conf', 'net.ipv4.ip_forward = 1\n'] as [string, string]] : []),
]

/**
 * Writes a profile of NetworkManager: nm-settings-keyfile(5). A card without addresses has one that nobody brings up:
 * without any, NetworkManager would ask it for DHCP, and a boot waits a minute for the answer.
 */
function connectionFile(card: string, addresses: readonly string[], gateway?: string): [path: string, text: string] {
  const off = addresses.length === 0
  const text = [
    ...['[connection]', `id=${card}`, `uuid=${uuidOf(card)}`, 'type=ethernet', `interface-name=${card}`],
    ...(off ? ['autoconnect=false'] : []),
    ...['', '[ipv4]', `method=${off ? 'auto' : 'manual'}`],
    ...addresses.map((address, index) => `address${index + 1}=${address}`),
    ...(gateway ? [`gateway=${gateway}`] : []),
    ...['', '[ipv6]', `method=${card === 'mgmt0' ? 'disabled' : 'auto'}`],
  ]
  return [`/etc/NetworkManager/system-connections/${card}.nmconnection`, `${text.join('\n')}\n`]
}

/** The same at each build, so that an image is known by its hash. */
const uuidOf = (card: string) =>
  createHash('sha256')
    .update(`lab ${card}`)
    .digest('hex')
    .replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-4$3-8$4-$5')

const sources = ['build.sh', 'initrd-init', 'uml-init']

const enterpriseSources = () =>
  readdirSync(join(here, 'el'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(here, join(entry.parentPath, entry.name)))
    .sort()

/**
 * Names the image of a release by what it is made of: another recipe is another image, and releases of one recipe share it.
 * @throws UserError for an unknown release
 */
export function imageFolder(name: string): string {
  const release = releaseNamed(name)
  const recipe = createHash('sha256').update(JSON.stringify([release.suite, release.el, imageFiles(release)]))
  for (const file of release.el ? [...sources, ...enterpriseSources()] : sources)
    recipe.update(file).update(readFileSync(join(here, file)))
  return join(cacheFolder, `${release.el ? `el${release.el}` : release.suite}-${recipe.digest('hex').slice(0, 16)}`)
}

/**
 * Builds the image of a release unless it is there.
 * @returns its folder
 * @throws UserError with the last words of a build that failed
 */
export function ensureImage(name: string, say: (line: string) => void): Promise<string> {
  const release = releaseNamed(name)
  return ensureBuilt(imageFolder(name), `the image of ${release.title} machines`, say, async (build) => {
    say(`building the image of ${release.title} machines, once; this takes about two minutes`)
    const asRoot = await wayToRoot('building the machine image needs root', say)
    if (!asRoot)
      throw new UserError(
        'building the machine image needs root: be root, let sudo work without a password, or run this at a terminal',
      )
    emptyFolder(build)
    for (const [path, content] of Object.entries(imageFiles(release))) write(join(build, 'files', path), content)
    cpSync(join(here, 'uml-init'), join(build, 'files/usr/sbin/uml-init'))
    cpSync(join(here, 'initrd-init'), join(build, 'init'))
    const words = [build, String(process.getuid?.()), release.suite, ...(release.el ? [String(release.el)] : [])]
    const command = [...asRoot, 'bash', join(here, 'build.sh'), ...words]
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
