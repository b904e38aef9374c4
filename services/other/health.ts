import type { Facts } from '../../engine/runner/facts.ts'
import { osOf } from '../../tasks/os/os.ts'
import { connects, type ContentOf, type HealthCheck, knowsName, type ServiceOfKind } from '../service.ts'

type Health = NonNullable<ContentOf<'tcp' | 'udp'>['health']>

/** @returns the check of directors that asks something else than the service's own port */
export function checkOf(health: Health, otherwise: number): HealthCheck {
  const { port = otherwise, dns, http, https, host, status, digest } = health
  const own = line('connect_port', health.port)
  if (dns !== undefined)
    return {
      type: 'DNS_CHECK',
      lines: [`type ${recordOf(health)}`, `name ${dns}.`, ...own],
      asks: { protocol: 'udp', toPort: port },
    }
  const path = http ?? https
  const url = ['url {', `    path ${path}`, ...line('    status_code', status), ...line('    digest', digest), '}']
  return {
    type: path === undefined ? 'TCP_CHECK' : http === undefined ? 'SSL_GET' : 'HTTP_GET',
    lines: [
      ...(path === undefined ? [] : [...url, ...line('virtualhost', host)]),
      ...(https !== undefined && host !== undefined ? ['enable_sni'] : []),
      ...own,
    ],
    asks: { protocol: 'tcp', toPort: port },
  }
}

const line = (keyword: string, value: string | number | undefined) =>
  value === undefined ? [] : [`${keyword} ${value}`]

/** @returns the type of record that is asked for */
export const recordOf = ({ record = 'A' }: Health) => record

/** Whether curl tells as much of an answer: it knows good ones by their status, and no sum. */
const isForCurl = ({ http, https, status, digest }: Health) =>
  (http ?? https) !== undefined && status === undefined && digest === undefined

/**
 * @returns how a node asks itself the same at level 1; without a name or a page, or with a page that curl can not judge, it
 *   connects
 */
export function localCheckOf(health: Health, otherwise: number): ServiceOfKind['localCheck'] {
  const { port = otherwise, dns, http, https, host } = health
  if (dns !== undefined) return knowsName(dns, { record: recordOf(health), port })
  if (!isForCurl(health)) return connects(port)
  const [scheme, path] = http === undefined ? ['https', https] : ['http', http]
  const named = host === undefined ? '' : ` -H Host:${host}`
  return ({ address }, timeout) =>
    `/usr/bin/curl -skf -m ${timeout} -o /dev/null${named} ${scheme}://${address}:${port}${path}`
}

/** @returns the packages that `localCheckOf` needs. @throws UserError for a host of an unknown operating system */
export function packagesOf(health: Health | undefined, facts: Facts): string[] {
  if (health?.dns !== undefined) return [osOf(facts).packages.checks.dns]
  return health && isForCurl(health) ? ['curl'] : []
}
