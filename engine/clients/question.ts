import type { Protocol } from './losses.ts'

/** Where a DNS service listens. */
export interface Server {
  address: string
  port: number
}

/** A question for the TXT record of a name. */
export interface Question {
  protocol: Protocol
  /** No dot at its end. */
  name: string
}

/** What came of questions. */
export interface Replies {
  /** The address that they were asked from; empty where there is no way to the server. */
  source: string
  /** For each question the first string of the record, or undefined where it got no answer of use. */
  texts: (string | undefined)[]
}
