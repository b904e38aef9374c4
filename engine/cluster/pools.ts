import type { FromSchema } from 'json-schema-to-ts'
import type { nodeStateSchema } from '../../documents/parts/node.ts'
import type { Cluster } from '../../inventory/types.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { Protocol } from '../clients/losses.ts'

/** What IPVS has for the virtual servers of a cluster; those of others are left out. */
type Pools = Pick<FromSchema<typeof nodeStateSchema>, 'pool' | 'schedulers'>

/**
 * Reads `ipvsadm -Ln`: `UDP  10.2.1.5:53 rr`, then `  -> 10.2.1.2:53   Masq    1      0          0` for each real server.
 */
export function parsePools(cluster: Cluster, rows: readonly string[]): Pools {
  const pools: Pools = { pool: [], schedulers: {} }
  let protocol: Protocol | undefined
  for (const words of rows.map(wordsOf)) {
    if (words[0] !== '->') {
      protocol = protocolOf(cluster, words)
      if (protocol) pools.schedulers[protocol] = words.slice(2).join(' ')
    } else if (protocol) {
      const [address, port] = words[1]!.split(':')
      pools.pool.push({
        protocol,
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
export function parseStats(cluster: Cluster, rows: readonly string[]): Record<Protocol, number> {
  const balanced = { UDP: 0, TCP: 0 }
  for (const words of rows.map(wordsOf)) {
    const protocol = protocolOf(cluster, words)
    if (protocol) balanced[protocol] = Number.parseInt(words[2]!, 10)
  }
  return balanced
}

const wordsOf = (row: string) => row.trim().split(/\s+/)

/** @returns the protocol of the cluster's virtual server that a row begins with: `UDP 10.2.1.5:53` */
const protocolOf = (cluster: Cluster, [protocol, address]: readonly string[]): Protocol | undefined =>
  virtualServersOf(cluster).find((one) => one.protocol === protocol && `${one.address}:${one.port}` === address)
    ?.protocol
