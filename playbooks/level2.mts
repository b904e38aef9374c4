#!/usr/bin/env -S npx zx
// The holder of the virtual IP sends clients to every node (IPVS), so that all of them work.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { serviceTasks } from '../services/all.ts'
import { asDescribed } from '../tasks/cluster/as-described/task.ts'
import { hostName } from '../tasks/host-name.ts'
import {
  allowAnswers,
  allowBfd,
  allowSync,
  allowTunnels,
  allowVrrp,
  firewall,
  snat,
} from '../tasks/cluster/firewall.ts'
import { keepalived } from '../tasks/cluster/keepalived.ts'
import { ipvs } from '../tasks/cluster/ipvs.ts'
import { virtualIpOnLoopback } from '../tasks/cluster/loopback.ts'
import { natByHand } from '../tasks/cluster/adoption/nat-rules.ts'
import { network } from '../tasks/cluster/network.ts'
import { clusterPackages } from '../tasks/cluster/packages.ts'
import { selinux } from '../tasks/selinux/selinux.ts'
import { serviceAnswers } from '../tasks/cluster/service-answers.ts'
import { snmpd } from '../tasks/cluster/snmpd.ts'
import { connectionTracking, untracked } from '../tasks/cluster/untracked.ts'

export const tasks: TaskList = (target) => [
  asDescribed(target, 2),
  hostName(target),
  clusterPackages(target, 2),
  serviceTasks(target),
  selinux(target),
  snmpd(target),
  network(target, 2),
  ipvs(target, 2),
  virtualIpOnLoopback(target, 2),
  firewall(target, 2, allowVrrp, allowBfd, allowSync, allowTunnels, allowAnswers, snat, untracked),
  serviceAnswers(target, 2),
  connectionTracking(target, 2),
  keepalived(target, 2),
  natByHand(target, 2),
]
await playbook(import.meta.url, { title: 'Level 2: load balancing', level: 2, tasks })
