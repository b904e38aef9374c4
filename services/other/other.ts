import { type Script, sh } from '../../engine/base/sh.ts'
import type { Asking } from '../../engine/clients/question.ts'
import type { Facts } from '../../engine/runner/facts.ts'
import type { Protocol } from '../../engine/clients/losses.ts'
import { bounded, connects, type ContentOf, establishedOn, type ServiceOfKind } from '../service.ts'
import { checkOf, localCheckOf, packagesOf } from './health.ts'
import { nameServer } from './name-server.ts'

type Content = ContentOf<'tcp' | 'udp'>

/** A program of the user's over TCP. Whoever takes a connection has answered; which node that is stays unknown. */
export const tcp = (content: ContentOf<'tcp'>): ServiceOfKind => ({
  ...common(content, 'TCP', 'TCP_CHECK'),
  ...(content.check === undefined
    ? {
        asking,
        localCheck: content.health ? localCheckOf(content.health, content.port) : connects(content.port),
        selfCheckProgram: 'timeout',
        selfCheck: (_, address) =>
          orSilent(sh`timeout 4 bash -c ${`: </dev/tcp/${address}/${content.port}`} 2>/dev/null`, content, address),
      }
    : // Where it takes a program to know, connections alone may do harm.
      byProgram(content.check, content)),
  openConnections: establishedOn(content.port),
})

/**
 * A program of the user's over UDP. Nobody else knows what it would answer to, so that it is not asked, unless it is a name
 * server.
 */
export const udp = (content: ContentOf<'udp'>): ServiceOfKind => ({
  ...common(content, 'UDP', 'UDP_CHECK'),
  ...(content.check === undefined
    ? {
        localCheck: content.health ? localCheckOf(content.health, content.port) : isBound(content.port),
        ...(nameServer(content) ?? {
          selfCheckProgram: 'ss',
          selfCheck: (_, address) => orSilent(listensOn(address, content.port), content, address),
        }),
      }
    : byProgram(content.check, content)),
  openConnections: sh`echo 0`,
})

const common = ({ port, unit, check, health }: Content, protocol: Protocol, type: string) => ({
  port,
  protocols: [protocol],
  ...(unit !== undefined && { unit }),
  packages: (facts: Facts) => packagesOf(health, facts),
  tasks: () => [],
  healthCheck: () => (check !== undefined ? { program: check } : health ? checkOf(health, port) : { type, lines: [] }),
  answerOf: () => '',
})

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

/** Nobody answers an empty datagram: what shows is a socket. */
const isBound = (port: number) => () => `/usr/bin/grep -Eqs ${boundTo(port)} /proc/net/udp /proc/net/udp6`

/** @returns a regular expression for a socket in /proc/net/udp, whatever its address; without blanks and backslashes, as keepalived takes it */
const boundTo = (port: number): string =>
  `^[[:space:]]*[0-9]+:[[:space:]][0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')}[[:space:]]`

/** A datagram that nobody answers shows nothing. */
const listensOn = (address: string, port: number): Script => {
  // A socket of IPv6 has IPv4 addresses in brackets.
  const places = ['0.0.0.0', '*', address, `[::ffff:${address}]`].map((one) => one.replaceAll(/[.*[\]]/g, '\\$&'))
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
