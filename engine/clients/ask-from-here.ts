import { createSocket, type Socket } from 'node:dgram'
import { on, once } from 'node:events'
import { connect } from 'node:net'
import type { Answer, Asking, Question, Replies, Server } from './question.ts'

/** Milliseconds to wait for an answer. */
const patience = 2000

/** `Client.ask` from this machine. */
export async function askFromHere(service: Asking, server: Server, questions: readonly Question[]): Promise<Replies> {
  // All sockets stay open until the end, so that no two questions come from the same port.
  const sockets: Socket[] = []
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
      const query = service.encode(number, name, protocol)
      const read = (got: Buffer) => service.read(query, got, protocol)
      const answer =
        protocol === 'TCP' ? askByTcp(server, query, read) : open().then((socket) => askByUdp(socket, query, read))
      texts.push((await orNothing(answer))?.text)
    }
    return { source: source ?? '', texts }
  } finally {
    for (const socket of sockets) socket.close()
  }
}

/** @returns undefined after a network error or timeout */
async function orNothing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    const { name, syscall } = error as NodeJS.ErrnoException
    if (name === 'AbortError' || syscall) return undefined
    throw error
  }
}

type Read = (got: Buffer) => Answer | undefined

/** The socket is connected: it hears of a port that refuses, and takes answers from the server alone. */
async function askByUdp(socket: Socket, query: Buffer, read: Read): Promise<Answer | undefined> {
  const messages = on(socket, 'message', { signal: AbortSignal.timeout(patience) })
  socket.send(query)
  for await (const [message] of messages as AsyncIterable<[Buffer]>) {
    const answer = read(message)
    if (answer) return answer
  }
}

async function askByTcp({ address, port }: Server, query: Buffer, read: Read): Promise<Answer | undefined> {
  const socket = connect({ host: address, port, family: 4, signal: AbortSignal.timeout(patience) })
  socket.write(query)
  let got = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    got = Buffer.concat([got, chunk])
    const answer = read(got)
    if (answer) return answer
  }
}
