import { sh } from '../../engine/base/sh.ts'
import { wire } from '../dns/wire.ts'
import { type ContentOf, type ServiceOfKind } from '../service.ts'
import { recordOf } from './health.ts'

/** @returns how a name server of the user's is asked for the name that directors ask it for; undefined where those ask elsewhere */
export function nameServer({
  port,
  health,
}: ContentOf<'udp'>): Pick<ServiceOfKind, 'asking' | 'selfCheckProgram' | 'selfCheck'> | undefined {
  if (health?.dns === undefined || (health.port ?? port) !== port) return undefined
  const [name, record] = [health.dns, recordOf(health)]
  return {
    asking: { program: new URL('../dns/question.py', import.meta.url), ...wire(record), question: `${name} ${record}` },
    selfCheckProgram: 'host',
    selfCheck: (_, address) => sh`
said=$(host -W 2 -R 1 -p ${port} -t ${record} ${`${name}.`} ${address} 2>&1) || {
  echo ${`no name server answers for ${name} at UDP port ${port} of ${address}`} "($(tail -n 1 <<<"$said"))" >&2
  exit 1
}`,
  }
}
