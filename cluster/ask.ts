import type { Cluster, Host } from '../inventory/types.ts'
import { UserError } from '../runner/errors.ts'
import { lines, type Script, sh } from '../runner/sh.ts'
import type { Outcome } from '../runner/transport.ts'

/** Who answered, in the order of the questions: names of hosts, or what the answer said if it was nobody's. */
export interface Answers {
  /** The name of the client that asked, and the address that it asked from. */
  client: string
  source: string
  asked: number
  UDP: string[]
  TCP: string[]
}

/** How often the service is asked over each protocol: enough to see a pattern. */
export const questions = (hosts: readonly Host[]): number => Math.max(10, 4 * hosts.length)

/** How a client asks. */
export interface Asking {
  /** Questions over each protocol. */
  count: number
  /** Begins every name that is asked for, so that nobody has asked for it before. */
  tag: string
  /** How many questions end the watch at the nodes' logs; those of the last client do. */
  last: number
  /** The tag of the watch. */
  watch: string
}

/** The part of a name that the last questions have. */
export const lastName = 'last'

/**
 * Asks the service through the VIP, over UDP and TCP, each time from a new port and without a second try, as the
 * article's loop does; one dig asks all questions, since its start costs more than its question.
 */
export function askScript(cluster: Cluster, { count, tag, last, watch }: Asking): Script {
  const { port, health_name, health_zone } = cluster.service
  const ask = (protocol: string, flag: string, times: number, start = `${tag}-${protocol}`) => {
    const names = Array.from({ length: times }, (_, i) => `${start}-${i}.${health_name}.${health_zone}.`)
    if (times === 0) return sh`true`
    return sh`
echo ${protocol}
dig @${cluster.vip} -p ${port} -4 ${flag} +norecurse +short +tries=1 +timeout=2 ${names.flatMap((name) => [name, 'TXT'])} || true`
  }
  return lines(
    sh`command -v dig >/dev/null || exit 127
ip -4 route get ${cluster.vip} | sed -n 's/.* src \([0-9.]*\).*/source=\1/p'`,
    ask('UDP', '+notcp', count),
    ask('TCP', '+tcp', count),
    ask(lastName, '+notcp', last, `${watch}-${lastName}`),
  )
}

/**
 * Reads what `askScript` printed.
 * @param client the name of the client
 * @throws UserError when the client has no dig
 */
export function parseAnswers(hosts: readonly Host[], count: number, client: string, outcome: Outcome): Answers {
  if (outcome.code === 127) {
    throw new UserError(
      `${client} has no dig to ask the service with: install bind9-dnsutils there, or name another client`,
      5,
    )
  }
  const [head = '', udp = '', tcp = ''] = outcome.stdout.toString('utf8').split(/^(?:UDP|TCP|last)\n/m)
  const names = (text: string) =>
    [...text.matchAll(/^"(.*)"$/gm)].map(
      ([, said]) => hosts.find((host) => `=${host.identity}=` === said)?.name ?? said!,
    )
  const source = head.match(/^source=(.*)$/m)?.[1] ?? ''
  return { client, source, asked: count, UDP: names(udp), TCP: names(tcp) }
}
