import { UserError } from '../engine/base/errors.ts'
import type { Facts } from '../engine/runner/facts.ts'
import type { Level } from '../inventory/levels.ts'
import type { Target } from './target.ts'

/** Where a family of distributions keeps things; the one seam between the tasks and the distribution. */
export interface Os {
  /** By what needs them: every level, one level, SNMP. */
  packages: { every: string[]; 1: string[]; 2: string[]; 3: string[]; snmp: string[] }
  named: { service: string; folder: string; localConf: string }
  snmpd: { service: string; confFolder: string }
}

const debian: Os = {
  packages: {
    every: ['bind9', 'bind9-dnsutils', 'keepalived', 'iptables'],
    1: ['netcat-openbsd'],
    2: ['ipvsadm'],
    3: ['ipvsadm'],
    snmp: ['snmpd'],
  },
  // AppArmor lets named read zones below /etc/bind, and not below the /var/named of the article.
  named: { service: 'named', folder: '/etc/bind', localConf: '/etc/bind/named.conf.local' },
  snmpd: { service: 'snmpd', confFolder: '/etc/snmp/snmpd.conf.d' },
}

/**
 * @returns packages, services and paths of the host's family
 * @throws UserError for a family without an entry, or a host without systemd
 */
export function osOf(facts: Facts): Os {
  if (facts.init !== 'systemd') throw new UserError(`it runs ${facts.init} as its init, and systemd is needed`, 1)
  if (facts.family === 'debian') return debian
  throw new UserError(`${facts.os} is not supported yet; Debian and Ubuntu are`, 1)
}

/** The packages that a level needs on a host, for one installation of all. */
export function packagesFor({ cluster, facts }: Target, level: Level): string[] {
  const { packages } = osOf(facts)
  return [...packages.every, ...packages[level], ...(cluster.snmp.enabled ? packages.snmp : [])]
}
