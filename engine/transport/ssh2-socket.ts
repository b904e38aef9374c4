import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { HostError } from '../base/errors.ts'
import type { SshSettings } from './ssh-config.ts'

/** A byte stream to a host's SSH server. */
export interface Link {
  stream: Duplex
  /** What the proxy program has said on stderr so far. */
  complaint(): string
  close(): void
}

/**
 * Opens the way to a host's SSH server: a TCP connection, or the proxy program that ssh_config names.
 * @param deadline ends the attempt
 * @throws HostError with the reason
 */
export async function dial(settings: SshSettings, deadline: AbortSignal, name: string): Promise<Link> {
  if (settings.proxy) return startProxy(settings.proxy)
  const { hostname, port, bindAddress, family } = settings
  // Without delay: requests are small, and each waits for the answer to the one before.
  const socket = connect({ host: hostname, port, noDelay: true, localAddress: bindAddress, family })
  try {
    await once(socket, 'connect', { signal: deadline })
  } catch (error) {
    socket.destroy()
    throw new HostError(`${name}: ${whyNoConnection(error as NodeJS.ErrnoException, `${hostname} port ${port}`)}`)
  }
  return { stream: socket, complaint: () => '', close: () => socket.destroy() }
}

function whyNoConnection({ name, code, message }: NodeJS.ErrnoException, where: string): string {
  if (name === 'AbortError') return `no answer from ${where} in time: is the host up, and is the address right?`
  if (code === 'ECONNREFUSED') return `${where} refused the connection: is sshd running there, on this port?`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the name in ${where} does not resolve: is it spelt right?`
  return `${where} can't be reached (${code ?? message}): check the address and the network`
}

function startProxy([program, ...args]: string[]): Link {
  // A process group of its own: Ctrl-C at the terminal must not cut the way before all is undone.
  const child = spawn(program!, args, { detached: true })
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  child.on('error', (error) => {
    complaint += error.message
  })
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin })
  const close = () => {
    stream.destroy()
    if (child.pid) endGroup(child.pid)
  }
  return { stream, complaint: () => complaint.trim(), close }
}

function endGroup(leader: number): void {
  try {
    process.kill(-leader)
  } catch {
    // It has ended by itself.
  }
}
