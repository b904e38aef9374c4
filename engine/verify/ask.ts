import type { Cluster, Host } from '../../inventory/types.ts'
import type { Question, Replies } from '../clients/question.ts'
import type { Protocol } from '../clients/losses.ts'

/** Answering hosts in the order of the questions; the answer's text if it belongs to no host. */
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
  /** Prefix of every name asked for, so that no cache can answer. */
  tag: string
  /** How many questions end the watch at the nodes' logs; those of the last client do. */
  last: number
  /** The tag of the watch. */
  watch: string
}

/** The part of a name that the last questions have. */
export const lastName = 'last'

/** What a client asks the service through the VIP: new names over UDP, over TCP, and the last ones. */
export function questionsOf({ service }: Cluster, { count, tag, last, watch }: Asking): Question[] {
  const ask = (protocol: Protocol, times: number, start: string) =>
    Array.from({ length: times }, (_, i) => ({
      protocol,
      name: `${start}-${i}.${service.health_name}.${service.health_zone}`,
    }))
  return [
    ...ask('UDP', count, `${tag}-UDP`),
    ...ask('TCP', count, `${tag}-TCP`),
    ...ask('UDP', last, `${watch}-${lastName}`),
  ]
}

/**
 * Names who answered the questions of `questionsOf`.
 * @param client the name of the client
 * @param count as it was asked
 */
export function answersOf(hosts: readonly Host[], client: string, count: number, { source, texts }: Replies): Answers {
  const names = (replies: Replies['texts']) =>
    replies
      .filter((text) => text !== undefined)
      .map((text) => hosts.find(({ identity }) => text === `=${identity}=`)?.name ?? text)
  return { client, source, asked: count, UDP: names(texts.slice(0, count)), TCP: names(texts.slice(count, 2 * count)) }
}
