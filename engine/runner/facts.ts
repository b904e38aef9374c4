import { UserError } from '../base/errors.ts'
import { sh } from '../base/sh.ts'

/** What is true of a host before any task. */
export interface Facts {
  /** Distributions that share package manager and paths. */
  family: 'debian' | 'redhat'
  /** As people say it: `Debian GNU/Linux 12 (bookworm)`. */
  os: string
  hostname: string
  kernel: string
  bootId: string
  /** /etc/machine-id: the same on clones that nobody has told apart. */
  machineId: string
  /** The host's own clock, in seconds since 1970: the journal is read from this time on. */
  now: number
  /** The program of process 1: `systemd`. */
  init: string
  selinux: 'enforcing' | 'permissive' | 'disabled' | 'absent'
  /** The manager and file of each configured interface, by interface name. */
  interfaces: Readonly<Record<string, { manager: 'networkd' | 'ifupdown'; file: string }>>
}

/** Prints the facts as `key=value` lines; read-only. */
export const factsProbe = sh`
. /etc/os-release
echo "os=$PRETTY_NAME"
echo "ids=$ID $ID_LIKE"
show() { read -r value <"$2" && echo "$1=$value"; }
show hostname /proc/sys/kernel/hostname
show kernel /proc/sys/kernel/osrelease
show bootId /proc/sys/kernel/random/boot_id
show machineId /etc/machine-id
show init /proc/1/comm
printf 'now=%(%s)T\n' -1
if command -v getenforce >/dev/null; then echo "selinux=$(getenforce)"; else echo selinux=absent; fi
networkctl status --all --no-pager --lines=0 2>/dev/null |
  sed -nE 's/^[^ ]+ +[0-9]+: ([^ ]+).*/link=\1/p; s/^ *Network File: /networkd=/p'
grep -rsE '^[[:space:]]*iface ' /etc/network/interfaces /etc/network/interfaces.d | sed 's/^/ifupdown=/'; true`

/**
 * Reads what `factsProbe` printed.
 * @throws UserError for a host that the tasks do not know how to handle
 */
export function parseFacts(text: string, host: string): Facts {
  const fact = (key: string) => text.match(new RegExp(`^${key}=(.*)$`, 'm'))?.[1] ?? ''
  const ids = fact('ids').split(' ')
  const family = ids.includes('debian') ? 'debian' : ids.some((id) => /^(rhel|fedora)$/.test(id)) ? 'redhat' : undefined
  if (!family)
    throw new UserError(
      `${host}: ${fact('os') || 'its operating system'} is neither of the Debian nor of the RHEL family`,
      1,
    )
  return {
    family,
    os: fact('os'),
    hostname: fact('hostname'),
    kernel: fact('kernel'),
    bootId: fact('bootId'),
    machineId: fact('machineId'),
    now: Number(fact('now')),
    init: fact('init'),
    selinux: fact('selinux').toLowerCase() as Facts['selinux'],
    interfaces: parseInterfaces(text),
  }
}

function parseInterfaces(text: string): Facts['interfaces'] {
  const interfaces: Record<string, Facts['interfaces'][string]> = {}
  for (const [, file, name] of text.matchAll(/^ifupdown=(.*?):\s*iface\s+(\S+)/gm))
    interfaces[name!] = { manager: 'ifupdown', file: file! }
  for (const [, name, file] of text.matchAll(/^link=(.*)\nnetworkd=(\/.*)$/gm))
    interfaces[name!] = { manager: 'networkd', file: file! }
  return interfaces
}
