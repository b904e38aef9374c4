import type { Target } from '../cluster/target.ts'
import type { Task } from '../runner/task.ts'
import { install } from './install.ts'
import { osOf } from './os.ts'
import { service } from './service.ts'
import { template } from './template.ts'

/** snmpd answers for keepalived through AgentX; nothing where the inventory says no to SNMP. */
export function snmpd({ cluster, facts }: Target): Task[] {
  if (!cluster.snmp.enabled) return []
  const os = osOf(facts)
  const conf = `${os.snmpd.confFolder}/keepalived.conf`
  return [
    install(facts, ...os.packages.snmp),
    // The community is as good as a password.
    template(conf, 'snmpd.conf', { snmp: cluster.snmp }, { mode: '600' }),
    service(os.snmpd.service, { restartOn: [conf] }),
  ]
}
