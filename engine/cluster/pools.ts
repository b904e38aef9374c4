import type { FromSchema } from 'json-schema-to-ts'
import type { nodeStateSchema } from '../../documents/parts/node.ts'
import type { Cluster } from '../../inventory/types.ts'
import { type VirtualServer, virtualServersOf } from '../../services/virtual-server.ts'

/** What IPVS has for the virtual servers of a cluster; those of others are left out. */
type Pools = Pick<FromSchema<typeof nodeStateSchema>, 'pool' | 'schedulers'>

/**
 * Reads `ipvsadm -Ln`: `UDP  10.2.1.5:53 rr`, then `  -> 10.2.1.2:53   Masq    1      0          0` for each real server.
 */
export function parsePools(cluster: Cluster, rows: readonly string[]): Pools {
  const servers = virtualServersOf(cluster)
  const pools: Pools = { pool: [], schedulers: {} }
  let server: VirtualServer | undefined
  for (const words of rows.map(wordsOf)) {
    if (words[0] !== '->') {
      server = serverAt(servers, words[0]!, words[1]!)
      if (server) pools.schedulers[server.name] = words.slice(2).join(' ')
    } else if (server) {
      // A tunnel may lead to an address of IPv6, which has brackets.
      const [, address, port] = /^\[?(.*?)\]?:(\d+)$/.exec(words[1]!) ?? []
      pools.pool.push({
        server: server.name,
        address: address!,
        port: Number(port),
        method: words[2]!,
        weight: Number(words[3]),
        connections: Number(words[4]) + Number(words[5]),
      })
    }
  }
  return pools
}

/** Reads `ipvsadm -Ln --stats --exact`: `UDP  10.2.1.5:53   12   12 …`. @returns connections since the start of IPVS */
export function parseStats(cluster: Cluster, rows: readonly string[]): Record<string, number> {
  const servers = virtualServersOf(cluster)
  const balanced = Object.fromEntries(servers.map(({ name }) => [name, 0]))
  for (const words of rows.map(wordsOf)) {
    const server = serverAt(servers, words[0]!, words[1]!)
    if (server) balanced[server.name] = Number.parseInt(words[2]!, 10)
  }
  return balanced
}

const wordsOf = (row: string) => row.trim().split(/\s+/)

/** @returns the one of the virtual servers at a place: `UDP`, `10.2.1.5:53` */
export const serverAt = (
  servers: readonly VirtualServer[],
  protocol: string,
  place: string,
): VirtualServer | undefined =>
  servers.find((one) => one.protocol === protocol && `${one.address}:${one.port}` === place)
