import { type Answer, type Asking, asciiOf } from '../../engine/clients/question.ts'

/** Bytes before a server is told to be none of HTTP. */
const longestHead = 65_536

/**
 * Requests over HTTP (RFC 9112), a connection each. A question is a URL; behind its `#` is the header that says who answered.
 * @param header whose value is the answer
 */
export const wire = (header: string): Pick<Asking, 'encode' | 'read'> => ({
  encode: (_, name) => {
    const { host, pathname, search } = new URL(name)
    return Buffer.from(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, 'latin1')
  },
  read: (_, got) => {
    const end = got.indexOf('\r\n\r\n')
    if (end < 0) return got.length > longestHead ? {} : undefined
    return answer(got.subarray(0, end), header)
  },
})

/** @returns without text where the status is another than 200, or the header is missing */
function answer(head: Buffer, header: string): Answer {
  const [status, ...lines] = head.toString('latin1').split('\r\n')
  const line = lines.find((one) => one.toLowerCase().startsWith(`${header.toLowerCase()}:`))
  if (!/^HTTP\/1\.[01] 200 /.test(`${status} `) || line === undefined) return {}
  return { text: asciiOf(Buffer.from(line.slice(header.length + 1).trim(), 'latin1')) }
}
