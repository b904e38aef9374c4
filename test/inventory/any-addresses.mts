// Of any inventory, the addresses that move: values that the schema has, made to agree as the rules want it.
import { isIPv6 } from 'node:net'
import type { Draft } from '../../inventory/defaults.ts'
import type { Content } from '../../inventory/types.ts'

type Cluster = Draft<Content['cluster']>
type Moving = Pick<Cluster, 'vip' | 'vip_prefix' | 'vip_interface' | 'more_vips' | 'prefer'>

/** Makes further addresses differ, in a network that no cluster has, and further instances differ from the first. */
export function addressesAgree(cluster: Cluster, hosts: readonly string[]): void {
  let given = 0
  const other = (address = '') => (isIPv6(address) ? `2001:db8::${++given}` : `128.66.0.${++given}`)
  const agree = (one: Moving) => {
    if (one.prefer !== undefined) one.prefer = hosts[0]!
    // At level 3 it is 32, and at level 2 on the interface of the nodes.
    delete one.vip_prefix
    delete one.vip_interface
    one.more_vips = one.more_vips?.map((vip) => {
      if (typeof vip !== 'object') return other(vip)
      const address = other(vip.address)
      // keepalived looks for interfaces.
      delete vip.interface
      if (isIPv6(address)) delete vip.label
      return { ...vip, address, ...(vip.prefix && { prefix: isIPv6(address) ? vip.prefix : 1 + (vip.prefix % 32) }) }
    })
  }
  agree(cluster)
  delete cluster.instance
  if (Object.keys(cluster.instances ?? {}).length === 0) delete cluster.sync
  let id = cluster.virtual_router_id ?? Number(cluster.vip?.split('.')[3])
  for (const instance of Object.values(cluster.instances ?? {})) {
    if (!instance) continue
    agree(instance)
    delete instance.interface
    instance.vip = other(instance.vip)
    if (cluster.unicast && isIPv6(instance.vip)) instance.vip = other()
    if (isIPv6(instance.vip)) {
      delete instance.vip_label
      cluster.advert_int &&= Math.min(cluster.advert_int, 40)
    }
    instance.virtual_router_id = id = (id % 255) + 1
    if (cluster.sync) delete instance.prefer
  }
}
