import type { Cluster, Host } from '../inventory/types.ts'
import { UserError } from '../runner/errors.ts'
import { lines, type Script, sh } from '../runner/sh.ts'
import type { Outcome } from '../runner/transport.ts'

/** Who answered, in the order of the questions: names of hosts, or what the answer said if it was nobody's. */
export interface Answers {
  asked: number
  UDP: string[]
  TCP: string[]
}

/** How often the service is asked over each protocol: enough to see a pattern. */
export const questions = (hosts: readonly Host[]): number => Math.max(10, 4 * hosts.length)

/**
 * Asks the service through the VIP, over UDP and TCP, each time from a new port and without a second try, as the
 * article's loop does; one dig asks all questions, since its start costs more than its question.
 */
export function askScript(cluster: Cluster, count: number): Script {
  const { port, health_name, health_zone } = cluster.service
  const question = Array.from({ length: count }, () => [`${health_name}.${health_zone}.`, 'TXT']).flat()
  const ask = (protocol: string, flag: string) => sh`
echo ${protocol}
dig @${cluster.vip} -p ${port} -4 ${flag} +norecurse +short +tries=1 +timeout=2 ${question} || true`
  return lines(sh`command -v dig >/dev/null || exit 127`, ask('UDP', '+notcp'), ask('TCP', '+tcp'))
}

/**
 * Reads what `askScript` printed.
 * @param from the name of the client, for the error
 * @throws UserError when the client has no dig
 */
export function parseAnswers(hosts: readonly Host[], count: number, from: string, outcome: Outcome): Answers {
  if (outcome.code === 127) {
    throw new UserError(
      `${from} has no dig to ask the service with: install bind9-dnsutils there, or name another client`,
      5,
    )
  }
  const [, udp = '', tcp = ''] = outcome.stdout.toString('utf8').split(/^(?:UDP|TCP)\n/m)
  const names = (text: string) =>
    [...text.matchAll(/^"(.*)"$/gm)].map(
      ([, said]) => hosts.find((host) => `=${host.identity}=` === said)?.name ?? said!,
    )
  return { asked: count, UDP: names(udp), TCP: names(tcp) }
}
