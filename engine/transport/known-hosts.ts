import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { $, quote } from 'zx/core'
import { runProgram } from './program.ts'
import { type SshSettings, type SshTarget, sshCommand } from './ssh-config.ts'

/** A host key from a known_hosts file. */
export interface KnownKey {
  file: string
  line: number
  type: string
  /** The key in base64. */
  key: string
  /** The file that revokes it: known_hosts itself, by `@revoked`, or one of `RevokedHostKeys`. */
  revokedBy?: string
  /** The key of a certificate authority, which is no host key. */
  authority: boolean
}

/** The keys that are known for a host, and the name that they are filed under. */
export interface KnownHost {
  /** `host`, `[host]:port` or the HostKeyAlias. */
  name: string
  keys: KnownKey[]
}

/**
 * Looks a host up in its known_hosts files as OpenSSH does, hashed names and ports included, through `ssh-keygen -F`.
 * A key stored without the port counts if no key is stored with the port.
 */
export async function knownHost(settings: SshSettings): Promise<KnownHost> {
  const { name, keys } = await inKnownHosts(settings)
  const revokedBy = async (key: KnownKey) => {
    for (const file of settings.revokedHostKeys) if (await isRevoked(key, file)) return file
    return key.revokedBy
  }
  return { name, keys: await Promise.all(keys.map(async (key) => ({ ...key, revokedBy: await revokedBy(key) }))) }
}

async function inKnownHosts({ hostname, port, hostKeyAlias, knownHostsFiles }: SshSettings): Promise<KnownHost> {
  if (hostKeyAlias) return { name: hostKeyAlias, keys: await find(hostKeyAlias, knownHostsFiles) }
  if (port === 22) return { name: hostname, keys: await find(hostname, knownHostsFiles) }
  const name = `[${hostname}]:${port}`
  const keys = await find(name, knownHostsFiles)
  return { name, keys: keys.length > 0 ? keys : await find(hostname, knownHostsFiles) }
}

const find = async (name: string, files: string[]): Promise<KnownKey[]> =>
  (await Promise.all(files.map((file) => findInFile(name, file)))).flat()

async function findInFile(name: string, file: string): Promise<KnownKey[]> {
  // Exit code 1: not found. What can't be read is not found either, and so refused.
  const { stdout } = await runProgram('ssh-keygen', ['-F', name, '-f', file])
  const found = stdout.matchAll(/^# Host .* found: line (\d+) ?(CA|REVOKED)?\s*\n(.+)/gm)
  return [...found].flatMap(([, line, marker, entry]) => {
    const [type, key] = entry!
      .trim()
      .split(/\s+/)
      .slice(marker ? 2 : 1)
    const revokedBy = marker === 'REVOKED' ? `${file} line ${line}` : undefined
    return [{ file, line: Number(line), type: type!, key: key!, revokedBy, authority: marker === 'CA' }]
  })
}

/** As OpenSSH has it: a list of public keys or a KRL, and a file that can't be read revokes all keys. */
async function isRevoked({ type, key }: KnownKey, file: string): Promise<boolean> {
  const content = await readFile(file).catch(() => undefined)
  if (!content) return true
  if (!content.subarray(0, 8).equals(Buffer.from('SSHKRL\n\0'))) return content.toString().split(/\s+/).includes(key)
  const line = `${type} ${key}`
  // ssh-keygen opens its stdin by name, which works with the shell's pipe and not with Node's.
  const asked = await $({ quiet: true, nothrow: true })`echo ${line} | ssh-keygen -Q -f ${file} /dev/stdin`
  return asked.exitCode !== 0
}

/** The keys of a host that may be trusted. */
const validKeys = ({ keys }: KnownHost) => keys.filter(({ revokedBy, authority }) => !revokedBy && !authority)

// RSA with SHA-1 is left out, as in OpenSSH since 8.8.
const algorithmsOfType: Record<string, string[]> = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
}

/** The host key algorithms to offer, those of known keys first, so that the server shows a key that is known. */
export function hostKeyAlgorithms(host: KnownHost, allowed: readonly string[]): string[] {
  const known = (type: string) => validKeys(host).some((key) => key.type === type)
  const types = Object.keys(algorithmsOfType)
  return [...types.filter(known), ...types.filter((type) => !known(type))]
    .flatMap((type) => algorithmsOfType[type]!)
    .filter((name) => allowed.includes(name))
}

/** @returns what else than a key in known_hosts ssh would know the host by; undefined where there is a key, or nothing else */
export function knownElsewhere(host: KnownHost, { otherSources }: SshSettings): string | undefined {
  if (validKeys(host).length > 0) return undefined
  return host.keys.some(({ authority }) => authority) ? '@cert-authority' : otherSources[0]
}

/**
 * Compares the server's host key with the known ones.
 * @param shown the public key as it travels in the protocol
 * @returns why the key is refused and what to do, or undefined where it is a known one
 */
export function whyRefused(host: KnownHost, shown: Buffer, target: SshTarget): string | undefined {
  const { name, keys } = host
  const base64 = shown.toString('base64')
  const revoked = keys.find((known) => known.revokedBy && known.key === base64)
  const valid = validKeys(host)
  if (!revoked && valid.some((known) => known.key === base64)) return undefined

  const described = describe(shown)
  if (revoked) return `the host key of ${name} is revoked (by ${revoked.revokedBy}): ${described}`
  const [other] = valid
  if (other)
    return (
      `the host key of ${name} has changed: ${described} is not the one in ${other.file} line ${other.line}; ` +
      `somebody may be in between.\nIf the change is expected: ssh-keygen -f ${quote(other.file)} -R ${quote(name)}, ` +
      `then accept the new key: ${sshCommand(target)}`
    )
  return (
    `the host key of ${name} is unknown: ${described}\n` +
    `Compare it on the host itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then accept it: ${sshCommand(target)}`
  )
}

/** The type and fingerprint of a key, as OpenSSH prints them. RFC 4253, 6.6: the key begins with its type. */
function describe(key: Buffer): string {
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString()
  return `${type} SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}
