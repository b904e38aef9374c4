import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HostError } from '../../engine/base/errors.ts'
import { type SshOptions, sshTransport } from '../../engine/transport/ssh.ts'
import type { Outcome, Transport } from '../../engine/transport/transport.ts'
import type { Sshd } from './sshd.ts'

/** How a test reaches sshd; by default as root, by the key `user`. */
export interface Way extends Partial<SshOptions> {
  user?: string
  /** What known_hosts holds; by default sshd's key. */
  known?: string
  host?: string
  port?: number
  client?: Client
  /** The IdentityFile, `none` for none. */
  key?: string
  /** Further lines of ssh_config. */
  config?: string
}

/** By whom a login is made: ssh2, or the program of OpenSSH. */
export const clients = ['auto', 'openssh'] as const
export type Client = (typeof clients)[number]

/** Adds a test for each: the same, whoever makes the connection. */
export function each(name: string, run: (client: Client) => Promise<void>): void {
  for (const client of clients) test(`${name} (${client})`, () => run(client))
}

/** Seconds that a busy machine may take; what has to take too long says so itself. */
const patience = { connectTimeout: 120, startTimeout: 120 }

let count = 0

/** The files that the latest transport was made with. */
export const latest = (sshd: Sshd) => ({
  config: join(sshd.folder, `config_${count}`),
  knownHosts: join(sshd.folder, `known_hosts_${count}`),
})

/** The line of known_hosts for sshd. */
export const knownLine = ({ port, hostKey }: Sshd): string => `[127.0.0.1]:${port} ${hostKey}\n`

/** A transport to sshd that sees nothing of the user's own ssh_config, keys, agent or known_hosts. */
export async function reach(sshd: Sshd, way: Way = {}): Promise<Transport> {
  count++
  const { config, knownHosts } = latest(sshd)
  const key = way.key ?? join(sshd.folder, 'user')
  await writeFile(knownHosts, way.known ?? knownLine(sshd))
  await writeFile(
    config,
    `${way.config ?? ''}
Host *
UserKnownHostsFile ${knownHosts}
GlobalKnownHostsFile none
IdentityAgent none
IdentityFile ${key}
`,
  )
  const { user = 'root', host = '127.0.0.1', port = sshd.port, client } = way
  return sshTransport({ host, user, port, config, client }, { name: 'ns1', ...patience, ...way })
}

/** Connects, runs one script, disconnects. */
export async function execute(sshd: Sshd, way: Way, script: string): Promise<Outcome> {
  const transport = await reach(sshd, way)
  try {
    await transport.connect()
    return await transport.run(script, { timeout: 60 })
  } finally {
    await transport.close()
  }
}

/** The message of the HostError that something ends with. */
export async function refusal(doing: Promise<unknown>): Promise<string> {
  try {
    await doing
  } catch (error) {
    assert.instance(error, HostError, String(error))
    return (error as Error).message
  }
  throw new Error('it was not refused')
}
