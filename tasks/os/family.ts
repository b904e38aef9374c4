import type { FirewallName } from './firewall/all.ts'
import type { NetworkManager } from './network/network-manager.ts'
import type { PackageManager } from './packages/package-manager.ts'

/** Distributions that share their programs, packages and places: data, and the drivers that work there. */
export interface Family {
  /** Names in ID or ID_LIKE of os-release, any of which makes a distribution one of the family. */
  ids: readonly string[]
  /** As people know it, for refusals. */
  title: string
  packageManager: PackageManager
  /** Those that may have an interface; which one has it is a fact of the host. */
  networkManagers: readonly NetworkManager[]
  /** Where nothing has loaded a packet filter. */
  firewall: FirewallName
  /** By what needs them: every host; directors at every level and at one, for SNMP, to learn for SELinux, for a check of each kind. */
  packages: {
    every: string[]
    directors: string[]
    1: string[]
    2: string[]
    3: string[]
    snmp: string[]
    selinux: string[]
    checks: { process: string; port: string; url: string; dns: string }
  }
  /** Where programs lie that keepalived runs. */
  scripts: string
  /** `view` is what its own configuration lets the community `public` see; `whose` that is, for people. */
  snmpd: { service: string; conf: string; view: string; whose: string }
}
