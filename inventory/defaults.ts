import { parseNetwork } from './network.ts'
import type { Content } from './types.ts'

/** An inventory in which every value may be missing: the wrong ones have been taken away. */
export type Draft<T = Content> = T extends object ? { [K in keyof T]?: Draft<T[K]> } : T

/**
 * Fills in the defaults that depend on other values.
 * @param removed the paths of wrong values, their keys joined by slashes: these get no default in their place
 */
export function fillDefaults(draft: Draft, removed: ReadonlySet<string>): void {
  function fill<T extends object, K extends keyof T & string>(map: T, path: string, key: K, value: T[K]) {
    if (map[key] === undefined && value !== undefined && !removed.has(`${path}/${key}`)) map[key] = value
  }
  const { cluster = {}, hosts = {} } = draft
  if (cluster.network) fill(cluster, 'cluster', 'gateway', parseNetwork(cluster.network).first)
  if (cluster.vip) fill(cluster, 'cluster', 'virtual_router_id', Number(cluster.vip.split('.')[3]))
  const quick = cluster.failover === 'quick'
  fill(cluster, 'cluster', 'vrrp_version', quick ? 3 : 2)
  const often = quick && cluster.vrrp_version === 3
  fill(cluster, 'cluster', 'advert_int', often ? 0.07 : 1)
  fill(cluster, 'cluster', 'down_timer_adverts', often ? 5 : 3)
  if (quick) fill(cluster, 'cluster', 'bfd', { interval_ms: 70, multiplier: 5 })
  const { health_check: health } = cluster
  if (health) {
    fill(health, 'cluster/health_check', 'interval', quick ? 0.3 : 1)
    fill(health, 'cluster/health_check', 'retry_delay', quick ? 0.2 : 1)
  }
  for (const [name, instance] of Object.entries(cluster.instances ?? {})) {
    const last = Number(instance?.vip?.split('.')[3])
    if (instance && last > 0) fill(instance, `cluster/instances/${name}`, 'virtual_router_id', last)
  }
  const servesNames = Object.values(cluster.services ?? { only: cluster.service }).some((one) => one?.type === 'dns')
  for (const [index, [name, host]] of Object.entries(hosts).entries()) {
    if (!host) continue
    const path = `hosts/${name}`
    fill(host, path, 'interface', cluster.interface)
    fill(host, path, 'identity', servesNames ? `nameserver-${index + 1}` : name)
    fill(host, path, 'priority', cluster.preempt ? Math.max(2, 100 - index) : 100)
    if (host.ssh) fill(host.ssh, `${path}/ssh`, 'host', host.address)
  }
}
