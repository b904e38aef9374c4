import constants from 'ssh2/lib/protocol/constants.js'

/** What `ssh -G` prints of one setting; empty where it is not set. */
export type Setting = (key: string) => string

/** The algorithms that ssh2 may offer. */
export interface Algorithms {
  kex: string[]
  cipher: string[]
  hmac: string[]
  serverHostKey: string[]
}

// RSA with SHA-1 and DSA are left out, as in OpenSSH since 8.8.
const modern = (names: string[]) => names.filter((name) => name !== 'ssh-rsa' && name !== 'ssh-dss')

/** Of each kind: the setting, what ssh2 offers by itself, and what it can do. */
const kinds: Readonly<Record<keyof Algorithms, [setting: string, offered: string[], able: string[]]>> = {
  kex: ['kexalgorithms', constants.DEFAULT_KEX, constants.SUPPORTED_KEX],
  cipher: ['ciphers', constants.DEFAULT_CIPHER, constants.SUPPORTED_CIPHER],
  hmac: ['macs', constants.DEFAULT_MAC, constants.SUPPORTED_MAC],
  serverHostKey: [
    'hostkeyalgorithms',
    modern(constants.DEFAULT_SERVER_HOST_KEY),
    modern(constants.SUPPORTED_SERVER_HOST_KEY),
  ],
}

/** @returns what ssh_config allows and ssh2 can do, in ssh2's order, which is that of speed */
export function algorithmsOf(setting: Setting): Algorithms {
  const both = ([key, offered, able]: [string, string[], string[]]) => {
    const allowed = setting(key).split(',')
    const inOrder = [...offered, ...able.filter((name) => !offered.includes(name))]
    return inOrder.filter((name) => allowed.includes(name))
  }
  return {
    kex: both(kinds.kex),
    cipher: both(kinds.cipher),
    hmac: both(kinds.hmac),
    serverHostKey: both(kinds.serverHostKey),
  }
}

/** What ssh2 signs a login with, by the type of the key: of what a server takes for RSA, it can't be told another. */
const signatures: Readonly<Record<string, string>> = {
  'ssh-ed25519': 'ssh-ed25519',
  'ecdsa-sha2-nistp256': 'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384': 'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521': 'ecdsa-sha2-nistp521',
  'ssh-rsa': 'rsa-sha2-256',
}

/** @returns the types of keys that ssh_config lets log in, as far as ssh2 can */
export const keyTypesOf = (setting: Setting): string[] =>
  Object.keys(signatures).filter((type) => acceptedOf(setting).includes(signatures[type]!))

/** @returns whether OpenSSH may sign a login by RSA otherwise than ssh2 does */
export const otherRsa = (setting: Setting): boolean => acceptedOf(setting).includes('rsa-sha2-512')

// Before OpenSSH 8.5 it had another name.
const acceptedOf = (setting: Setting): string[] =>
  (setting('pubkeyacceptedalgorithms') || setting('pubkeyacceptedkeytypes')).split(',')

/** @returns whether ssh_config lets keys log in of which ssh2 lets none, or RSA keys in a way that it can't be told */
function keysBeyond(setting: Setting): boolean {
  const accepted = acceptedOf(setting)
  const rsa = accepted.includes('rsa-sha2-512') || accepted.includes('ssh-rsa')
  return keyTypesOf(setting).length === 0 || (rsa && !accepted.includes('rsa-sha2-256'))
}

/** The ways to log in that playbooks have, and the setting that each needs. */
const methods = {
  publickey: 'pubkeyauthentication',
  password: 'passwordauthentication',
  'keyboard-interactive': 'kbdinteractiveauthentication',
} as const
export type Method = keyof typeof methods

/** @returns the ways to log in that ssh_config allows and playbooks have */
export function methodsOf(setting: Setting): Method[] {
  const preferred = setting('preferredauthentications')
  return (Object.keys(methods) as Method[]).filter(
    (method) => !/^(no|false)$/.test(setting(methods[method])) && (!preferred || preferred.split(',').includes(method)),
  )
}

/** @returns what ssh_config asks for and ssh2 can't do, as the settings are called; undefined where it can do all */
export function whyBeyond(setting: Setting, algorithms: Algorithms, allowed: readonly Method[]): string | undefined {
  for (const kind of Object.keys(kinds) as (keyof Algorithms)[])
    if (algorithms[kind].length === 0) return `${kinds[kind][0]} ${setting(kinds[kind][0])}`
  if (allowed.includes('publickey') && keysBeyond(setting))
    return `pubkeyacceptedalgorithms ${acceptedOf(setting).join(',')}`
  if (allowed.length === 0) return `preferredauthentications ${setting('preferredauthentications')}`
  if (setting('proxyusefdpass') === 'yes') return 'proxyusefdpass'
  if (setting('bindinterface')) return 'bindinterface'
  if (allowed.includes('publickey') && setting('pkcs11provider')) return `pkcs11provider ${setting('pkcs11provider')}`
  if (/^(yes|true)$/.test(setting('hostbasedauthentication'))) return 'hostbasedauthentication'
  // Of keys that are shorter, of hosts as of users; 1024 is what OpenSSH has by itself.
  if (Number(setting('requiredrsasize')) > 1024) return `requiredrsasize ${setting('requiredrsasize')}`
  return undefined
}
