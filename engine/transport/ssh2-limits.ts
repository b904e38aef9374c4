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

/** Of each kind: the setting, what ssh2 offers by itself, and what it can do. */
const kinds: Readonly<Record<keyof Algorithms, [setting: string, offered: string[], able: string[]]>> = {
  kex: ['kexalgorithms', constants.DEFAULT_KEX, constants.SUPPORTED_KEX],
  cipher: ['ciphers', constants.DEFAULT_CIPHER, constants.SUPPORTED_CIPHER],
  hmac: ['macs', constants.DEFAULT_MAC, constants.SUPPORTED_MAC],
  serverHostKey: ['hostkeyalgorithms', constants.DEFAULT_SERVER_HOST_KEY, constants.SUPPORTED_SERVER_HOST_KEY],
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
  if (allowed.length === 0) return `preferredauthentications ${setting('preferredauthentications')}`
  if (setting('proxyusefdpass') === 'yes') return 'proxyusefdpass'
  if (setting('bindinterface')) return 'bindinterface'
  return undefined
}
