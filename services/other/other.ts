import { type Script, sh } from '../../engine/base/sh.ts'
import type { Asking } from '../../engine/clients/question.ts'
import type { Protocol } from '../../engine/clients/losses.ts'
import { bounded, connects, type ContentOf, establishedOn, type HealthCheck, type ServiceOfKind } from '../service.ts'

type Content = ContentOf<'tcp' | 'udp'>

/** A program of the user's over TCP. Whoever takes a connection has answered; which node that is stays unknown. */
export const tcp = (content: ContentOf<'tcp'>): ServiceOfKind => ({
  ...common(content, 'TCP', 'TCP_CHECK'),
  ...(content.check === undefined
    ? {
        asking,
        localCheck: connects(content.port),
        selfCheckProgram: 'timeout',
        selfCheck: (_, address) =>
          orSilent(sh`timeout 4 bash -c ${`: </dev/tcp/${address}/${content.port}`} 2>/dev/null`, content, address),
      }
    : // Where it takes a program to know, connections alone may do harm.
      byProgram(content.check, content)),
  openConnections: establishedOn(content.port),
})

/** A program of the user's over UDP. Nobody else knows what it would answer to, so that it is not asked. */
export const udp = (content: ContentOf<'udp'>): ServiceOfKind => ({
  ...common(content, 'UDP', 'UDP_CHECK'),
  ...(content.check === undefined
    ? {
        localCheck: () => `/usr/bin/grep -Eqs ${boundTo(content.port)} /proc/net/udp /proc/net/udp6`,
        selfCheckProgram: 'ss',
        selfCheck: (_, address) => orSilent(listensOn(address, content.port), content, address),
      }
    : byProgram(content.check, content)),
  openConnections: sh`echo 0`,
})

const common = ({ port, unit, check, health }: Content, protocol: Protocol, type: string) => ({
  port,
  protocols: [protocol],
  ...(unit !== undefined && { unit }),
  packages: () => [],
  tasks: () => [],
  healthCheck: () => (check !== undefined ? { program: check } : health ? checkOf(health, port) : { type, lines: [] }),
  answerOf: () => '',
})

/** @returns the check that asks something else than the service's own port */
function checkOf(
  { port, http, https, host, status, digest }: NonNullable<Content['health']>,
  otherwise: number,
): HealthCheck {
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

/** Nodes ask themselves by the program by which directors ask them, as the user who runs it there. */
const byProgram = (
  check: string,
  content: Content,
): Pick<ServiceOfKind, 'localCheck' | 'selfCheckProgram' | 'selfCheck'> => ({
  localCheck: ({ address }, timeout) => bounded(`${check} ${address} ${content.port}`, timeout),
  selfCheckProgram: check.split(' ')[0]!,
  selfCheck: (_, address) =>
    orSilent(
      sh`runuser -u nobody -- timeout 4 ${check.split(' ')} ${address} ${content.port} >/dev/null 2>&1`,
      content,
      address,
    ),
})

/** @returns a regular expression for a socket in /proc/net/udp, whatever its address; without blanks and backslashes, as keepalived takes it */
const boundTo = (port: number): string =>
  `^[[:space:]]*[0-9]+:[[:space:]][0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')}[[:space:]]`

/** A datagram that nobody answers shows nothing. */
const listensOn = (address: string, port: number): Script => {
  const places = ['0.0.0.0', '*', address].map((one) => one.replaceAll(/[.*]/g, '\\$&'))
  return sh`ss -Hlun sport = ${`:${port}`} | grep -qE ${` (${places.join('|')})(%\\S+)?:${port} `}`
}

const asking: Asking = {
  program: new URL('question.py', import.meta.url),
  question: '%',
  encode: () => Buffer.alloc(0),
  read: () => undefined,
}

const orSilent = (answers: Script, { type, port }: Content, address: string): Script => sh`
${answers} || {
  echo ${`nothing answers at ${type} port ${port} of ${address}`} >&2
  exit 1
}`
