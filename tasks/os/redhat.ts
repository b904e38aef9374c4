import type { Family } from './family.ts'
import { networkManager } from './network/nm.ts'
import { dnf } from './packages/dnf.ts'

export const redhat: Family = {
  ids: ['rhel', 'centos', 'fedora'],
  title: 'RHEL and its like, Fedora',
  packageManager: dnf,
  networkManagers: [networkManager],
  firewall: 'nftables',
  packages: {
    // The trial of packet filters is a program of perl, which a small system lacks.
    every: ['perl-interpreter', 'perl-Socket'],
    directors: ['keepalived'],
    1: ['nmap-ncat'],
    2: ['ipvsadm'],
    3: ['ipvsadm'],
    snmp: ['net-snmp'],
    selinux: ['policycoreutils-python-utils'],
    checks: { process: 'procps-ng', port: 'nmap-ncat', url: 'curl', dns: 'bind-utils' },
  },
  // Programs of keepalived's are labelled there.
  scripts: '/usr/libexec/keepalived',
  // Read after snmpd.conf, which is one file here (snmp_config(5)).
  snmpd: { service: 'snmpd', conf: '/etc/snmp/snmpd.local.conf', view: 'systemview', whose: "RHEL's" },
}
