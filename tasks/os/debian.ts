import type { Family } from './family.ts'
import { ifupdown } from './network/ifupdown.ts'
import { networkd } from './network/networkd.ts'
import { networkManager } from './network/nm.ts'
import { apt } from './packages/apt.ts'

export const debian: Family = {
  ids: ['debian'],
  title: 'Debian, Ubuntu',
  packageManager: apt,
  networkManagers: [networkd, ifupdown, networkManager],
  firewall: 'iptables',
  packages: {
    every: [],
    directors: ['keepalived'],
    1: ['netcat-openbsd'],
    2: ['ipvsadm'],
    3: ['ipvsadm'],
    snmp: ['snmpd'],
    selinux: ['policycoreutils-python-utils'],
    checks: { process: 'procps', port: 'netcat-openbsd', url: 'curl', dns: 'bind9-host' },
  },
  scripts: '/etc/keepalived',
  snmpd: { service: 'snmpd', conf: '/etc/snmp/snmpd.conf.d/keepalived.conf', view: 'systemonly', whose: "Debian's" },
}
