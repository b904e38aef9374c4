import { UserError } from '../../engine/base/errors.ts'
import type { Facts } from '../../engine/runner/facts.ts'

/** Where a family of distributions keeps things; the one seam between the tasks and the distribution. */
export interface Os {
  /** By what needs them: every level, one level, SNMP. */
  packages: { every: string[]; 1: string[]; 2: string[]; 3: string[]; snmp: string[] }
  snmpd: { service: string; confFolder: string }
}

const debian: Os = {
  packages: {
    every: ['keepalived', 'iptables'],
    1: ['netcat-openbsd'],
    2: ['ipvsadm'],
    3: ['ipvsadm'],
    snmp: ['snmpd'],
  },
  snmpd: { service: 'snmpd', confFolder: '/etc/snmp/snmpd.conf.d' },
}

/**
 * @returns packages, services and paths of the host's family
 * @throws UserError for a family without an entry, or a host without systemd
 */
export function osOf(facts: Facts): Os {
  if (facts.init !== 'systemd') throw new UserError(`it runs ${facts.init} as its init, and systemd is needed`, 1)
  return ofFamily(facts.family, { debian })
}

/**
 * @returns what a table has for a family of distributions
 * @throws UserError where it has nothing
 */
export function ofFamily<T>(family: Facts['family'], table: Partial<Record<Facts['family'], T>>): T {
  const found = table[family]
  if (found === undefined) throw new UserError(`${family} is not supported yet; Debian and Ubuntu are`, 1)
  return found
}
