import { bashCall, talk } from './bash.ts'
import { HostError } from '../base/errors.ts'
import type { Connection, LoginOptions } from './connection.ts'
import { goesOn } from './local.ts'
import type { SshTarget } from './ssh-config.ts'
import { logIn } from './ssh-login.ts'
import { become, whyNotRoot } from './sudo.ts'
import type { ExecutionOptions, Outcome, Transport } from './transport.ts'

export interface SshOptions extends LoginOptions {
  /** Seconds until the login shell, and sudo, must have come to the script; 30 unless told. */
  startTimeout?: number
  /** The password that sudo asks for. */
  becomePassword?: string
}

/** Connections to one host at the most: a server whose MaxSessions is 1 takes one script on each. */
const most = 8

/**
 * Reaches a host by SSH, with the settings of the user's ssh_config, known host keys only, and sudo where the user
 * is not root. A further connection is opened where the server takes no more scripts on those that are open.
 */
export function sshTransport(target: SshTarget, options: SshOptions): Transport {
  let sessions: Promise<Connection>[] = []
  const session = (index: number) => (sessions[index] ??= logIn(target, options))
  return {
    async connect() {
      await session(0)
    },
    async run(script, runOptions) {
      const own = sessions
      for (let index = 0; ; index++) {
        const outcome = await run(await session(index), script, runOptions, options)
        if (outcome !== 'full') return outcome
        if (index + 1 === most || own !== sessions)
          throw new HostError(`${options.name}: its sshd takes no more sessions: see MaxSessions in its sshd_config`)
      }
    },
    async close() {
      // A connection still being opened would outlive the run; a failed one needs no closing.
      const ending = sessions
      sessions = []
      const opened = await Promise.all(ending.map((one) => one.catch(() => undefined)))
      for (const one of opened) await one?.close()
    },
  }
}

/** @returns `full` where the server takes no more sessions on this connection */
async function run(
  { user, start }: Connection,
  script: string,
  { timeout, lasting, ...listen }: ExecutionOptions,
  { name, becomePassword, startTimeout = 30 }: SshOptions,
): Promise<Outcome | 'full'> {
  const call = bashCall(script, lasting ? undefined : timeout + 2)
  const { prefix, prompt } = become(user, becomePassword)
  // Plain single quotes mean the same to every login shell; zx's own do not.
  const words = call.words.map((word) => `'${word}'`)
  const noMore = (why: string) => new HostError(`${name}: the connection takes no more commands (${why}); run again`)
  const channel = await start(`exec ${prefix}${words.join(' ')}`).catch((error: Error) => {
    throw noMore(error.message)
  })
  if (channel === 'full') return 'full'
  let begun = false
  let late = false
  const giveUp = () => {
    late = true
    channel.giveUp(begun)
  }
  const starting = setTimeout(giveUp, startTimeout * 1000)
  const running = setTimeout(giveUp, timeout * 1000)
  const onBegin = () => {
    begun = true
    clearTimeout(starting)
  }
  const { came, stdout, stderr, code } = await talk(channel, call, { ...listen, prompt, onBegin })
  clearTimeout(starting)
  clearTimeout(running)
  const refusal = came === 'nowhere' ? channel.refusal(stderr) : undefined
  if (refusal === 'full') return 'full'
  if (refusal === 'gone') throw noMore('it has ended')
  if (came === 'ready' && (late || code !== undefined)) throw new HostError(`${name}: ${notWhole(user)}`)
  if (late) throw new HostError(`${name}: ${begun ? whyEnded(timeout, lasting) : whyNotBegun(user, stderr)}`)
  if (code === undefined) throw new HostError(whyLost(name))
  if (came === 'nowhere') throw new HostError(whyNotRoot(name, user, stderr, code))
  return { stdout, stderr, code }
}

const whyEnded = (timeout: number, lasting = false) =>
  `a script took longer than ${timeout} s ${lasting ? goesOn : 'and is being stopped; run again, maybe with --timeout'}`

function whyNotBegun(user: string, stderr: string): string {
  const where = `in the files of its login shell (.bashrc and the like)${user === 'root' ? '' : ', or in sudo'}`
  const last = stderr.trim().split('\n').at(-1)
  // sshd passes no signal on to root's processes.
  const rest = user === 'root' ? '; it may stay there until it ends by itself' : ''
  return `the login of ${user} comes to no script: something waits ${where}${last && ` (${last})`}${rest}`
}

const notWhole = (user: string) =>
  `a script did not arrive whole, so nothing of it ran: something in the files of the login shell of ${user} reads or closes stdin`

const whyLost = (name: string) =>
  `the connection to ${name} was lost while a script ran; it may or may not have finished: run again to see`
