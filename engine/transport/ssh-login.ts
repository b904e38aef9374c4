import SSH2Promise from 'ssh2-promise'
import { HostError } from '../base/errors.ts'
import { hostKeyAlgorithms, knownHost, whyNeverTrusted, whyRefused } from './known-hosts.ts'
import { type Login, prepareLogin } from './ssh-auth.ts'
import { type SshSettings, type SshTarget, sshSettings } from './ssh-config.ts'
import { backOff, throughDoor } from './ssh-door.ts'
import { dial, type Link } from './ssh-socket.ts'

export interface LoginOptions {
  /** The host's name in the inventory, for messages. */
  name: string
  /** Seconds from the first packet to the end of the login, unless ssh_config has a ConnectTimeout. */
  connectTimeout: number
  /** Seconds between two questions whether the host is still there; 5 unless told. After three without answer it is not. */
  keepalive?: number
  /** The password to log in with, where no key is taken. */
  password?: string
}

/** An open connection. */
export interface Connection {
  connection: InstanceType<typeof SSH2Promise.SSH>
  link: Link
  user: string
}

/** Logs in to a host. @throws HostError with the reason and what to do next */
export async function logIn(target: SshTarget, options: LoginOptions): Promise<Connection> {
  const settings = await sshSettings(target, options.name)
  return throughDoor(settings.door, async () => {
    const deadline = new AbortController()
    const seconds = settings.connectTimeout ?? options.connectTimeout
    let dropped: string | undefined
    for (let attempt = 1; ; attempt++) {
      const ready = await prepare(settings, target, options)
      // What a busy machine of ours takes to prepare is no time of the host.
      if (attempt === 1) setTimeout(() => deadline.abort(), seconds * 1000).unref()
      try {
        const found = await attemptLogin(settings, target, options, ready, deadline.signal)
        if (!('dropped' in found)) return found
        dropped = found.dropped
      } catch (error) {
        // Of an attempt that the time cut off, the one before says more.
        if (!dropped || !deadline.signal.aborted) throw error
      }
      // A busy sshd drops connections before it says who it is: MaxStartups.
      if (!deadline.signal.aborted) await backOff(attempt, deadline.signal)
      if (deadline.signal.aborted)
        throw new HostError(`${options.name}: ${dropped}${attempt > 1 ? ` (${attempt} attempts)` : ''}`)
    }
  })
}

/** What an attempt needs to know before its first packet. */
interface Ready {
  known: Awaited<ReturnType<typeof knownHost>>
  login: Login
}

/** @throws HostError where no attempt can succeed */
async function prepare(settings: SshSettings, target: SshTarget, { name, password }: LoginOptions): Promise<Ready> {
  const known = await knownHost(settings)
  const never = whyNeverTrusted(known, settings, target)
  if (never) throw new HostError(`${name}: ${never}`)
  const login = await prepareLogin(settings, password)
  if (login.hopeless) throw new HostError(`${name}: no way to log in as ${settings.user}: ${await login.account()}`)
  return { known, login }
}

async function attemptLogin(
  settings: SshSettings,
  target: SshTarget,
  { name, keepalive = 5 }: LoginOptions,
  { known, login }: Ready,
  deadline: AbortSignal,
): Promise<Connection | { dropped: string }> {
  const link = await dial(settings, deadline, name)
  deadline.addEventListener('abort', link.close)
  const failure: Failure = { settings, login, link, deadline }
  // Its own reconnecting would run a script again on another connection, or hang for a minute.
  const connection = new SSH2Promise.SSH({
    uniqueId: name,
    reconnect: false,
    sock: link.stream,
    username: settings.user,
    algorithms: { ...settings.algorithms, serverHostKey: hostKeyAlgorithms(known, settings.algorithms.serverHostKey) },
    hostVerifier: (key) => {
      failure.hostKey = whyRefused(known, key, target) ?? 'known'
      return failure.hostKey === 'known'
    },
    authHandler: login.next,
    readyTimeout: 0,
    // A peer that went silent is noticed after 20 s, before the host frees the lock of an operator who went silent.
    keepaliveInterval: keepalive * 1000,
    keepaliveCountMax: 3,
  })
  try {
    await connection.connect()
  } catch (error) {
    link.close()
    failure.error = error as Failure['error']
    if (wasDropped(failure)) return { dropped: await whyNoLogin(failure) }
    throw new HostError(`${name}: ${await whyNoLogin(failure)}`)
  } finally {
    deadline.removeEventListener('abort', link.close)
  }
  return { connection, link, user: settings.user }
}

/** What is known when a connection can't be made. */
interface Failure {
  settings: SshSettings
  login: Login
  link: Link
  deadline: AbortSignal
  /** Why the host key was refused, or `known`. */
  hostKey?: string
  /** What ssh2-promise rejects with: null where the server just closed the connection. */
  error?: (Error & { code?: string }) | null
}

/** Whether a server, or the jump host before it, took the connection and closed it before it had said anything. */
function wasDropped({ link, deadline, hostKey, error }: Failure): boolean {
  if (hostKey || deadline.aborted) return false
  if (link.complaint()) return /_exchange_identification:|Connection (closed|reset) by/.test(link.complaint())
  return !error || /ECONNRESET|EPIPE|PREMATURE_CLOSE|lost before handshake/.test(`${error.code} ${error.message}`)
}

async function whyNoLogin({ settings, login, link, deadline, hostKey, error }: Failure): Promise<string> {
  const where = `${settings.hostname} port ${settings.port}`
  if (hostKey && hostKey !== 'known') return hostKey
  if (!hostKey && link.complaint()) return `the way to ${where} failed: ${link.complaint()}`
  if (deadline.aborted && !hostKey) return `${where} takes connections but does not speak SSH in time`
  if (!hostKey) return `no SSH connection to ${where}: ${error?.message ?? 'it was closed by the host'}`
  if (deadline.aborted) return `${where} did not finish the login in time`
  return `${where} refused ${settings.user} (${error?.message ?? 'connection closed'}): ${await login.account()}`
}
