// Level 2, with a keepalived.conf on ns2 that passes keepalived -t, and whose adverts ns1 does not take for its own: two masters.
import { playbook } from '../../index.ts'
import { tasks as level2 } from '../../playbooks/level2.mts'

await playbook(import.meta.url, {
  title: 'Level 2, and two masters',
  level: 2,
  tasks: (target) => {
    const instances = target.cluster.instances.map((one) => ({ ...one, virtual_router_id: 99 }))
    const cluster = { ...target.cluster, instances }
    return level2(target.host.name === 'ns2' ? { ...target, cluster } : target)
  },
})
