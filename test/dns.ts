import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Service } from '../services/service.ts'
import type { Asked } from '../engine/clients/question.ts'
import { freePort } from '../lab/port.ts'
import { inventoryOf, onlyService } from './variants.ts'

/** DNS as the smallest inventory has it. */
export const dnsService: Service = onlyService(
  inventoryOf(`
cluster: { vip: 10.2.1.5, network: 10.2.1.0/24 }
hosts: { ns1: { address: 10.2.1.2 }, ns2: { address: 10.2.1.3 } }
`),
)

/** DNS on a port of this machine. */
export const dnsAt = (port: number): Asked => ({
  asking: dnsService.asking!,
  server: { address: '127.0.0.1', port },
})

/** What the responder does with a question. */
export type Mode = 'answer' | 'silent' | 'servfail' | 'nothing of use' | 'down'

/** A DNS responder for tests, on 127.0.0.1, over UDP and TCP on the same port. */
export interface Responder {
  port: number
  /** The names it was asked and what it did then, in order. */
  asked: { name: string; protocol: 'UDP' | 'TCP'; mode: Mode; from: number; recursion: boolean }[]
  /** The behaviour from now on; `down` refuses like a port without a listener. */
  turn(mode: Mode): Promise<void>
}

/** Starts a responder that answers every TXT question with the text. */
export async function startResponder(text: string): Promise<Responder> {
  const asked: Responder['asked'] = []
  let mode: Mode = 'answer'

  const respond = (query: Buffer, protocol: 'UDP' | 'TCP', from: number): Buffer[] => {
    asked.push({ name: nameOf(query), protocol, mode, from, recursion: (query[2]! & 1) === 1 })
    if (mode === 'silent' || mode === 'down') return []
    const stranger = Buffer.from(query)
    stranger.writeUInt16BE((query.readUInt16BE(0) + 1) & 0xffff, 0)
    stranger.writeUInt16BE(0x8402, 2)
    const answer = Buffer.from(query)
    // A response, authoritative; 2 is SERVFAIL.
    answer.writeUInt16BE(mode === 'servfail' ? 0x8402 : 0x8400, 2)
    if (mode !== 'answer') return [answer]
    answer.writeUInt16BE(2, 6)
    const said = Buffer.from(text)
    // A record of another type first, then TXT; both names point back to the question.
    const other = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1])
    const txt = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0, 0, said.length + 1, said.length])
    // An answer to another client may arrive first over UDP.
    return [...(protocol === 'UDP' ? [stranger] : []), Buffer.concat([answer, other, txt, said])]
  }

  let stop = () => {}
  const listen = async (port: number) => {
    const tcp = createServer((socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => {
        for (const answer of respond(data.subarray(2), 'TCP', socket.remotePort!)) {
          // In two pieces, cut within the length.
          const whole = Buffer.concat([Buffer.from([0, answer.length]), answer])
          socket.setNoDelay(true).write(whole.subarray(0, 1))
          setImmediate(() => socket.end(whole.subarray(1)))
        }
      })
    }).listen(port, '127.0.0.1')
    await once(tcp, 'listening')
    const udp = createSocket('udp4', (query, { port: from }) => {
      for (const answer of respond(query, 'UDP', from)) udp.send(answer, from, '127.0.0.1')
    })
    udp.bind(port, '127.0.0.1')
    await once(udp, 'listening')
    // What is silent must not keep the test from ending.
    tcp.unref()
    udp.unref()
    stop = () => {
      tcp.close()
      udp.close()
    }
  }
  const port = await freePort()
  await listen(port)
  return {
    port,
    asked,
    async turn(next) {
      if (next === 'down') stop()
      else if (mode === 'down') await listen(port)
      mode = next
    },
  }
}

function nameOf(query: Buffer): string {
  const labels: string[] = []
  for (let at = 12; query[at]! > 0; at += 1 + query[at]!)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  return labels.join('.')
}
