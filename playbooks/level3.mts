#!/usr/bin/env -S npx zx
// As level 2, and the real servers see their clients' addresses: answers leave by a second interface, through the VIP.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { barrier } from '../engine/runner/task.ts'
import { serviceTasks } from '../services/all.ts'
import { asDescribed } from '../tasks/cluster/as-described/task.ts'
import { hostName } from '../tasks/host-name.ts'
import { allowAnswers, allowBfd, allowSync, allowVrrp, firewall } from '../tasks/cluster/firewall.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { ipvs } from '../tasks/cluster/ipvs.ts'
import { natByHand } from '../tasks/cluster/adoption/nat-rules.ts'
import { network } from '../tasks/cluster/network.ts'
import { clusterPackages } from '../tasks/cluster/packages.ts'
import { routes, routesWatch, rtTables } from '../tasks/cluster/routes.ts'
import { selinux } from '../tasks/selinux/selinux.ts'
import { serviceAnswers } from '../tasks/cluster/service-answers.ts'
import { snmpd } from '../tasks/cluster/snmpd.ts'
import { connectionTracking, untracked } from '../tasks/cluster/untracked.ts'

export const tasks: TaskList = (target) => [
  asDescribed(target, 3),
  hostName(target),
  clusterPackages(target, 3),
  serviceTasks(target),
  selinux(target),
  snmpd(target),
  network(target, 3),
  ipvs(target, 3),
  rtTables(target),
  routes(target),
  firewall(target, 3, allowVrrp, allowBfd, allowSync, allowAnswers, untracked),
  serviceAnswers(target, 3),
  // Directors must not use a second address before it exists.
  barrier,
  keepalived(target, 3),
  connectionTracking(target, 3),
  routesWatch(target),
  natByHand(target, 3),
]
await playbook(import.meta.url, { title: 'Level 3: clients keep their addresses', level: 3, tasks })
