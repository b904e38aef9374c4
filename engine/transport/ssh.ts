import type { ClientChannel } from 'ssh2'
import SSH2Promise from 'ssh2-promise'
import { bashCall, talk } from './bash.ts'
import { HostError } from '../base/errors.ts'
import { hostKeyAlgorithms, knownHost, whyRefused } from './known-hosts.ts'
import { type Login, prepareLogin } from './ssh-auth.ts'
import { type SshSettings, type SshTarget, sshSettings } from './ssh-config.ts'
import { dial, type Link } from './ssh-socket.ts'
import { become, whyNotRoot } from './sudo.ts'
import type { Outcome, RunOptions, Transport } from './transport.ts'

export interface SshOptions {
  /** The host's name in the inventory, for messages. */
  name: string
  /** Seconds from the first packet to the end of the login. */
  connectTimeout: number
  /** The password to log in with, where no key is taken. */
  password?: string
  /** The password that sudo asks for. */
  becomePassword?: string
}

/** An open connection. */
interface Session {
  connection: InstanceType<typeof SSH2Promise.SSH>
  link: Link
  user: string
}

/**
 * Reaches a host by SSH, with the settings of the user's ssh_config, known host keys only, and sudo where the user
 * is not root.
 */
export function sshTransport(target: SshTarget, options: SshOptions): Transport {
  let opening: Promise<Session> | undefined
  const session = () => {
    opening ??= open(target, options)
    return opening
  }
  return {
    async connect() {
      await session()
    },
    async run(script, runOptions) {
      return await run(await session(), script, runOptions, options)
    },
    async close() {
      // A connection still being opened would outlive the run; a failed one needs no closing.
      const ending = opening
      opening = undefined
      const opened = await ending?.catch(() => undefined)
      await opened?.connection.close()
      opened?.link.close()
    },
  }
}

async function open(target: SshTarget, { name, connectTimeout, password }: SshOptions): Promise<Session> {
  const settings = await sshSettings(target, name)
  const known = await knownHost(settings)
  const login = await prepareLogin(settings, password)
  const deadline = AbortSignal.timeout(connectTimeout * 1000)
  const link = await dial(settings, deadline, name)
  deadline.addEventListener('abort', link.close)
  const failure: Failure = { settings, login, link, deadline }
  // Its own reconnecting would run a script again on another connection, or hang for a minute.
  const connection = new SSH2Promise.SSH({
    uniqueId: name,
    reconnect: false,
    sock: link.stream,
    username: settings.user,
    algorithms: { serverHostKey: hostKeyAlgorithms(known) },
    hostVerifier: (key) => {
      failure.hostKey = whyRefused(known, key, target) ?? 'known'
      return failure.hostKey === 'known'
    },
    authHandler: login.next,
    readyTimeout: 0,
    // A peer that went silent is noticed after half a minute, however long the script takes.
    keepaliveInterval: 10_000,
    keepaliveCountMax: 2,
  })
  try {
    await connection.connect()
  } catch (error) {
    link.close()
    throw new HostError(`${name}: ${whyNoLogin(failure, error as Error | null)}`)
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
}

/** @param error what ssh2-promise rejects with: null where the server just closed the connection */
function whyNoLogin({ settings, login, link, deadline, hostKey }: Failure, error: Error | null): string {
  const where = `${settings.hostname} port ${settings.port}`
  if (hostKey && hostKey !== 'known') return hostKey
  if (!hostKey && link.complaint()) return `the way to ${where} failed: ${link.complaint()}`
  if (deadline.aborted && !hostKey) return `${where} takes connections but does not speak SSH in time`
  if (!hostKey) return `no SSH connection to ${where}: ${error?.message ?? 'it was closed by the host'}`
  if (deadline.aborted) return `${where} did not finish the login in time`
  return `${where} refused ${settings.user} (${error?.message ?? 'connection closed'}): ${login.account()}`
}

async function run(
  { connection, link, user }: Session,
  script: string,
  { timeout, onStdout }: RunOptions,
  { name, becomePassword }: SshOptions,
): Promise<Outcome> {
  const call = bashCall(script)
  const { prefix, question } = become(user, becomePassword)
  const deadline = AbortSignal.timeout(timeout * 1000)
  let channel: ClientChannel | undefined
  deadline.addEventListener('abort', link.close)
  try {
    // Plain single quotes mean the same to every login shell; zx's own do not.
    channel = await connection.spawn(`exec ${prefix}${limit(timeout)} bash --norc -c '${call.program}'`)
    const { ready, stdout, stderr, code } = await talk(channel, call, { onStdout, question })
    if (deadline.aborted || code === undefined) throw new Error('lost')
    if (!ready) throw new HostError(whyNotRoot(name, user, stderr, code))
    return { stdout, stderr, code }
  } catch (error) {
    if (error instanceof HostError) throw error
    throw new HostError(whyNoOutcome(name, deadline.aborted ? timeout : undefined, channel ? undefined : error))
  } finally {
    deadline.removeEventListener('abort', link.close)
  }
}

// The host ends what we gave up. A signal over the connection would not do: sshd passes none on to root's processes.
const limit = (timeout: number) => `timeout -k 5 ${timeout + 2}`

/** @param refused the error where bash was never started */
function whyNoOutcome(name: string, timeout: number | undefined, refused: unknown): string {
  if (timeout !== undefined)
    return `${name}: a script took longer than ${timeout} s and is being stopped; run again, maybe with --timeout`
  if (refused) return `${name}: the connection takes no more commands (${(refused as Error).message}); run again`
  return `the connection to ${name} was lost while a script ran; it may or may not have finished: run again to see`
}
