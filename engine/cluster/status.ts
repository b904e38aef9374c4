import type { FromSchema } from 'json-schema-to-ts'
import type { nodeStatusSchema } from '../../documents/parts/node.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { HostError } from '../base/errors.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import { serverAt } from './pools.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import { nodeStateScript, parseNodeState, type NodeHandle } from './node-state.ts'
import { whyReboot } from './reboot-required.ts'

/** Status of a node for people. */
export type NodeStatus = FromSchema<typeof nodeStatusSchema>

/** Minutes for which removals from the pools are counted. */
export const lately = 10

/** What keepalived logs of a cause, as an extended regular expression; what it logs of effects and of itself is none. */
const cause = 'advert|effective priority|VRRP_Script\\(.*\\) (failed|succeeded|timed out)|Netlink reports'
const change = '[Ee]ntering [A-Z]+ (STATE|state)'

const statusScript = (cluster: Cluster, host: Host): Script =>
  lines(
    nodeStateScript(cluster, host),
    sh`
echo "version=$(keepalived --version 2>&1 | sed -n 's/^Keepalived v\([0-9.]*\).*/\1/p')"
echo "uptime=$(cut -d ' ' -f 1 /proc/uptime)"
echo "reboot=$(${whyReboot})"
echo "now=$(date +%s)"
journalctl -q -u keepalived -o short-unix -n 500 --no-pager |
  grep -E ${`${change}|Removing service|${cause}`} | tail -n 100 | sed 's/^/log=/'; true`,
  )

/** Reads the status of a node; an unreachable one is part of it. @param timeout in seconds */
export async function statusOf(
  { host, transport }: NodeHandle,
  cluster: Cluster,
  timeout: number,
): Promise<NodeStatus> {
  try {
    const { stdout } = await transport.run(statusScript(cluster, host).text, { timeout })
    return parseStatus(host, cluster, stdout.toString('utf8'))
  } catch (error) {
    if (!(error instanceof HostError)) throw error
    // The next reading opens a new connection.
    await transport.close()
    return { host: host.name, unreachable: error.message, removals: {}, pending: [] }
  }
}

/** Reads what the status script printed on a host. */
export function parseStatus(host: Host, cluster: Cluster, text: string): NodeStatus {
  const values = (key: string) => [...text.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map((match) => match[1]!)
  const value = (key: string) => values(key)[0] || undefined
  const log = values('log').map((line) => {
    const [, at, said] = line.match(/^(\d+)\.\d+ \S+ \S+: (.*)$/) ?? []
    return { at: Number(at), said: said ?? line }
  })
  return {
    host: host.name,
    state: parseNodeState(host, cluster, text),
    version: value('version'),
    uptime: Math.floor(Number(value('uptime'))),
    reboot: value('reboot'),
    transition: latestTransition(cluster, log),
    removals: countRemovals(cluster, log, Number(value('now')) - lately * 60),
    pending: [],
  }
}

interface LogLine {
  at: number
  said: string
}

/** @returns the VRRP instance that a line names */
const instanceOf = (said: string): string | undefined => /^\(([^)]+)\) /.exec(said)?.[1]

/** Seconds between a cause and what it causes: three adverts that did not come, and some. */
const near = 30

function latestTransition({ instances }: Cluster, log: readonly LogLine[]): NodeStatus['transition'] {
  const isOurs = (said: string) => instances.some(({ name }) => name === instanceOf(said))
  const index = log.findLastIndex(({ said }) => new RegExp(change).test(said) && isOurs(said))
  if (index < 0) return undefined
  const { at, said } = log[index]!
  const instance = instanceOf(said)!
  // Other instances have causes of their own.
  const before = log.slice(0, index).findLast((line) => [undefined, instance].includes(instanceOf(line.said)))
  const tells = before && at - before.at <= near && new RegExp(cause).test(before.said)
  return {
    ...(instances.length > 1 && { instance }),
    state: said.match(/ntering (\w+)/)![1]!,
    at,
    cause: tells ? before.said.replace(/^\(\w+\) /, '') : undefined,
  }
}

// Removing service [10.2.1.6]:udp:53 from VS [10.2.1.5]:udp:53
function countRemovals(cluster: Cluster, log: readonly LogLine[], since: number): Record<string, number> {
  const servers = virtualServersOf(cluster)
  const counts: Record<string, number> = {}
  for (const { at, said } of log) {
    const [, real, vip, protocol, port] =
      /Removing service \[([0-9.]+)\]:\S+ from VS \[([0-9.]+)\]:(\w+):(\d+)/.exec(said) ?? []
    if (!real || at < since) continue
    const server = serverAt(servers, protocol!.toUpperCase(), `${vip}:${port}`)
    if (!server) continue
    const key = `${real} ${server.name}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}
