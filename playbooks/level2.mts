#!/usr/bin/env -S npx zx
// The holder of the virtual IP sends clients to every node (IPVS), so that all of them work.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { healthZone } from '../tasks/bind9.ts'
import { hostName } from '../tasks/host-name.ts'
import { packages } from '../tasks/install.ts'
import { allowVrrp, iptables, snat } from '../tasks/iptables.ts'
import { keepalived } from '../tasks/keepalived.ts'
import { kernelModule } from '../tasks/kernel-module.ts'
import { network } from '../tasks/network.ts'
import { packagesFor } from '../tasks/os.ts'
import { selinux } from '../tasks/selinux.ts'
import { snmpd } from '../tasks/snmpd.ts'
import { balancing, sysctl, sysctlFile } from '../tasks/sysctl.ts'

export const tasks: TaskList = (target) => [
  hostName(target),
  packages(target, ...packagesFor(target, 2)),
  healthZone(target),
  selinux(target.facts),
  snmpd(target),
  network(target, 2),
  // Without its module net.ipv4.vs.conntrack does not even exist.
  kernelModule('ip_vs'),
  sysctl(sysctlFile, balancing),
  iptables(...allowVrrp(target.host), snat(target.cluster)),
  keepalived(target, 2),
]

await playbook(import.meta.url, { title: 'Level 2: load balancing', level: 2, tasks })
