import { abilitiesOf, type Level } from '../../../inventory/levels.ts'
import { servicesOn } from '../../../services/all.ts'
import { servedAddressesOf } from '../../../services/virtual-server.ts'
import type { Target } from '../../target.ts'
import { fileOf, type Found } from './found.ts'

/** No other program listens where the service is going to. */
export function port({ cluster, host, place }: Target, level: Level, { listeners }: Found): string[] {
  const second = abilitiesOf(level, cluster).secondInterface ? host.second : undefined
  const vips = servedAddressesOf(cluster).map(({ address }) => address)
  const used = ['0.0.0.0', '*', ...vips, host.address, second?.address]
  const devices = [undefined, host.interface, second?.interface]
  return servicesOn(cluster, host).flatMap(({ name, port: number, clientPort, unit, isSetUp }) => {
    const others = new Set(
      (listeners.get(name) ?? [])
        .filter(({ address, device }) => used.includes(address) && devices.includes(device))
        .map(({ who }) => who),
    )
    if (others.size === 0 || unit === undefined || !isSetUp) return []
    return [
      `${place(['cluster', 'services', name, number === clientPort ? 'port' : 'real_port'])}: port ${number} is taken on this host by ${[...others].join(' and ')}, ` +
        `which is not of ${fileOf(unit)}: stop it for good`,
    ]
  })
}
