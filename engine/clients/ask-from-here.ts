import { createSocket, type Socket } from 'node:dgram'
import { on, once } from 'node:events'
import { connect } from 'node:net'
import { decode, encode, type Packet, streamEncode } from 'dns-packet'
import type { Question, Replies, Server } from './question.ts'

/** Milliseconds to wait for an answer. */
const patience = 2000

/** `Client.ask` from this machine (RFC 1035; over TCP with the length before each message, 4.2.2). */
export async function askFromHere(server: Server, questions: readonly Question[]): Promise<Replies> {
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
    for (const [id, { protocol, name }] of questions.entries()) {
      const query: Packet = { type: 'query', id, flags: 0, questions: [{ type: 'TXT', name }] }
      const answer = protocol === 'TCP' ? askByTcp(server, query) : open().then((socket) => askByUdp(socket, query))
      texts.push(textOf(await orNothing(answer)))
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

/** The socket is connected: it hears of a port that refuses, and takes answers from the server alone. */
async function askByUdp(socket: Socket, query: Packet): Promise<Packet | undefined> {
  const messages = on(socket, 'message', { signal: AbortSignal.timeout(patience) })
  socket.send(encode(query))
  for await (const [message] of messages as AsyncIterable<[Buffer]>) {
    const answer = answerTo(query, message)
    if (answer) return answer
  }
}

async function askByTcp({ address, port }: Server, query: Packet): Promise<Packet | undefined> {
  const socket = connect({ host: address, port, family: 4, signal: AbortSignal.timeout(patience) })
  socket.write(streamEncode(query))
  let got = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    got = Buffer.concat([got, chunk])
    if (got.length >= 2 && got.length - 2 >= got.readUInt16BE(0)) return answerTo(query, got.subarray(2))
  }
}

/** @returns undefined for a message that is no answer to this query */
function answerTo(query: Packet, message: Buffer): Packet | undefined {
  try {
    const packet = decode(message)
    return packet.type === 'response' && packet.id === query.id ? packet : undefined
  } catch {
    // The message is untrusted; the decoder throws many kinds of errors.
    return undefined
  }
}

/** @returns the first string of the first TXT record, as a terminal may have it */
function textOf(answer: Packet | undefined): string | undefined {
  const record = answer?.answers?.find(({ type }) => type === 'TXT')
  // The decoder gives each string as bytes.
  const [first] = (record as { data: Buffer[] } | undefined)?.data ?? []
  return first?.toString('latin1').replaceAll(/[^ -~]/g, '?')
}
