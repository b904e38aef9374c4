#!/usr/bin/env -S npx zx
// The holder of the virtual IP sends clients to every node (IPVS), so that all of them work.
import { playbook } from '../cluster/playbook.ts'
import { healthZone } from '../tasks/bind9.ts'
import { hostName } from '../tasks/host-name.ts'
import { install } from '../tasks/install.ts'
import { allowVrrp, iptables, snat } from '../tasks/iptables.ts'
import { keepalived } from '../tasks/keepalived.ts'
import { kernelModule } from '../tasks/kernel-module.ts'
import { packagesFor } from '../tasks/os.ts'
import { selinux } from '../tasks/selinux.ts'
import { snmpd } from '../tasks/snmpd.ts'
import { sysctls } from '../tasks/sysctl.ts'

await playbook('Level 2: load balancing', 2, (target) => [
  hostName(target),
  install(target.facts, ...packagesFor(target, 2)),
  ...healthZone(target),
  selinux(target.facts),
  ...snmpd(target),
  // Without its module net.ipv4.vs.conntrack does not even exist.
  ...kernelModule('ip_vs'),
  ...sysctls({
    'net.ipv4.ip_forward': 1,
    'net.ipv4.vs.conntrack': 1,
    // A client that keeps its port would otherwise stay with a real server that has left.
    'net.ipv4.vs.expire_nodest_conn': 1,
  }),
  ...iptables(...allowVrrp(target.host), snat(target.cluster)),
  ...keepalived(target, 2),
])
