import type { Protocol } from './losses.ts'

/** Where a service listens. */
export interface Server {
  address: string
  port: number
}

/** A service where it listens. */
export interface Asked {
  asking: Asking
  server: Server
}

/** A question to a service. */
export interface Question {
  protocol: Protocol
  /** As the service wants it: a name, a path. */
  name: string
}

/** How a service is asked. */
export interface Asking {
  /** The name of a question, with `%` in place of its label, which no other question has. */
  question: string
  /** @returns the bytes to send; none where a connection over TCP is the answer. @param number tells the questions of a client apart */
  encode(number: number, name: string, protocol: Protocol): Buffer
  /**
   * Reads an answer, which is untrusted.
   * @param got a datagram, or all that came over the connection until now
   * @returns undefined while it is not whole, and for the answer to another question
   */
  read(query: Buffer, got: Buffer, protocol: Protocol): Answer | undefined
  /** The name of the server, where the service speaks TLS (RFC 6066, 3); without one it does not. */
  tls?: string
  /** A Python file that does all this on other machines: see `question.py`. */
  program: URL
}

/** @returns the name of a question. @param label letters, digits and dashes */
export const nameOf = ({ question }: Pick<Asking, 'question'>, label: string): string => question.replace('%', label)

/** @returns untrusted bytes as printable ASCII, with a question mark for each that is not */
export const asciiOf = (bytes: Buffer): string => bytes.toString('latin1').replaceAll(/[^ -~]/g, '?')

/** An answer; without text it is of no use. */
export interface Answer {
  /** Printable ASCII. */
  text?: string
}

/** What came of questions. */
export interface Replies {
  /** The address that they were asked from; empty where there is no way to the server. */
  source: string
  /** For each question the text of its answer, or undefined where it got no answer of use. */
  texts: (string | undefined)[]
}
