import { type Script, sh } from '../../engine/base/sh.ts'
import type { Asking } from '../../engine/clients/question.ts'
import type { Protocol } from '../../engine/clients/losses.ts'
import { bounded, connects, type ContentOf, establishedOn, type ServiceOfKind } from '../service.ts'

/** A program of the user's over TCP. Whoever takes a connection has answered; which node that is stays unknown. */
export const tcp = (content: ContentOf<'tcp'>): ServiceOfKind => ({
  ...other(content, 'TCP', 'TCP_CHECK'),
  // Where it takes a program to know, connections alone may do harm.
  ...(content.check === undefined && { asking }),
  localCheck: content.check === undefined ? connects(content.port) : asked(content),
  selfCheckProgram: 'timeout',
  selfCheck: (_, address) =>
    orSilent(sh`timeout 4 bash -c ${`: </dev/tcp/${address}/${content.port}`} 2>/dev/null`, content, address),
  openConnections: establishedOn(content.port),
})

/** A program of the user's over UDP. Nobody else knows what it would answer to, so that it is not asked. */
export const udp = (content: ContentOf<'udp'>): ServiceOfKind => ({
  ...other(content, 'UDP', 'UDP_CHECK'),
  localCheck:
    content.check === undefined ? () => `/usr/bin/grep -qs ${udpSocket(content.port)} /proc/net/udp` : asked(content),
  selfCheckProgram: 'ss',
  selfCheck: (_, address) =>
    orSilent(
      sh`ss -Hlun sport = ${`:${content.port}`} | grep -qE ${` (0\\.0\\.0\\.0|\\*|\\[::\\]|${address.replaceAll('.', '\\.')})(%\\S+)?:${content.port} `}`,
      content,
      address,
    ),
  openConnections: sh`echo 0`,
})

type Content = ContentOf<'tcp' | 'udp'>

const other = ({ port, unit, check }: Content, protocol: Protocol, type: string) => ({
  port,
  protocols: [protocol],
  ...(unit !== undefined && { unit }),
  packages: () => [],
  tasks: () => [],
  healthCheck: () => (check === undefined ? { type, lines: [] } : { program: check }),
  answerOf: () => '',
})

/** @returns how the kernel lists a socket that is bound to a port */
const udpSocket = (port: number) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`

const asked =
  ({ check, port }: Content): ServiceOfKind['localCheck'] =>
  ({ address }, timeout) =>
    bounded(`${check} ${address} ${port}`, timeout)

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
