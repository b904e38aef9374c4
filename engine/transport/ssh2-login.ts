import type { ClientChannel } from 'ssh2'
import SSH2Promise from 'ssh2-promise'
import { HostError } from '../base/errors.ts'
import type { Channel, Connection, Login, Prepare, Way } from './connection.ts'
import { whyNoWay } from './jump-errors.ts'
import { isDropped } from './openssh-errors.ts'
import { hostKeyAlgorithms, whyRefused } from './known-hosts.ts'
import type { SshSettings } from './ssh-config.ts'
import { type Keys, prepareKeys } from './ssh2-auth.ts'
import { dial, type Link } from './ssh2-socket.ts'

/** Logs in by ssh2. */
export function ssh2Login(way: Way): Prepare {
  const { settings, options } = way
  return async () => {
    const keys = await prepareKeys(settings, options.password)
    if (keys.hopeless) throw new HostError(`${options.name}: no way to log in as ${settings.user}: ${keys.account()}`)
    return (deadline) => attempt(way, keys, deadline)
  }
}

async function attempt(way: Way, keys: Keys, deadline: AbortSignal): Promise<Login> {
  const {
    settings,
    known,
    target,
    options: { name, keepalive = 5 },
  } = way
  const link = await dial(settings, deadline, name)
  deadline.addEventListener('abort', link.close)
  const failure: Failure = { settings, keys, link, deadline }
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
    authHandler: keys.next,
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
    const noWay = failure.hostKey ? undefined : await whyNoWay(link.complaint(), way)
    if (noWay) throw new HostError(`${name}: ${noWay}`)
    if (wasDropped(failure)) return { dropped: whyNoLogin(failure) }
    const nothing = /no matching (.*)/.exec(failure.error?.message ?? '')
    if (nothing) return { beyond: nothing[1]! }
    const refused = whyNoLogin(failure)
    if (failure.error?.level === 'client-authentication' && keys.rsaRefused())
      return { beyond: 'an RSA key that was refused with rsa-sha2-256', refused }
    throw new HostError(`${name}: ${refused}`)
  } finally {
    deadline.removeEventListener('abort', link.close)
  }
  return opened(connection, link, settings.user)
}

const opened = (connection: InstanceType<typeof SSH2Promise.SSH>, link: Link, user: string): Connection => ({
  user,
  async start(command) {
    try {
      return channelOf(await connection.spawn(command), link)
    } catch (error) {
      if (typeof (error as { reason?: unknown }).reason === 'number') return 'full'
      throw error
    }
  },
  async close() {
    await connection.close()
    link.close()
  },
})

const channelOf = (channel: ClientChannel, link: Link): Channel =>
  Object.assign(channel, {
    giveUp(begun: boolean) {
      // A login shell that waits is ended by a signal alone.
      if (!begun) channel.signal('KILL')
      setTimeout(link.close, begun ? 0 : 500)
    },
    refusal: () => undefined,
  })

/** What is known when a connection can't be made. */
interface Failure {
  settings: SshSettings
  keys: Keys
  link: Link
  deadline: AbortSignal
  /** Why the host key was refused, or `known`. */
  hostKey?: string
  /** What ssh2-promise rejects with: null where the server just closed the connection. */
  error?: (Error & { code?: string; level?: string }) | null
}

/** Whether a server, or the jump host before it, took the connection and closed it before it had said anything. */
function wasDropped({ settings, link, deadline, hostKey, error }: Failure): boolean {
  if (hostKey || deadline.aborted) return false
  const said = link.complaint()
  // Of what a jump host says, as its banner, what ends the way is known.
  if (said && (settings.jump.length === 0 || isDropped(said))) return isDropped(said)
  return !error || /ECONNRESET|EPIPE|PREMATURE_CLOSE|lost before handshake/.test(`${error.code} ${error.message}`)
}

function whyNoLogin({ settings, keys, link, deadline, hostKey, error }: Failure): string {
  const where = `${settings.hostname} port ${settings.port}`
  if (hostKey && hostKey !== 'known') return hostKey
  const said = link.complaint()
  if (!hostKey && said && settings.jump.length === 0) return `the way to ${where} failed: ${said}`
  const more = said ? ` (on the way there: ${said})` : ''
  if (deadline.aborted && !hostKey) return `${where} takes connections but does not speak SSH in time${more}`
  if (!hostKey) return `no SSH connection to ${where}: ${error?.message ?? 'it was closed by the host'}${more}`
  if (deadline.aborted) return `${where} did not finish the login in time`
  return `${where} refused ${settings.user} (${error?.message ?? 'connection closed'}): ${keys.account()}`
}
