import { createRequire } from 'node:module'
import type { DecodedPacket, Packet, RecordType } from 'dns-packet'
import { type Answer, type Asking, asciiOf } from '../../engine/clients/question.ts'

// Loaded with the first question: no playbook's first line waits for it.
const packets = (): typeof import('dns-packet') => createRequire(import.meta.url)('dns-packet')

/**
 * DNS questions (RFC 1035; over TCP with the length before each message, 4.2.2). A question is a name, or a name and the type of
 * record behind a blank.
 * @param type of records that do not say who has answered: an answer is one that has any. Without it, a TXT record says so
 */
export const wire = (type?: RecordType): Pick<Asking, 'encode' | 'read'> => ({
  encode: (number, asked, protocol) => {
    const { encode, streamEncode, RECURSION_DESIRED } = packets()
    const questions = [{ type: type ?? 'TXT', name: asked.split(' ')[0]! } as const]
    const query: Packet = { type: 'query', id: number, flags: type ? RECURSION_DESIRED : 0, questions }
    return protocol === 'TCP' ? streamEncode(query) : encode(query)
  },
  read: (query, got, protocol) => {
    const read = (message: Buffer, answer: Buffer) => answerTo(message, answer, type ? textOfAny : textOf)
    if (protocol === 'UDP') return read(query, got)
    if (got.length < 2 || got.length - 2 < got.readUInt16BE(0)) return undefined
    return read(query.subarray(2), got.subarray(2))
  },
})

/** @returns undefined for a message that is no answer to this query */
function answerTo(query: Buffer, message: Buffer, text: typeof textOf): Answer | undefined {
  try {
    const packet = packets().decode(message)
    if (packet.type !== 'response' || packet.id !== query.readUInt16BE(0)) return undefined
    // A CNAME to nowhere comes with records, and says that the name is not there (RFC 6604, 3).
    return (message[3]! & 15) === 0 ? { text: text(packet) } : {}
  } catch {
    // The message is untrusted; the decoder throws many kinds of errors.
    return undefined
  }
}

/** @returns the first string of the first TXT record */
function textOf(answer: DecodedPacket): string | undefined {
  const record = answer.answers?.find(({ type }) => type === 'TXT')
  // The decoder gives each string as bytes.
  const [first] = (record as { data: Buffer[] } | undefined)?.data ?? []
  return first && asciiOf(first)
}

/** @returns nothing to read, where there is a record, or more than a datagram takes, which clients then get over TCP (RFC 2181, 9) */
const textOfAny = ({ answers, flag_tc: cut }: DecodedPacket): string | undefined =>
  answers?.length || cut ? '' : undefined
