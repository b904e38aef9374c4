import { existsSync, readFileSync } from 'node:fs'
import { $ } from 'zx/core'
import { type KnownHost, knownElsewhere } from './known-hosts.ts'
import { masterIsUp } from './openssh.ts'
import type { SshSettings, SshTarget } from './ssh-config.ts'

/** @returns what only OpenSSH's own program can do of the way to a host; undefined where ssh2 can do it all */
export async function whyOpenSsh(
  settings: SshSettings,
  known: KnownHost,
  target: SshTarget,
): Promise<string | undefined> {
  return (
    settings.beyond ??
    knownElsewhere(known, settings) ??
    specialKeyFile(settings) ??
    (settings.control && (await masterIsUp({ settings, target }, '-S', settings.control))
      ? 'the open connection of ControlMaster'
      : undefined) ??
    (await specialKeyInAgent(settings)) ??
    (await ticket(settings))
  )
}

const certificate = 'a certificate'
const securityKey = 'a security key'

function specialKeyFile({ certificateFiles, identityFiles, methods }: SshSettings): string | undefined {
  if (!methods.includes('publickey')) return undefined
  const certificates = [...certificateFiles, ...identityFiles.map((file) => `${file}-cert.pub`)]
  if (certificates.some((file) => existsSync(file))) return certificate
  return identityFiles.some(isSecurityKey) ? securityKey : undefined
}

function isSecurityKey(file: string): boolean {
  try {
    return readFileSync(`${file}.pub`, 'utf8').startsWith('sk-')
  } catch {
    return false
  }
}

/** What agents hold, by their sockets: hosts share them. */
const listings = new Map<string, Promise<string>>()

/** ssh2 leaves these out. */
async function specialKeyInAgent({ agent, methods }: SshSettings): Promise<string | undefined> {
  if (!agent || !methods.includes('publickey')) return undefined
  const listing = listings.get(agent) ?? list(agent)
  listings.set(agent, listing)
  const types = (await listing).split('\n').map((line) => line.split(' ')[0]!)
  if (types.some((type) => type.includes('-cert-v01@'))) return `${certificate} of the agent`
  return types.some((type) => type.startsWith('sk-')) ? `${securityKey} of the agent` : undefined
}

async function list(agent: string): Promise<string> {
  const env = { ...process.env, SSH_AUTH_SOCK: agent }
  // One that hangs, as its hardware may, is found by the login as well.
  return (await $({ quiet: true, nothrow: true, env, timeout: '5s' })`ssh-add -L`).stdout
}

let tickets: Promise<boolean> | undefined

/** Many systems allow GSSAPI to all: it counts where there is a ticket. */
async function ticket({ gssapi }: SshSettings): Promise<string | undefined> {
  if (!gssapi) return undefined
  tickets ??= $({ quiet: true, nothrow: true })`klist -s`.then(({ exitCode }) => exitCode === 0)
  return (await tickets) ? 'the Kerberos ticket' : undefined
}
