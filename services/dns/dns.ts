import { sh } from '../../engine/base/sh.ts'
import { establishedOn, type ServiceKind } from '../service.ts'
import { bindOn } from './bind.ts'
import { sightings } from './sightings.ts'
import { wire } from './wire.ts'
import { healthZone } from './zone.ts'

/** DNS by bind, which answers for a health zone with the identity of its node (the article's example). */
export const dns: ServiceKind = ({ service }) => {
  const { port, health_name, health_zone } = service
  const name = `${health_name}.${health_zone}`
  const answerOf = ({ identity }: { identity: string }) => `=${identity}=`
  return {
    port,
    protocols: ['UDP', 'TCP'],
    unit: 'named',
    packages: (facts) => bindOn(facts).packages,
    tasks: healthZone,
    healthCheck: (protocol) =>
      protocol === 'UDP'
        ? { type: 'DNS_CHECK', lines: ['type txt', `name ${name}.`] }
        : { type: 'TCP_CHECK', lines: [] },
    program: new URL('question.py', import.meta.url),
    ...wire,
    question: `%.${name}`,
    answerOf,
    selfCheckProgram: 'dig',
    selfCheck: (host) => sh`
dig @${host.address} -p ${port} +short +tries=3 +timeout=3 ${name}. TXT | grep -qF ${answerOf(host)} ||
  { echo ${`named does not answer on ${host.address}`} >&2; exit 1; }`,
    sightings,
    openConnections: establishedOn(port),
  }
}
