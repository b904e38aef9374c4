import { sh } from '../../engine/base/sh.ts'
import { connects, type ContentOf, establishedOn, type ServiceOfKind } from '../service.ts'
import { bindOn } from './bind.ts'
import { sightings } from './sightings.ts'
import { wire } from './wire.ts'
import { healthZone } from './zone.ts'

/** DNS by bind, which answers for a health zone with the identity of its node (the article's example). */
export const dns = (content: ContentOf<'dns'>): ServiceOfKind => {
  const { port, health_name, health_zone } = content
  const name = `${health_name}.${health_zone}`
  const answerOf = ({ identity }: { identity: string }) => `=${identity}=`
  return {
    port,
    protocols: ['UDP', 'TCP'],
    unit: 'named',
    isSetUp: true,
    packages: (facts) => bindOn(facts).packages,
    tasks: (target) => healthZone(target, content),
    healthCheck: (protocol) =>
      protocol === 'UDP'
        ? { type: 'DNS_CHECK', lines: ['type txt', `name ${name}.`] }
        : { type: 'TCP_CHECK', lines: [] },
    asking: { program: new URL('question.py', import.meta.url), ...wire(), question: `%.${name}` },
    answerOf,
    localCheck: connects(port),
    selfCheckProgram: 'dig',
    // Without the zone, named would ask others, and wait for them.
    selfCheck: (host, address) => sh`
said=$(dig @${address} -p ${port} +norecurse +tries=2 +timeout=2 ${name}. TXT 2>&1) || true
[[ $said == *${`"${answerOf(host)}"`}* ]] || {
  why=$(awk '/^;; communications error/ { sub(/.*: /, ""); print; exit }
    match($0, /status: [A-Z]+/) { print substr($0, RSTART + 8, RLENGTH - 8); exit }' <<<"$said")
  case $why in
  '') why=$(tail -n 1 <<<"$said") ;;
  NOERROR) why=${`no record ${answerOf(host)}`} ;;
  esac
  echo ${`named does not answer for ${name} on ${address}`} "($why)" >&2
  exit 1
}`,
    sightings,
    openConnections: establishedOn(port),
  }
}
