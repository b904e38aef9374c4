import { UserError } from '../engine/base/errors.ts'
import { didYouMean } from '../engine/base/suggest.ts'

/** What machines of the lab can run. */
export interface Release {
  /** As `up --release` takes it. */
  name: string
  /** As people know it. */
  title: string
  /** Of a stand-in for Enterprise Linux: which one it is shaped like. It is built from Debian's packages. */
  el?: number
  /** As the package archive names it. */
  suite: string
  /** The line of a `.network` file that makes a router; systemd 256 renamed it (systemd.network(5)). */
  forwarding?: string
  /** What its kernel is told, whatever kind of machine runs it. */
  kernel: readonly string[]
  /** Megabytes of memory. */
  memory: number
}

/** A kernel makes its connection table by its memory: in ours, the questions of two probers would fill it. */
const connections = 'nf_conntrack.hashsize=16384'
/** Nobody reads the audit of these, and the lab's own kernel has no security module unless it is asked for one. */
const plain = { kernel: ['audit=0', connections], memory: 384 }
/** With 384, semanage is killed while it rebuilds SELinux's policy. */
const enforcing = { kernel: ['security=selinux', 'selinux=1', connections], memory: 768 }
const bookworm = { ...plain, suite: 'bookworm', forwarding: 'IPForward=ipv4' }

/** The releases, the one that is taken unless another is asked for first. */
export const releases: readonly Release[] = [
  { ...bookworm, name: '12', title: 'Debian 12' },
  { name: '13', title: 'Debian 13', suite: 'trixie', forwarding: 'IPv4Forwarding=yes', ...plain },
  { ...bookworm, name: '12-apparmor', title: 'Debian 12 with AppArmor', kernel: ['security=apparmor', connections] },
  { name: 'el8', title: 'EL 8 stand-in', el: 8, suite: 'bullseye', ...enforcing },
  { name: 'el9', title: 'EL 9 stand-in', el: 9, suite: 'bookworm', ...enforcing },
  { name: 'el10', title: 'EL 10 stand-in', el: 10, suite: 'trixie', ...enforcing },
]

/** @throws UserError for a name that is no release's */
export function releaseNamed(name: string): Release {
  const names = releases.map((one) => one.name)
  const release = releases.find((one) => one.name === name)
  if (!release) throw new UserError(`unknown release "${name}"; there are ${names.join(', ')}`)
  return release
}

/**
 * Reads which release each machine runs: `13` for all of them, `ns2=13` for one and the default for the others.
 * @param names the machines
 * @returns the name of a release for each machine
 * @throws UserError for an unknown machine or release
 */
export function releasesOf(text: string, names: readonly string[]): Record<string, string> {
  const chosen = Object.fromEntries(names.map((name) => [name, releases[0]!.name]))
  for (const part of text.split(',').filter(Boolean)) {
    const [left, right] = part.split('=') as [string, string?]
    if (right !== undefined && !names.includes(left))
      throw new UserError(`unknown machine "${left}"${didYouMean(left, names)}; there are ${names.join(', ')}`)
    const release = releaseNamed(right ?? left).name
    for (const name of right === undefined ? names : [left]) chosen[name] = release
  }
  return chosen
}
