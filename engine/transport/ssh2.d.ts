// What the project uses of ssh2, on which ssh2-promise is built; neither package declares these types.
declare module 'ssh2' {
  import type { Socket } from 'node:net'
  import type { EventEmitter } from 'node:events'
  import type { Duplex, Readable, Writable } from 'node:stream'

  export interface ParsedKey {
    type: string
    comment: string
    isPrivateKey(): boolean
    /** The public key as it travels in the protocol. */
    getPublicSSH(): Buffer
  }

  export interface Agent {
    getIdentities(done: (error: Error | undefined, keys?: ParsedKey[]) => void): void
    /** Opens a connection to it. */
    getStream(done: (error?: Error, stream?: Socket) => void): void
  }

  export type AuthMethod =
    | { type: 'none'; username: string }
    | { type: 'publickey'; username: string; key: Buffer }
    | { type: 'agent'; username: string; agent: Agent }
    | { type: 'password'; username: string; password: string }
    | {
        type: 'keyboard-interactive'
        username: string
        prompt(
          name: string,
          instructions: string,
          language: string,
          prompts: { prompt: string; echo: boolean }[],
          finish: (answers: string[]) => void,
        ): void
      }

  export interface ConnectConfig {
    sock: Duplex
    username: string
    algorithms: { kex: string[]; cipher: string[]; hmac: string[]; serverHostKey: string[] }
    hostVerifier(key: Buffer): boolean
    /** @returns what to try next, or false to give up; `methodsLeft` is null before the server's first answer */
    authHandler(methodsLeft: string[] | null): AuthMethod | false
    /** In milliseconds; 0 is none. */
    readyTimeout: number
    /** In milliseconds. */
    keepaliveInterval: number
    keepaliveCountMax: number
  }

  export interface ClientChannel extends Duplex {
    stdin: Writable
    stdout: Readable
    stderr: Readable
    /** Sends a signal to what runs there, as `KILL`. */
    signal(name: string): void
    /** `code` is null after a signal, undefined where the connection went first. */
    on(event: 'close', listener: (code?: number | null) => void): this
    on(event: string, listener: (...args: never[]) => void): this
  }

  /** A connection, which ssh2-promise makes and keeps to itself. */
  export interface Client extends EventEmitter {
    connect(config: ConnectConfig): this
    exec(
      command: string,
      options: object,
      callback: (error: Error | undefined, channel: ClientChannel | undefined) => void,
    ): this
  }

  const ssh2: {
    Client: { prototype: Client }
    createAgent(socket: string): Agent
    utils: { parseKey(data: Buffer): ParsedKey | ParsedKey[] | Error }
  }
  export default ssh2
}

declare module 'ssh2/lib/protocol/constants.js' {
  const constants: Record<`${'DEFAULT' | 'SUPPORTED'}_${'KEX' | 'CIPHER' | 'MAC' | 'SERVER_HOST_KEY'}`, string[]>
  export default constants
}
