#!/usr/bin/env -S npx zx
// One virtual IP, moved by VRRP: the node that holds it works, the others stand by.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { serviceTasks } from '../services/all.ts'
import { asDescribed } from '../tasks/cluster/as-described/task.ts'
import { hostName } from '../tasks/host-name.ts'
import { allowVrrp, firewall } from '../tasks/cluster/firewall.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { natByHand } from '../tasks/cluster/adoption/nat-rules.ts'
import { network } from '../tasks/cluster/network.ts'
import { clusterPackages } from '../tasks/cluster/packages.ts'
import { selinux } from '../tasks/selinux/selinux.ts'
import { serviceAnswers } from '../tasks/cluster/service-answers.ts'
import { snmpd } from '../tasks/cluster/snmpd.ts'
import { virtualMac } from '../tasks/cluster/virtual-mac.ts'

export const tasks: TaskList = (target) => [
  asDescribed(target, 1),
  hostName(target),
  clusterPackages(target, 1),
  serviceTasks(target),
  selinux(target),
  snmpd(target),
  network(target, 1),
  virtualMac(target),
  firewall(target, 1, allowVrrp),
  serviceAnswers(target, 1),
  keepalived(target, 1),
  natByHand(target, 1),
]
await playbook(import.meta.url, { title: 'Level 1: failover', level: 1, tasks })
