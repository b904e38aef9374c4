import { serviceOf } from '../../services/all.ts'
import type { Service } from '../../services/service.ts'
import { levelsThat } from '../../inventory/levels.ts'
import type { Host, Inventory } from '../../inventory/types.ts'
import { type Script, sh } from '../base/sh.ts'
import { type Answers, lastName } from './ask.ts'
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

/**
 * Turns on the service's log of questions and prints `watching`. After the last questions, or the timeout, it prints the
 * questions with our tag and brings the log back to how it was.
 * Below level 3 it prints `watching` and ends.
 * @param seconds after which it ends anyhow
 * @param level the level wanted; without one, that of the node
 */
export const watchScript = (
  { sightings }: Pick<Service, 'sightings'>,
  tag: string,
  seconds: number,
  level: number | undefined,
): Script => sh`
level=${level ?? sh`$(${printLevel})`}
case ${` ${levelsThat('keepsClients').join(' ')} `} in *" $level "*) ;; *) echo; echo ${watching}; exit 0 ;; esac
trap '' HUP PIPE
${sightings.begin}
began=$(date +%s)
echo
echo ${watching}
said() {
${sightings.print(tag)}
}
while [ $(($(date +%s) - began)) -lt ${seconds} ] && [ ! -e ${endFile(tag)} ]; do
  said | grep -qF ${`${tag}-${lastName}`} && break
  sleep 0.5
done
${sightings.end}
rm -f -- ${endFile(tag)}
said | sed 's/^/seen=/'; true`

const endFile = (tag: string) => `/run/${tag}.end`

/** Ends a watch for which no questions will come. */
export const endWatchScript = (tag: string): Script => sh`touch ${endFile(tag)}`

/** Reads what `watchScript` printed at its end. */
export const parseSightings = (text: string): Sighting[] =>
  [...text.matchAll(/^seen=(\S+) (\S+)$/gm)].map(([, address, name]) => ({ address: address!, name: name! }))

/**
 * Judges whether the nodes have seen a client's own address (article, level 3).
 * @param tag that of this client's questions
 * @param seen what each node has seen, by its name
 * @returns what is wrong
 */
export function judgeSightings(
  { cluster, hosts }: Inventory,
  answers: Answers,
  tag: string,
  seen: ReadonlyMap<string, readonly Sighting[]>,
): Finding[] {
  const { client } = answers
  const own = new Set([cluster.vip, ...hosts.flatMap((host) => addressesOf(host))])
  return serviceOf(cluster).protocols.flatMap((protocol) =>
    hosts
      .filter(({ name }) => answers[protocol].includes(name))
      .flatMap(({ name }) => {
        const ours = (seen.get(name) ?? []).filter((one) => one.name.startsWith(`${tag}-${protocol}-`))
        const finding = (code: Finding['code'], text: string, more = ''): Finding => ({
          code,
          node: name,
          about: `${client} ${protocol}${more}`,
          text: `${client}: ${protocol}: ${name} ${text}`,
        })
        if (ours.length === 0)
          return [finding('question-not-logged', 'answered, and its log in the journal has no such question')]
        const wrong = new Set(ours.map(({ address }) => address).filter((address) => own.has(address)))
        return [...wrong].map((address) =>
          finding('client-hidden', `saw ${address} instead of the client ${answers.source}`, ` ${address}`),
        )
      }),
  )
}

const addressesOf = (host: Host) => [host.address, ...(host.second ? [host.second.address] : [])]

/** The client address that the nodes saw: the client's own, or that of a NAT in between. */
export const seenAs = (tag: string, seen: ReadonlyMap<string, readonly Sighting[]>): string[] => [
  ...new Set([...seen.values()].flat().flatMap(({ name, address }) => (name.startsWith(`${tag}-`) ? [address] : []))),
]
