#!/usr/bin/env -S npx zx
// As level 2, and the real servers see their clients' addresses: answers leave by a second interface, through the VIP.
import { playbook, type TaskList } from '../engine/commands/playbook.ts'
import { barrier } from '../engine/runner/task.ts'
import { healthZone } from '../tasks/bind9.ts'
import { hostName } from '../tasks/host-name.ts'
import { packages } from '../tasks/install.ts'
import { allowAnswers, allowSync, allowVrrp, iptables } from '../tasks/iptables.ts'
import { keepalived } from '../tasks/keepalived.ts'
import { kernelModule } from '../tasks/kernel-module.ts'
import { network } from '../tasks/network.ts'
import { packagesFor } from '../tasks/os.ts'
import { routes, routesWatch, rtTables } from '../tasks/routes.ts'
import { selinux } from '../tasks/selinux.ts'
import { snmpd } from '../tasks/snmpd.ts'
import { balancing, sysctl, sysctlFile, twoInterfaces } from '../tasks/sysctl.ts'

export const tasks: TaskList = (target) => [
  hostName(target),
  packages(target, ...packagesFor(target, 3)),
  healthZone(target),
  selinux(target.facts),
  snmpd(target),
  network(target, 3),
  kernelModule('ip_vs'),
  sysctl(sysctlFile, { ...balancing, ...twoInterfaces(target.host) }),
  rtTables(target),
  routes(target),
  iptables(...allowVrrp(target.host), ...allowSync(target.host), ...allowAnswers(target.cluster, target.host)),
  // Directors must not use a second address before it exists.
  barrier,
  keepalived(target, 3),
  routesWatch(),
]

await playbook(import.meta.url, { title: 'Level 3: clients keep their addresses', level: 3, tasks })
