import type { FromSchema } from 'json-schema-to-ts'
import type { answersSchema } from '../../documents/parts/cluster.ts'
import type { Cluster, Host, Inventory } from '../../inventory/types.ts'
import { serviceOf } from '../../services/all.ts'
import { nameOf, type Question, type Replies } from '../clients/question.ts'
import type { Protocol } from '../clients/losses.ts'

/** Answering hosts in the order of the questions; the answer's text if it belongs to no host. */
export type Answers = FromSchema<typeof answersSchema>

/** How often the service is asked over each protocol: enough to see a pattern. */
export const questions = (hosts: readonly Host[]): number => Math.max(10, 4 * hosts.length)

/** How a client asks. */
export interface Round {
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

/** What a client asks the service through the VIP: new names over each protocol, and the last ones. */
export function questionsOf(cluster: Cluster, { count, tag, last, watch }: Round): Question[] {
  const service = serviceOf(cluster)
  const ask = (protocol: Protocol, times: number, start: string) =>
    Array.from({ length: times }, (_, i) => ({ protocol, name: nameOf(service, `${start}-${i}`) }))
  return [
    ...service.protocols.flatMap((protocol) => ask(protocol, count, `${tag}-${protocol}`)),
    ...ask(service.protocols[0]!, last, `${watch}-${lastName}`),
  ]
}

/**
 * Names who answered the questions of `questionsOf`.
 * @param client the name of the client
 * @param count as it was asked
 */
export function answersOf(
  { cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>,
  client: string,
  count: number,
  { source, texts }: Replies,
): Answers {
  const { protocols, answerOf } = serviceOf(cluster)
  const names = (protocol: Protocol) => {
    const place = protocols.indexOf(protocol)
    const replies = place < 0 ? [] : texts.slice(place * count, (place + 1) * count)
    return replies
      .filter((text) => text !== undefined)
      .map((text) => hosts.find((host) => text === answerOf(host))?.name ?? text)
  }
  return { client, source, asked: count, UDP: names('UDP'), TCP: names('TCP') }
}
