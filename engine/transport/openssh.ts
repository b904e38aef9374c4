import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { $ } from 'zx/core'
import { HostError } from '../base/errors.ts'
import { type Askpass, askpass } from './askpass.ts'
import type { Channel, Connection, Login, Prepare, Way } from './connection.ts'
import { whyNothingInCommon } from './openssh-common.ts'
import { whyNoWay } from './jump-errors.ts'
import { isDropped, whyNoOpenSsh } from './openssh-errors.ts'
import { set, sshOptions, type SshSettings } from './ssh-config.ts'

/** Of what a configuration may have for a person's session, nothing happens in ours. */
const plain = ({ newer, environment }: SshSettings) => [
  ...['-T', '-a', '-x'],
  ...set({ RemoteCommand: 'none', PermitLocalCommand: 'no', ClearAllForwardings: 'yes', LogLevel: 'ERROR', ...newer }),
  ...set({ Tunnel: 'no', AddKeysToAgent: 'no' }),
  // Of several lines the first counts; none at all can't be said.
  ...(environment.isSet ? set({ SetEnv: 'KEEPALIVED_PLAYBOOKS=1' }) : []),
  // Whatever a configuration allows: an unknown key is never taken.
  ...set({ StrictHostKeyChecking: 'yes', UpdateHostKeys: 'no', NoHostAuthenticationForLocalhost: 'no' }),
]

/**
 * Logs in by OpenSSH's own program: one connection, which it keeps in the background for the scripts, or that of a
 * ControlMaster which is up. A connection that nobody ends goes ten minutes after the last script.
 */
export function openSshLogin(way: Way): Prepare {
  const { settings } = way
  return async () => {
    const shared = settings.control === undefined ? undefined : ['-S', settings.control]
    if (shared && (await masterIsUp(way, ...shared)))
      return async () => opened(way, { words: onto(shared), isUp: () => masterIsUp(way, ...shared), async close() {} })
    return (deadline) => attempt(way, deadline)
  }
}

/** @returns the words that put a command on the connection of a socket: without a place there, ssh would make another by itself */
const onto = (socket: readonly string[]): string[] => [
  ...socket,
  ...set({ ControlMaster: 'no', BatchMode: 'yes', ProxyCommand: 'false' }),
]

/** @returns whether the connection of the ControlMaster that ssh_config has for a host is open */
export const masterIsUp = (way: Reached, ...more: string[]): Promise<boolean> =>
  control('check', way, more).then(({ exitCode }) => exitCode === 0)

type Reached = Pick<Way, 'settings' | 'target'>
const control = (what: 'check' | 'exit', { settings, target }: Reached, more: readonly string[]) =>
  $({
    quiet: true,
    nothrow: true,
    timeout: '10s',
  })`ssh ${sshOptions(target)} ${set(settings.newer)} ${more} -O ${what} -- ${target.host}`

async function attempt(way: Way, deadline: AbortSignal): Promise<Login> {
  const { options } = way
  const folder = await mkdtemp(join(tmpdir(), 'ssh-'))
  const socket = ['-S', join(folder, 'master')]
  const asked = options.password === undefined ? undefined : await askpass(folder, options.password)
  const heard = join(folder, 'way')
  const words = [...socket, ...wayThere(way.settings, heard)]
  const start = (...more: string[]) => startMaster(way, [...more, ...words], deadline, asked)
  const again = (said: string) => said === '' && !deadline.aborted && !asked?.given()
  const { code, said: last } = await start()
    // That both sides have nothing in common is information to ssh, and no error.
    .then((ended) => (ended.code !== 0 && again(ended.said) ? start(...set({ LogLevel: 'INFO' })) : ended))
    .finally(() => asked?.close())
  if (code === 0) {
    const close = async () => {
      await control('exit', way, socket)
      await rm(folder, { recursive: true, force: true })
    }
    return opened(way, { words: onto(socket), isUp: () => masterIsUp(way, ...socket), close })
  }
  const onTheWay = await readFile(heard, 'utf8').catch(() => '')
  const said = onTheWay + last
  await rm(folder, { recursive: true, force: true })
  const { hostname, port } = way.settings
  const nothing =
    (await whyNoWay(onTheWay, way)) ??
    (await whyNothingInCommon(last, { where: `${hostname} port ${port}`, target: way.target }))
  // A program on the way that has said why it ended knows more than ssh, which sees the end alone.
  const ended = way.settings.jump.length === 0 && isDropped(last) && onTheWay.trim() !== '' && !isDropped(onTheWay)
  if (ended) throw new HostError(`${options.name}: the way to ${hostname} port ${port} failed: ${onTheWay.trim()}`)
  const why = nothing ?? whyNoOpenSsh(said, { ...way, late: deadline.aborted, passwordGiven: asked?.given() ?? false })
  // A password that was given is never given once more.
  if (nothing === undefined && isDropped(said) && !deadline.aborted && !asked?.given()) return { dropped: why }
  throw new HostError(`${options.name}: ${why}`)
}

/** What a jump host, or a ProxyCommand, says goes to a file: ssh shows nothing of it where the connection is to persist. */
function wayThere({ proxy }: SshSettings, file: string): string[] {
  if (!proxy) return []
  const quoted = [...proxy, file].map((word) => `'${word.replaceAll("'", "'\\''")}'`.replaceAll('%', '%%'))
  // The password is the host's own, and not one of a jump host.
  const unset = ['SSH_ASKPASS', 'SSH_ASKPASS_REQUIRE', 'ASKPASS_NODE', 'ASKPASS_SOCKET'].map((name) => `-u ${name}`)
  return set({ ProxyCommand: `env ${unset.join(' ')} ${quoted.slice(0, -1).join(' ')} 2>${quoted.at(-1)}` })
}

/** Has ssh log in and go on in the background. @returns how that ended, and what it said */
async function startMaster(
  { settings, target, options: { name, keepalive = 5, notice } }: Way,
  words: readonly string[],
  deadline: AbortSignal,
  asked: Askpass | undefined,
): Promise<{ code: number | null; said: string }> {
  const own = set({
    ControlMaster: 'yes',
    ControlPersist: 600,
    // Many hosts are reached at once: none can ask questions on the terminal.
    ...(asked ? { NumberOfPasswordPrompts: 1 } : { BatchMode: 'yes' }),
    ServerAliveInterval: keepalive,
    ServerAliveCountMax: 3,
  })
  // A process group of its own: Ctrl-C at the terminal must not cut the way before all is undone.
  // -N and -f come first: what is said twice is as it was said first.
  const all = ['-N', '-f', ...words, ...sshOptions(target), ...plain(settings), ...own, '--', target.host]
  const child = spawn('ssh', all, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...asked?.env },
  })
  const end = () => child.kill()
  deadline.addEventListener('abort', end)
  if (deadline.aborted) end()
  void asked?.again.then(end)
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
    if (/user presence/.test(String(chunk))) notice?.(`${name}: touch the security key`)
  })
  const [code] = await once(child, 'close')
  deadline.removeEventListener('abort', end)
  return { code, said }
}

/** What the program ssh itself needs. */
const needed = ['PATH', 'HOME', 'SSH_AUTH_SOCK']

/** @returns the environment without what ssh would send on: scripts read words of the host's programs, in no person's language */
function ownEnvironment(sent: readonly string[]): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => needed.includes(name) || !sent.some((pattern) => isMatch(name, pattern)),
  )
  return Object.fromEntries(kept)
}

/** Whether a name is of a pattern of ssh_config(5). */
const isMatch = (name: string, pattern: string): boolean => {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(name)
}

/** An open connection, and the words that put a command on it. */
interface Master {
  words: readonly string[]
  isUp(): Promise<boolean>
  close(): Promise<void>
}

const opened = ({ settings, target }: Way, { words, isUp, close }: Master): Connection => {
  // ssh's own 255 is also that of a script: whether the connection is there tells them apart.
  const ending = async (code: number | null) => (code === null || (code === 255 && !(await isUp())) ? undefined : code)
  return {
    user: settings.user,
    close,
    async start(command) {
      const child = spawn('ssh', [...sshOptions(target), ...plain(settings), ...words, '--', target.host, command], {
        detached: true,
        env: ownEnvironment(settings.environment.sent),
      })
      await once(child, 'spawn')
      const channel: Channel = {
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        on: (event, listener) => child.on(event, (code: number | null) => void ending(code).then(listener)),
        giveUp: () => child.kill('SIGKILL'),
        refusal: (stderr) =>
          /Session open refused by peer/.test(stderr) ? 'full' : isDropped(stderr) ? 'gone' : undefined,
      }
      return channel
    },
  }
}
