import { UserError } from '../../engine/base/errors.ts'
import type { Facts } from '../../engine/runner/facts.ts'
import { debian } from './debian.ts'
import type { Family } from './family.ts'
import type { NetworkManager } from './network/network-manager.ts'

const families = { debian } satisfies Record<string, Family>
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
