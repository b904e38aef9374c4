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
  read: (_, got) => answer(got.toString('latin1'), header),
})

/** @returns without text where the status is another than 200, or the header is missing */
function answer(got: string, header: string): Answer | undefined {
  // Some servers end their lines without a carriage return, as clients bear it (RFC 9112, 2.2).
  const [head = '', ...rest] = got.split(/\r?\n\r?\n/)
  if (rest.length === 0) return got.length > longestHead ? {} : undefined
  const [status, ...lines] = head.split(/\r?\n/)
  // What is told on the way to an answer is none (RFC 9110, 15.2).
  if (/^HTTP\/1\.1 1(?!01)\d\d /.test(`${status} `)) return answer(got.replace(/^[^]*?\n\r?\n/, ''), header)
  const values = lines.flatMap((one) =>
    one.toLowerCase().startsWith(`${header.toLowerCase()}:`) ? one.slice(header.length + 1).split(',') : [],
  )
  // Who passes an answer on puts itself behind those before it: clients are answered by the last.
  const last = values.at(-1)
  if (!/^HTTP\/1\.[01] 200 /.test(`${status} `) || last === undefined) return {}
  return { text: asciiOf(Buffer.from(last.trim(), 'latin1')) }
}
