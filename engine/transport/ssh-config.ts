import { existsSync } from 'node:fs'
import { quote } from 'zx/core'
import { HostError } from '../base/errors.ts'
import { type Ended, runProgram } from './program.ts'
import { filesIn, filledCommand, pathsOf, tokensOf, whyNoPath } from './ssh-paths.ts'
import {
  type Algorithms,
  algorithmsOf,
  keyTypesOf,
  type Method,
  methodsOf,
  otherRsa,
  whyBeyond,
} from './ssh2-limits.ts'

/** How the inventory says that a host is reached; the user's ssh_config says the rest. */
export interface SshTarget {
  /** A name, an address, or a `Host` of ssh_config. */
  host: string
  user?: string
  port?: number
  /** The key to log in with: no other key is tried then, except those that ssh_config names for this host. */
  identity_file?: string
  /** An ssh_config to read in place of the user's and the system's. */
  config?: string
  /** `openssh`: its program logs in, also where that is slower. By default it does where nothing else can. */
  client?: 'auto' | 'openssh'
}

/** What OpenSSH would do for a host. */
export interface SshSettings {
  hostname: string
  port: number
  user: string
  /** Key files, whether they exist or not. */
  identityFiles: string[]
  /** Take only those keys out of the agent that are named by `identityFiles`. */
  identitiesOnly: boolean
  /** The socket of the agent. */
  agent?: string
  /** Existing known_hosts files. */
  knownHostsFiles: string[]
  /** The name in place of the host's in known_hosts. */
  hostKeyAlias?: string
  /** Existing files of `RevokedHostKeys`, and what else is named there. */
  revokedHostKeys: string[]
  /** Where ssh would look for host keys beside the files, and ssh2 doesn't. */
  otherSources: string[]
  /** Files of `CertificateFile`. */
  certificateFiles: string[]
  algorithms: Algorithms
  /** The types of keys that may log in, of those that ssh2 can use: `ssh-rsa`. */
  keyTypes: string[]
  /** OpenSSH may sign with RSA keys in a way that ssh2 can't be told. */
  otherRsa: boolean
  /** A setting that ssh2 can't do. */
  beyond?: string
  /** ControlPath: the socket of a connection that may be shared. */
  control?: string
  /** Kerberos may be tried. */
  gssapi: boolean
  /** The ways to log in that are allowed. */
  methods: Method[]
  /** Seconds, where ssh_config has them. */
  connectTimeout?: number
  /** The address to connect from. */
  bindAddress?: string
  /** IPv4 or IPv6 alone; 0 for both. */
  family: 0 | 4 | 6
  /** The program, with its arguments, whose stdin and stdout lead to the host. */
  proxy?: string[]
  /** Names of variables that ssh_config has sent to hosts, as patterns, and whether it sets some there. */
  environment: { sent: string[]; isSet: boolean }
  /** The jump hosts on the way, as ssh_config names them. */
  jump: string[]
  /** What the program ssh is told beside `plain`, as far as it knows it: an option that is too new for it would be refused. */
  newer: Record<string, string>
  /** What this way has in common with those to other hosts: the jump host, or else the server itself. */
  door: string
}

/**
 * Asks OpenSSH what it would do for a host: `ssh -G` evaluates Include, Match, ProxyJump and the like.
 * @param name the host's name in messages
 * @throws HostError where OpenSSH is missing or its configuration is in error
 */
export async function sshSettings(target: SshTarget, name: string): Promise<SshSettings> {
  // A quiet configuration would hide why it is refused; one that goes to the background is refused without a command, or -N.
  const words = ['-G', '-N', '-o', 'LogLevel=ERROR', ...sshOptions(target), '--', target.host]
  const asked = await runProgram('ssh', words)
  if (asked.code !== 0) throw new HostError(whyNoSettings(asked, name))
  const values = readSettings(asked.stdout)
  const one = (key: string) => values.get(key)?.[0] ?? ''
  const given = (key: string) => (one(key) === 'none' ? '' : one(key))

  if (target.identity_file && !existsSync(target.identity_file))
    throw new HostError(`${name}: the key file ${target.identity_file} does not exist`)
  const hostname = one('hostname')
  const port = Number(one('port'))
  const user = one('user')
  const algorithms = algorithmsOf(one)
  const methods = methodsOf(one)

  const [jumps, command, alias] = [given('proxyjump'), given('proxycommand'), one('hostkeyalias')]
  const tokens = tokensOf({ host: target.host, hostname, port: String(port), user, jump: jumps, alias })
  const jump = filledCommand(jumps, tokens)
  const paths = (setting: string) => pathsOf(setting, values.get(setting.toLowerCase()) ?? [], tokens, name)
  const files = (setting: string) => {
    const { fill } = paths(setting)
    return (values.get(setting.toLowerCase()) ?? []).filter((file) => file !== 'none').map(fill)
  }
  const list = (setting: string) => filesIn(given(setting.toLowerCase()), paths(setting).fill)
  const seconds = Number(given('connecttimeout'))
  const newer = Object.fromEntries(Object.entries(plainNewer).filter(([key]) => values.has(key.toLowerCase())))
  return {
    hostname,
    port,
    user,
    identityFiles: files('IdentityFile'),
    identitiesOnly: one('identitiesonly') === 'yes',
    agent: agentSocket(paths('IdentityAgent').fill(one('identityagent'))),
    knownHostsFiles: [
      ...list('UserKnownHostsFile'),
      // The system's has no variables and no tokens.
      ...filesIn(given('globalknownhostsfile'), paths('GlobalKnownHostsFile').home),
    ].filter((file) => file !== 'none' && existsSync(file)),
    hostKeyAlias: alias || undefined,
    revokedHostKeys: list('RevokedHostKeys'),
    otherSources: [
      ...(given('knownhostscommand') ? ['KnownHostsCommand'] : []),
      ...(/^(yes|true)$/.test(one('verifyhostkeydns')) ? ['VerifyHostKeyDNS'] : []),
    ],
    certificateFiles: files('CertificateFile'),
    algorithms,
    keyTypes: keyTypesOf(one),
    otherRsa: otherRsa(one),
    beyond: whyBeyond(given, algorithms, methods),
    control: paths('ControlPath').fill(given('controlpath')) || undefined,
    gssapi: /^(yes|true)$/.test(one('gssapiauthentication')),
    methods,
    connectTimeout: seconds || undefined,
    bindAddress: given('bindaddress') || undefined,
    family: ({ inet: 4, inet6: 6 } as const)[one('addressfamily')] ?? 0,
    newer,
    environment: {
      sent: (values.get('sendenv') ?? []).flatMap((line) => line.split(' ')),
      isSet: values.has('setenv'),
    },
    jump: jump ? jump.split(',') : [],
    proxy: proxy(jump, command && filledCommand(command, tokens), { name, target, hostname, port, user, newer }),
    door: jump || command || `${hostname}:${port}`,
  }
}

/** Of what a configuration may have for a person's session, what older OpenSSH does not have: before 8.7, 8.5, and 9.6. */
const plainNewer = {
  ChannelTimeout: 'none',
  StdinNull: 'no',
  ForkAfterAuthentication: 'no',
  SessionType: 'default',
  LogVerbose: 'none',
}

/** @returns options as `-o` takes them */
export const set = (options: Record<string, string | number>): string[] =>
  Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])

/**
 * The command with which a person reaches the same host by hand.
 * @returns words that are quoted for a shell
 */
export const sshCommand = (target: SshTarget): string =>
  ['ssh', ...sshOptions(target), target.host].map(quote).join(' ')

/** @returns the words that tell the program ssh what the inventory says of a host, but for its name */
export function sshOptions({ config, user, port, identity_file }: SshTarget): string[] {
  return [
    ...(config ? ['-F', config] : []),
    ...(user ? ['-l', user] : []),
    ...(port ? ['-p', String(port)] : []),
    ...(identity_file ? [...keyWords(identity_file), '-o', 'IdentitiesOnly=yes'] : []),
  ]
}

/** A `%` in a name is none of ssh_config's tokens; `-i` looks for the file before it fills them in, and so can't be told. */
const keyWords = (file: string): string[] =>
  file.includes('%') ? set({ IdentityFile: `"${file.replaceAll('%', '%%')}"` }) : ['-i', file]

function whyNoSettings({ code, stderr }: Ended, name: string): string {
  if (code === undefined) return `${name}: the OpenSSH client is not installed here: apt install openssh-client`
  // Its last line only counts them.
  const lines = stderr.trim().split('\n')
  const mistakes = lines.filter((line) => !/: terminating, \d+ bad/.test(line))
  const noPath = whyNoPath(stderr)
  if (noPath) return `${name}: ${noPath}`
  return `${name}: ssh could not read its settings: ${(mistakes.length > 0 ? mistakes : lines).map((line) => line.trim()).join('; ')}`
}

/** `ssh -G` prints a setting a line, `key value`, and a key again for each further value. */
function readSettings(printed: string): Map<string, string[]> {
  const values = new Map<string, string[]>()
  for (const line of printed.split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? []
    if (key && value) values.set(key, [...(values.get(key) ?? []), value])
  }
  return values
}

function agentSocket(setting: string): string | undefined {
  if (setting === 'none') return undefined
  if (setting === '' || setting === 'SSH_AUTH_SOCK') return process.env.SSH_AUTH_SOCK
  return setting.startsWith('$') ? process.env[setting.replace(/[${}]/g, '')] : setting
}

interface Destination {
  name: string
  target: SshTarget
  hostname: string
  port: number
  user: string
  newer: Record<string, string>
}

/** What OpenSSH itself would start in place of a TCP connection; it verifies the jump hosts' keys then. */
function proxy(jump: string, command: string, to: Destination): string[] | undefined {
  if (jump) {
    const hops = jump.split(',')
    const last = hops.pop()!
    // -W says that itself.
    const { SessionType: _said, ...newer } = to.newer
    return [
      'ssh',
      ...(to.target.config ? ['-F', to.target.config] : []),
      // Many hosts are reached at once: none can ask questions on the terminal.
      // Why the jump host can't reach the next one is information to it, and no error.
      ...set({ BatchMode: 'yes', StrictHostKeyChecking: 'yes', LogLevel: 'INFO', ...newer }),
      ...(hops.length > 0 ? ['-J', hops.join(',')] : []),
      ...['-W', `[${to.hostname}]:${to.port}`],
      '--',
      last.startsWith('ssh://') ? last : `ssh://${last}`,
    ]
  }
  if (!command) return undefined
  // A shell reads this line, so what goes into it has to be a plain word; newer OpenSSH checks that by itself.
  const strange = [to.hostname, to.user, to.target.host].find((word) => !/^\w[\w.:%@+-]*$/.test(word))
  if (strange) throw new HostError(`${to.name}: "${strange}" can't be part of the ProxyCommand that ssh_config gives`)
  return [process.env.SHELL || '/bin/sh', '-c', `exec ${command}`]
}
