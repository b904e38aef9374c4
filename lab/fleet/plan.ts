import { UserError } from '../../engine/base/errors.ts'

/** A host of a fleet. */
export interface FleetHost {
  name: string
  address: string
}

/** The network of a fleet. The runner is its router; addresses from 10.4.2.1 on are free for clusters. */
export const fleetNetwork = { cidr: '10.4.0.0/16', prefix: 16, runner: '10.4.0.1' }

const [fewest, most] = [2, 200]

/** @throws UserError for a word that is no number of hosts */
export function countOf(word: string | undefined): number {
  const count = Number(word)
  if (Number.isInteger(count) && count >= fewest && count <= most) return count
  throw new UserError(`a fleet has ${fewest} to ${most} hosts, got "${word ?? ''}": npm run lab -- fleet up 20`)
}

/** @returns the hosts of a fleet */
export const fleetHosts = (count: number): FleetHost[] =>
  Array.from({ length: count }, (_, index) => ({ name: `h${index + 1}`, address: `10.4.1.${index + 1}` }))

/** @returns what makes the network of a fleet, as `ip -batch` reads it: a bridge, and a cable to it from each host */
export const networkBatch = (hosts: readonly FleetHost[]): string =>
  [
    'link set lo up',
    'link add fleet type bridge',
    `address add ${fleetNetwork.runner}/${fleetNetwork.prefix} dev fleet`,
    'link set fleet up',
    ...hosts.flatMap(({ name }) => [
      `netns add ${name}`,
      `link add ${name} master fleet type veth peer name eth0 netns ${name}`,
      `link set ${name} up`,
    ]),
    '',
  ].join('\n')

/** @returns what tells one host from the others, by its path there */
export const hostFiles = ({ name, address }: FleetHost): Record<string, string> => ({
  'etc/hostname': `${name}\n`,
  // Without its name there, sudo would ask the host's own named, which waits for name servers that are nowhere.
  'etc/hosts': `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
  // The same at each boot, and no other host's.
  'etc/machine-id': `${Buffer.from(name.padEnd(16)).toString('hex')}\n`,
  'etc/systemd/network/10-eth0.network': `[Match]
Name=eth0

[Network]
Address=${address}/${fleetNetwork.prefix}
Gateway=${fleetNetwork.runner}
IPv6AcceptRA=no
`,
})

/** @returns how OpenSSH reaches the hosts: by name or address, from the network of the fleet */
export const sshConfig = (hosts: readonly FleetHost[], key: string, knownHosts: string): string =>
  `${hosts.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n`).join('')}Host *
  User admin
  IdentityFile ${key}
  IdentitiesOnly yes
  HostKeyAlias fleet
  UserKnownHostsFile ${knownHosts}
  StrictHostKeyChecking yes
`

/** @returns the least that fs.inotify.max_user_instances has to be for so many hosts: their systemd, networkd and dbus are root's */
export const inotifyFor = (count: number): number => 1024 + 32 * count
