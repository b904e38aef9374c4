import { tagged, type Task } from '../../engine/runner/task.ts'
import { osOf } from '../os/os.ts'
import { service } from '../service.ts'
import { directs } from '../../inventory/roles.ts'
import type { Target } from '../target.ts'
import { template } from '../template.ts'

/** snmpd answers for keepalived through AgentX; nothing where the inventory says no to SNMP. */
export function snmpd({ cluster, host, facts }: Target): Task[] {
  if (!cluster.snmp.enabled || !directs(host)) return []
  const { snmpd } = osOf(facts)
  return [
    // The community is as good as a password.
    template(snmpd.conf, 'snmpd.conf', { snmp: cluster.snmp, ...snmpd }, { mode: '600' }),
    service(snmpd.service, { restartOn: [snmpd.conf] }),
  ].map(tagged('snmpd'))
}
