import { createRequire } from 'node:module'
import type { Packet } from 'dns-packet'
import { type Answer, type Asking, asciiOf } from '../../engine/clients/question.ts'

// Loaded with the first question: no playbook's first line waits for it.
const packets = (): typeof import('dns-packet') => createRequire(import.meta.url)('dns-packet')

/** DNS questions for the TXT record of a name (RFC 1035; over TCP with the length before each message, 4.2.2). */
export const wire: Pick<Asking, 'encode' | 'read'> = {
  encode: (number, name, protocol) => {
    const query: Packet = { type: 'query', id: number, flags: 0, questions: [{ type: 'TXT', name }] }
    const { encode, streamEncode } = packets()
    return protocol === 'TCP' ? streamEncode(query) : encode(query)
  },
  read: (query, got, protocol) => {
    if (protocol === 'UDP') return answerTo(query, got)
    if (got.length < 2 || got.length - 2 < got.readUInt16BE(0)) return undefined
    return answerTo(query.subarray(2), got.subarray(2))
  },
}

/** @returns undefined for a message that is no answer to this query */
function answerTo(query: Buffer, message: Buffer): Answer | undefined {
  try {
    const packet = packets().decode(message)
    return packet.type === 'response' && packet.id === query.readUInt16BE(0) ? { text: textOf(packet) } : undefined
  } catch {
    // The message is untrusted; the decoder throws many kinds of errors.
    return undefined
  }
}

/** @returns the first string of the first TXT record */
function textOf(answer: Packet): string | undefined {
  const record = answer.answers?.find(({ type }) => type === 'TXT')
  // The decoder gives each string as bytes.
  const [first] = (record as { data: Buffer[] } | undefined)?.data ?? []
  return first && asciiOf(first)
}
