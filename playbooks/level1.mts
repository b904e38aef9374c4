#!/usr/bin/env -S npx zx
// One virtual IP, moved by VRRP: the node that holds it works, the others stand by.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { healthZone } from '../tasks/bind9.ts'
import { hostName } from '../tasks/host-name.ts'
import { packages } from '../tasks/install.ts'
import { allowVrrp, iptables } from '../tasks/iptables.ts'
import { keepalived } from '../tasks/keepalived.ts'
import { network } from '../tasks/network.ts'
import { packagesFor } from '../tasks/os.ts'
import { selinux } from '../tasks/selinux.ts'
import { snmpd } from '../tasks/snmpd.ts'

export const tasks: TaskList = (target) => [
  hostName(target),
  packages(target, ...packagesFor(target, 1)),
  healthZone(target),
  selinux(target.facts),
  snmpd(target),
  network(target, 1),
  iptables(...allowVrrp(target.host)),
  keepalived(target, 1),
]

await playbook(import.meta.url, { title: 'Level 1: failover', level: 1, tasks })
