import type { FromSchema } from 'json-schema-to-ts'
import type { clusterCheckSchema } from '../../documents/parts/cluster.ts'
import { askedServicesOf, servedAddressesOf } from '../../services/virtual-server.ts'
import type { Service } from '../../services/service.ts'
import type { Host, Inventory } from '../../inventory/types.ts'
import { lines, type Script, sh } from '../base/sh.ts'
import { type Answers, labelOf, lastName } from './ask.ts'
import type { Finding } from '../cluster/finding.ts'
import { printLevel } from '../cluster/node-state.ts'

/** A question in the log of a node. */
export interface Sighting {
  name: string
  /** From where it came, as the node saw it. */
  address: string
}

/** The line after which a node keeps watch. */
export const watching = 'watching'

/** On a node: locked by each watch; and what exists while the log of a service is on for a watch alone. */
const lockFile = '/run/keepalived-playbooks-watch.lock'
const onFile = (service: string) => `/run/keepalived-playbooks-watch.${service}.on`

/**
 * Turns on the services' logs of questions and prints `watching`. After the last questions in each, or the timeout, it prints the
 * questions with our tag, and the last watch of a node brings the logs back to how they were. Where one can't be
 * turned on, it prints why.
 * At another level than those that are watched it prints `watching` and ends.
 * @param seconds after which it ends anyhow
 * @param level the level wanted; without one, that of the node
 */
export function watchScript(
  services: readonly Pick<Service, 'name' | 'sightings'>[],
  tag: string,
  seconds: number,
  level: number | undefined,
  watched: readonly number[],
): Script {
  const logs = services.flatMap(({ name, sightings }) => (sightings ? { on: onFile(name), sightings } : []))
  return sh`
level=${level ?? sh`$(${printLevel})`}
case ${` ${watched.join(' ')} `} in *" $level "*) ;; *) echo; echo ${watching}; exit 0 ;; esac
trap '' HUP PIPE
# The lock is nothing that the service's program may have: SELinux would forbid it.
exec 8>>${lockFile}
flock -s 8
${lines(
  ...logs.map(
    ({ on, sightings }) => sh`
(${sightings.isOn}) 8>&- || {
  touch ${on}
  why=$( (${sightings.on}) 2>&1 8>&-) || echo "blind=$(tail -n 1 <<<"$why")"
}`,
  ),
)}
began=$(date +%s)
echo
echo ${watching}
said() {
${lines(...logs.map(({ sightings }) => sightings.print(tag)), sh`true`)}
}
over() {
${lines(...logs.map(({ sightings }) => sh`(${sightings.print(tag)}) | grep -qF ${`${tag}-${lastName}`} || return 1`), sh`true`)}
}
while [ $(($(date +%s) - began)) -lt ${seconds} ] && [ ! -e ${endFile(tag)} ]; do
  over && break
  sleep 0.5
done
# A shared lock becomes an exclusive one when no other watch has it.
if flock -n 8; then
${lines(
  sh`:`,
  ...logs.map(({ on, sightings }) => sh`if [ -e ${on} ]; then (${sightings.off}) 2>/dev/null 8>&-; rm -f -- ${on}; fi`),
)}
fi
rm -f -- ${endFile(tag)}
said | sed 's/^/seen=/'; true`
}

const endFile = (tag: string) => `/run/${tag}.end`

/** Ends a watch for which no questions will come. */
export const endWatchScript = (tag: string): Script => sh`touch ${endFile(tag)}`

/** What a node has seen of the questions. */
export interface Watched {
  sightings: Sighting[]
  /** Why its log of questions could not be turned on. */
  blind?: string
}

/** Reads what `watchScript` printed. */
export const parseWatch = (text: string): Watched => ({
  sightings: [...text.matchAll(/^seen=(\S+) (\S+)$/gm)].map(([, address, name]) => ({
    address: address!,
    name: name!,
  })),
  blind: text.match(/^blind=(.*)$/m)?.[1],
})

/** How the nodes have seen a client. */
type Seen = FromSchema<typeof clusterCheckSchema>['seen'][number]

/**
 * @param tag that of this client's questions
 * @param watched what each node has seen, by its name
 */
export function seenAs(answers: Answers, tag: string, watched: ReadonlyMap<string, Watched>): Seen {
  const ours = (node: string) => sightingsOf(watched.get(node), `${tag}-`)
  const answered = new Set(Object.values(answers.answered).flat())
  return {
    client: answers.client,
    addresses: [...new Set([...watched.keys()].flatMap((node) => ours(node).map(({ address }) => address)))],
    unseen: [...watched]
      .filter(([node]) => answered.has(node) && ours(node).length === 0)
      .map(([node, { blind }]) => ({ node, why: blind ?? 'its log in the journal does not have the questions' })),
  }
}

/**
 * Judges whether the nodes have seen a client's own address (article, level 3). A question that is not in the log is no
 * finding: the log may be elsewhere, and a busy journal drops lines.
 * @param tag that of this client's questions
 * @param watched what each node has seen, by its name
 * @returns what is wrong
 */
export function judgeSightings(
  { cluster, hosts }: Inventory,
  answers: Answers,
  tag: string,
  watched: ReadonlyMap<string, Watched>,
): Finding[] {
  const { client, source } = answers
  const vips = servedAddressesOf(cluster).map(({ address }) => address)
  const own = new Set([...vips, ...hosts.flatMap((host) => addressesOf(host))])
  const servers = askedServicesOf(cluster).flatMap((service) => service.servers)
  return servers.flatMap((server) =>
    hosts.flatMap(({ name }) => {
      const seen = sightingsOf(watched.get(name), `${tag}-${labelOf(cluster, server)}-`).map(({ address }) => address)
      const wrong = new Set(seen.filter((address) => own.has(address)))
      return [...wrong].map((address): Finding => ({
        code: 'client-hidden',
        node: name,
        about: `${client} ${server.name} ${address}`,
        text: `${client}: ${server.name}: ${name} saw ${address} instead of the client ${source}`,
      }))
    }),
  )
}

const sightingsOf = (watched: Watched | undefined, start: string): Sighting[] =>
  watched?.sightings.filter(({ name }) => name.startsWith(start)) ?? []

const addressesOf = (host: Host) => [host.address, ...(host.second ? [host.second.address] : [])]
