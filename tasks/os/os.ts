import { UserError } from '../../engine/base/errors.ts'
import type { Facts } from '../../engine/runner/facts.ts'
import { debian } from './debian.ts'
import type { Family } from './family.ts'
import type { Firewall } from './firewall/firewall.ts'
import { type FirewallName, firewalls } from './firewall/all.ts'
import type { NetworkManager } from './network/network-manager.ts'
import { redhat } from './redhat.ts'
import type { Target } from '../target.ts'

const families = { debian, redhat } satisfies Record<string, Family>
type FamilyName = keyof typeof families

/**
 * @returns packages, places and drivers of the host's family
 * @throws UserError for a host that is not of a known family, or without systemd
 */
export const osOf = (facts: Facts): Family => families[familyOf(facts)]

/**
 * @param table an entry for each known family; the compiler says where one is missing
 * @returns what it has for the host's family
 * @throws UserError as `osOf`
 */
export const ofFamily = <T>(facts: Facts, table: Readonly<Record<FamilyName, T>>): T => table[familyOf(facts)]

/** Brings all packages of a host to their latest versions, whatever its family: one command for all nodes of a cluster. */
export const upgradeCommand: string = [
  ...Object.values(families).map(
    ({ packageManager: { program, upgrade } }, place) =>
      `${place === 0 ? 'if' : 'elif'} command -v ${program} >/dev/null; then ${upgrade.text}`,
  ),
  'fi',
].join('; ')

/** Whose packet filter is asked for. */
type Filtered = Pick<Target, 'cluster' | 'facts' | 'place'>

/** @returns what sets the packet filter of a host. @throws as `firewallNameOf` */
export const firewallOf = (target: Filtered): Firewall => firewalls[firewallNameOf(target)]

/**
 * @returns the name of what sets the packet filter of a host: that of the inventory, else what has loaded one, else what its family
 * usually has
 * @throws UserError where more than one has, or where firewalld is wanted and does not run
 */
function firewallNameOf({ cluster, facts, place }: Filtered): FirewallName {
  const key = place(['cluster', 'firewall'])
  const [found, other] = facts.firewalls
  if (cluster.firewall === 'firewalld' && !facts.firewalls.includes('firewalld'))
    throw new UserError(
      `${key}: firewalld does not run on this host: systemctl enable --now firewalld, or name another`,
      1,
    )
  if (cluster.firewall !== 'auto') return cluster.firewall
  if (found && other)
    throw new UserError(
      `${key}: ${found} and ${other} both filter packets on this host, and each undoes what is set for the other: ` +
        `systemctl disable --now ${other}, or say here which one is to have the rules of the cluster`,
      1,
    )
  // ufw is a front of iptables.
  return found === 'ufw' ? 'iptables' : (found ?? osOf(facts).firewall)
}

/** @throws UserError where the interface belongs to a network manager that the host's family does not know, or to none */
export function networkManagerOf(facts: Facts, device: string): NetworkManager {
  const found = facts.interfaces[device]?.manager
  const { networkManagers } = osOf(facts)
  const manager = networkManagers.find(({ name }) => name === found)
  if (manager) return manager
  const known = networkManagers.map(({ title }) => title).join(' or ')
  throw new UserError(
    `${device} is configured by ${found ?? 'no network manager that is known here'}, and level 3 needs ${known}: ` +
      `let one of them configure ${device}`,
    1,
  )
}

function familyOf({ ids, os, init }: Facts): FamilyName {
  const names = Object.keys(families) as FamilyName[]
  // The distribution's own name comes before those of the distributions that it is like.
  const [name] = ids.flatMap((id) => names.filter((one) => families[one].ids.includes(id)))
  if (name && init === 'systemd') return name
  const known = names.map((one) => families[one].title).join(', ')
  throw new UserError(
    `${os || 'An operating system without a name'}${init === 'systemd' ? '' : ` with ${init} as its init`} is not ` +
      `supported: a host needs systemd and one of these, or a distribution that is like one (ID_LIKE in ` +
      `/etc/os-release): ${known}. Install that on it, or take it out of the inventory`,
    1,
  )
}
