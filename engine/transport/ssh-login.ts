import { HostError } from '../base/errors.ts'
import type { Beyond, Connection, LoginOptions, Prepare } from './connection.ts'
import { knownHost } from './known-hosts.ts'
import { whyOpenSsh } from './openssh-needed.ts'
import { openSshLogin } from './openssh.ts'
import { type SshTarget, sshSettings } from './ssh-config.ts'
import { backOff, throughDoor } from './ssh-door.ts'
import { ssh2Login } from './ssh2-login.ts'

/**
 * Logs in to a host: by ssh2, which is faster, or by OpenSSH's own program where that alone can do what `ssh -G` says.
 * @throws HostError with the reason and what to do next
 */
export async function logIn(target: SshTarget, options: LoginOptions): Promise<Connection> {
  const { name } = options
  const settings = await sshSettings(target, name)
  const known = await knownHost(settings)
  const way = { settings, known, target, options }
  const seconds = settings.connectTimeout ?? options.connectTimeout
  let reason = target.client === 'openssh' ? 'ssh.client' : await whyOpenSsh(settings, known, target)
  return throughDoor(settings.door, async () => {
    let refused: string | undefined
    if (!reason) {
      const found = await persist(ssh2Login(way), seconds, name)
      if (!('beyond' in found)) return found
      reason = found.beyond
      refused = found.refused
    }
    options.detail?.(`${name}: by the program ssh, for ${reason}`)
    const found = await persist(openSshLogin(way), seconds, name).catch((error: Error) => {
      // It knows more of the keys than the program says.
      throw refused === undefined ? error : new HostError(`${name}: ${refused}`)
    })
    if ('beyond' in found) throw new HostError(`${name}: ${found.beyond}`)
    return found
  })
}

/** Attempts it until it has an answer or time is up: a busy sshd drops connections before it says who it is, by MaxStartups. */
async function persist(prepare: Prepare, seconds: number, name: string): Promise<Connection | Beyond> {
  const deadline = new AbortController()
  let dropped: string | undefined
  for (let attempt = 1; ; attempt++) {
    const logIn = await prepare()
    // What a busy machine of ours takes to prepare is no time of the host.
    if (attempt === 1) setTimeout(() => deadline.abort(), seconds * 1000).unref()
    try {
      const found = await logIn(deadline.signal)
      if (!('dropped' in found)) return found
      dropped = found.dropped
    } catch (error) {
      // Of an attempt that the time cut off, the one before says more.
      if (!dropped || !deadline.signal.aborted) throw error
    }
    if (!deadline.signal.aborted) await backOff(attempt, deadline.signal)
    if (deadline.signal.aborted)
      throw new HostError(`${name}: ${dropped}${attempt > 1 ? ` (${attempt} attempts)` : ''}`)
  }
}
