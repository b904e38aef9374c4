import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { on, once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Answer, Asking, Question, Replies, Server } from './question.ts'

/** Milliseconds to wait for an answer. */
const patience = 2000

/** `Client.ask` from this machine. */
export async function askFromHere(asking: Asking, server: Server, questions: readonly Question[]): Promise<Replies> {
  // All sockets stay open until the end, so that no two questions come from the same port.
  const sockets: UdpSocket[] = []
  const open = async () => {
    const socket = createSocket('udp4')
    sockets.push(socket)
    // An error after the question was given up has no meaning.
    socket.on('error', () => {})
    socket.connect(server.port, server.address)
    await once(socket, 'connect')
    return socket
  }
  try {
    const source = await orNothing(open().then((socket) => socket.address().address))
    const texts: Replies['texts'] = []
    for (const [number, { protocol, name }] of questions.entries()) {
      const query = asking.encode(number, name, protocol)
      const read = (got: Buffer) => asking.read(query, got, protocol)
      const answer =
        protocol === 'TCP'
          ? askByTcp(server, asking.tls, query, read)
          : open().then((socket) => askByUdp(socket, query, read))
      texts.push((await orNothing(answer))?.text)
    }
    return { source: source ?? '', texts }
  } finally {
    for (const socket of sockets) socket.close()
  }
}

/** @returns undefined after an error of the network or of TLS, or a timeout */
async function orNothing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    const { name, syscall, code } = error as NodeJS.ErrnoException
    // What is wrong with TLS comes from OpenSSL, also after the handshake: a certificate of the client that is missing, say.
    if (name === 'AbortError' || syscall || code?.startsWith('ERR_SSL_')) return undefined
    throw error
  }
}

type Read = (got: Buffer) => Answer | undefined

/** The socket is connected: it hears of a port that refuses, and takes answers from the server alone. */
async function askByUdp(socket: UdpSocket, query: Buffer, read: Read): Promise<Answer | undefined> {
  const messages = on(socket, 'message', { signal: AbortSignal.timeout(patience) })
  socket.send(query)
  for await (const [message] of messages as AsyncIterable<[Buffer]>) {
    const answer = read(message)
    if (answer) return answer
  }
}

async function askByTcp(
  { address, port }: Server,
  tls: string | undefined,
  query: Buffer,
  read: Read,
): Promise<Answer | undefined> {
  const connection = connect({ host: address, port, family: 4, signal: AbortSignal.timeout(patience) })
  const socket = tls === undefined ? connection : inTls(connection, tls)
  if (query.length === 0) {
    await once(socket, 'connect')
    socket.destroy()
    return { text: '' }
  }
  socket.write(query)
  let got = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    got = Buffer.concat([got, chunk])
    const answer = read(got)
    if (answer) return answer
  }
}

/** Who answers is the question, and not whom a certificate is for: a self-signed one is as good. */
function inTls(connection: Socket, servername: string): TLSSocket {
  const socket = connectTls({ socket: connection, servername, rejectUnauthorized: false })
  connection.on('error', (error) => socket.destroy(error))
  return socket
}
