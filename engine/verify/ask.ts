import type { FromSchema } from 'json-schema-to-ts'
import type { answersSchema } from '../../documents/parts/cluster.ts'
import { serves } from '../../inventory/roles.ts'
import type { Cluster, Host, Inventory } from '../../inventory/types.ts'
import { type AskedService, askedServicesOf, realServersOf, type VirtualServer } from '../../services/virtual-server.ts'
import type { Client } from '../clients/client.ts'
import { nameOf, type Question } from '../clients/question.ts'

/** Answering hosts in the order of the questions; the answer's text if it belongs to no host. */
export type Answers = FromSchema<typeof answersSchema>

/** How often each virtual server is asked: enough to see a pattern. */
const questions = (hosts: readonly Host[]): number => Math.max(10, 4 * hosts.filter(serves).length)

/** How many questions end the watch: enough for each node to see one. */
const lastQuestions = (hosts: readonly Host[]) => 4 * hosts.filter(serves).length

/** How a client asks. */
export interface Round {
  /** Prefix of every name asked for, so that no cache can answer. */
  tag: string
  /** The tag of the watch, where this client is the last and ends it: each log that is watched gets last questions. */
  ends?: string
  /** Seconds for one execution. */
  timeout: number
}

/** The part of a name that the last questions have. */
export const lastName = 'last'

/** @returns the part of the names of a virtual server's questions that others have not */
export const labelOf = (cluster: Cluster, { name }: Pick<VirtualServer, 'name'>): string =>
  `v${askedServicesOf(cluster)
    .flatMap(({ servers }) => servers)
    .findIndex((one) => one.name === name)}`

/**
 * Asks all services through the VIP, with new names, and names who answered.
 * @throws UserError where the client can't ask, HostError where it can't be reached
 */
export async function askAll(
  { cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>,
  client: Client,
  { tag, ends, timeout }: Round,
): Promise<Answers> {
  const asked = questions(hosts)
  const answers: Answers = { client: client.name, source: '', asked, answered: {} }
  for (const service of askedServicesOf(cluster)) {
    const { asking, servers } = service
    const ask = ({ protocol }: VirtualServer, times: number, start: string): Question[] =>
      Array.from({ length: times }, (_, i) => ({ protocol, name: nameOf(asking, `${start}-${i}`) }))
    const { source, texts } = await client.ask(
      service,
      [
        ...servers.flatMap((server) => ask(server, asked, `${tag}-${labelOf(cluster, server)}`)),
        ...(ends !== undefined && isWatched(service)
          ? ask(servers[0]!, lastQuestions(hosts), `${ends}-${lastName}`)
          : []),
      ],
      timeout,
    )
    answers.source = source
    for (const [at, { name }] of servers.entries())
      answers.answered[name] = named(hosts, service, texts.slice(at * asked, (at + 1) * asked))
  }
  return answers
}

/** Whether nodes show the questions to a service. */
const isWatched = ({ servers }: AskedService): boolean => servers[0]!.service.sightings !== undefined

/** @returns who answered, by name; lost questions are left out */
const named = (hosts: readonly Host[], { servers }: AskedService, texts: readonly (string | undefined)[]): string[] =>
  texts
    .filter((text) => text !== undefined)
    .map(
      (text) =>
        realServersOf(servers[0]!, hosts).find((host) => text !== '' && text === servers[0]!.service.answerOf(host))
          ?.name ?? text,
    )

/** @returns by virtual server, how many questions a round is */
export function askedIn({ cluster, hosts }: Pick<Inventory, 'cluster' | 'hosts'>, clients: number) {
  const counts = askedServicesOf(cluster).flatMap((service) =>
    service.servers.map(({ name }, place) => {
      const last = place === 0 && isWatched(service) ? lastQuestions(hosts) : 0
      return [name, clients * questions(hosts) + last] as const
    }),
  )
  return Object.fromEntries(counts)
}
