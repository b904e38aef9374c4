import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import { serviceOf } from '../../../services/all.ts'
import type { Target } from '../../target.ts'
import type { Found } from './found.ts'

/** No other program listens where the service is going to. */
export function port({ cluster, host, place }: Target, level: Level, { listeners }: Found): string[] {
  const second = abilitiesOf(level).secondInterface ? host.second : undefined
  const used = ['0.0.0.0', '*', cluster.vip, host.address, second?.address]
  const devices = [undefined, host.interface, second?.interface]
  const others = new Set(
    listeners.filter(({ address, device }) => used.includes(address) && devices.includes(device)).map(({ who }) => who),
  )
  if (others.size === 0) return []
  const { port: number, unit } = serviceOf(cluster)
  return [
    `${place(['cluster', 'service', 'port'])}: port ${number} is taken on this host by ${[...others].join(' and ')}, ` +
      `which is not of ${unit}.service: stop it for good`,
  ]
}
