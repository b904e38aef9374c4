import { connects, type ContentOf, type HealthCheck, type ServiceOfKind } from '../service.ts'

type Health = NonNullable<ContentOf<'tcp' | 'udp'>['health']>

/** @returns the check of directors that asks something else than the service's own port */
export function checkOf({ port, http, https, host, status, digest }: Health, otherwise: number): HealthCheck {
  const path = http ?? https
  const url = ['url {', `    path ${path}`, ...line('    status_code', status), ...line('    digest', digest), '}']
  return {
    type: path === undefined ? 'TCP_CHECK' : http === undefined ? 'SSL_GET' : 'HTTP_GET',
    lines: [
      ...(path === undefined ? [] : [...url, ...line('virtualhost', host)]),
      ...(https !== undefined && host !== undefined ? ['enable_sni'] : []),
      ...line('connect_port', port),
    ],
    port: port ?? otherwise,
  }
}

const line = (keyword: string, value: string | number | undefined) =>
  value === undefined ? [] : [`${keyword} ${value}`]

/** Whether curl tells as much of an answer: it knows good ones by their status, and no sum. */
const isForCurl = ({ http, https, status, digest }: Health) =>
  (http ?? https) !== undefined && status === undefined && digest === undefined

/** @returns how a node asks itself the same at level 1; without a page, or with one that curl can not judge, it connects */
export function localCheckOf(health: Health, otherwise: number): ServiceOfKind['localCheck'] {
  const { port = otherwise, http, https, host } = health
  if (!isForCurl(health)) return connects(port)
  const [scheme, path] = http === undefined ? ['https', https] : ['http', http]
  const named = host === undefined ? '' : ` -H Host:${host}`
  return ({ address }, timeout) =>
    `/usr/bin/curl -skf -m ${timeout} -o /dev/null${named} ${scheme}://${address}:${port}${path}`
}

/** @returns the packages that `localCheckOf` needs */
export const packagesOf = (health: Health | undefined): string[] => (health && isForCurl(health) ? ['curl'] : [])
