import type { Cluster } from '../../../inventory/types.ts'
import type { ClusterControl } from '../control.ts'

/** @returns the seconds between two adverts of the instance that sends them most seldom */
const advertOf = ({ advert_int, instances }: Cluster): number =>
  Math.max(...instances.map((one) => one.advert_int ?? advert_int))

/** Seconds that a busy node may be late. */
const late = 1

/**
 * @returns seconds after which a node that nothing comes from any more has no clients, rounded up, and some to be late
 *   (RFC 5798, 6.1, keepalived.conf(5): `retry`, RFC 5880, 6.8.4)
 */
export function withoutNode({ can, session: { inventory } }: ClusterControl): number {
  const { down_timer_adverts: missing, bfd, health_check: check } = inventory.cluster
  const advert = advertOf(inventory.cluster)
  // The skew of the lowest priority is an advert.
  const takenOver = (missing + 1) * advert
  const checked = check.interval + (check.retries + 1) * check.timeout + check.retries * check.retry_delay
  const outOfPools = bfd ? (bfd.interval_ms * bfd.multiplier) / 1000 : checked
  return Math.ceil(Math.max(takenOver, can.balances ? outOfPools : 0)) + late
}

/** @returns the same for a service that refuses its clients: no check of it waits for an answer */
export function withoutService({ can, session: { inventory } }: ClusterControl): number {
  const { health_check: check } = inventory.cluster
  const outOfPools = check.interval + check.retries * check.retry_delay
  // By scripts of the node itself, which start once a second at most, and the holder's last advert.
  const givenUp = check.retries * Math.ceil(check.interval) + advertOf(inventory.cluster)
  return Math.ceil(can.balances ? outOfPools : givenUp) + late
}
