import type { BashProcess } from './bash.ts'
import type { KnownHost } from './known-hosts.ts'
import type { SshSettings, SshTarget } from './ssh-config.ts'

export interface LoginOptions {
  /** The host's name in the inventory, for messages. */
  name: string
  /** Seconds from the first packet to the end of the login, unless ssh_config has a ConnectTimeout. */
  connectTimeout: number
  /** Seconds between two questions whether the host is still there; 5 unless told. After three without answer it is not. */
  keepalive?: number
  /** The password to log in with, where no key is taken. */
  password?: string
  /** Called with what a person has to do for the login: touch a security key. */
  notice?: (line: string) => void
  /** Called with what is good to know of the login: that it is made by the program `ssh`, and why. */
  detail?: (line: string) => void
}

/** What a login needs to know. */
export interface Way {
  settings: SshSettings
  known: KnownHost
  target: SshTarget
  options: LoginOptions
}

/** A command that runs on a host. */
export interface Channel extends BashProcess {
  /**
   * Gives it up. @param begun whether its script has come to run: one that has is ended by the host
   */
  giveUp(begun: boolean): void
  /** @returns why a command that printed this was never begun: no more sessions on this connection, or no connection */
  refusal(stderr: string): 'full' | 'gone' | undefined
}

/** An open connection to a host. */
export interface Connection {
  /** Who has logged in. */
  user: string
  /** Begins a command. @returns `full` where the server takes no more sessions on this connection @throws Error with why not */
  start(command: string): Promise<Channel | 'full'>
  close(): Promise<void>
}

/** What ssh2 can't do, and OpenSSH may. */
export interface Beyond {
  beyond: string
  refused?: string
}

/** What an attempt to log in came to: `dropped` and `beyond` say why there is no connection. */
export type Login =
  | Connection
  /** The server, or the jump host before it, hung up before it had said anything: it may be busy. */
  | { dropped: string }
  /** ssh2 and the server have nothing in common, or may have: `refused` says why there is no connection where OpenSSH has none either. */
  | Beyond

/**
 * A way to log in, once: what it returned has found out all that takes time on this machine, and is then called with what ends
 * the attempt. It throws HostError with the reason and what to do next.
 */
export type Prepare = () => Promise<(deadline: AbortSignal) => Promise<Login>>
