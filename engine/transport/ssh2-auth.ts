import { existsSync, readFileSync } from 'node:fs'
import ssh2, { type Agent, type AuthMethod, type ParsedKey } from 'ssh2'
import type { SshSettings } from './ssh-config.ts'

/** One way to log in, and what to call it in messages. */
interface Attempt {
  label: string
  method: AuthMethod
  /** The type of a key. */
  type?: string
}

/** The ways to log in to a host, in order, with an account of what became of them. */
export interface Keys {
  /** ssh2's authHandler. */
  next(methodsLeft: string[] | null): AuthMethod | false
  /** What was tried and what could not be, for a login that failed. */
  account(): string
  /** Nothing can be tried: neither a key nor a password. */
  hopeless: boolean
  /**
   * An RSA key was tried, and no password: a server may take it with rsa-sha2-512, which ssh2 does not sign with where the server
   * knows both, and OpenSSH does. A password that was wrong is not given again.
   */
  rsaRefused(): boolean
}

/**
 * Collects the ways to log in: keys of the agent, those of the key files first; key files; the password.
 * @param password answers the password prompt, in either of the protocol's two ways
 */
export async function prepareKeys(settings: SshSettings, password?: string): Promise<Keys> {
  const byKey = settings.methods.includes('publickey')
  const files = byKey ? settings.identityFiles.filter((file) => existsSync(file)).map(readKeyFile) : []
  const held = byKey && settings.agent ? await agentKeys(settings.agent) : []
  const inAgent = held ?? []
  const named = (key: ParsedKey) => files.some((file) => file.publicKey?.equals(key.getPublicSSH()))
  const fromAgent = [
    ...inAgent.filter(named),
    ...(settings.identitiesOnly ? [] : inAgent.filter((key) => !named(key))),
  ].map((key) => ({ label: agentLabel(key), type: key.type, key }))
  const fromFiles = files.filter(({ publicKey }) => !inAgent.some((key) => publicKey?.equals(key.getPublicSSH())))

  const isAllowed = ({ type }: { type?: string }) => type === undefined || settings.keyTypes.includes(type)
  const { user: username, agent } = settings
  const attempts = [
    ...fromAgent.filter(isAllowed).map(({ label, key }) => agentAttempt(label, username, agent!, key)),
    ...fromFiles.filter(isAllowed).flatMap(({ label, type, privateKey: key }): Attempt[] => {
      return key ? [{ label, type: type!, method: { type: 'publickey', username, key } }] : []
    }),
    ...passwordAttempts(username, password).filter(({ method }) => {
      return settings.methods.some((allowed) => allowed === method.type)
    }),
  ]
  const problems = [
    ...(held ? [] : [`the agent at ${settings.agent} does not answer: end it, or leave it out by IdentityAgent none`]),
    ...fromFiles.filter(isAllowed).flatMap(({ problem }) => problem ?? []),
    ...[...fromAgent, ...fromFiles].filter((key) => !isAllowed(key)).map(whyLeftOut),
  ]
  return walk(username, attempts, problems, settings.otherRsa)
}

const whyLeftOut = ({ label, type }: { label: string; type?: string }) =>
  `${label} is of type ${type}, which PubkeyAcceptedAlgorithms of ssh_config leaves out`

function walk(username: string, attempts: Attempt[], problems: readonly string[], otherRsa: boolean): Keys {
  const waiting = [...attempts]
  const tried: string[] = []
  let accepted: string[] = []
  let rsa = false
  let ofPassword = false
  return {
    hopeless: attempts.length === 0,
    rsaRefused: () => otherRsa && rsa && !ofPassword,
    next(methodsLeft) {
      accepted = methodsLeft ?? accepted
      while (waiting.length > 0) {
        const { label, method, type } = waiting[0]!
        const ofKey = method.type === 'publickey' || method.type === 'agent'
        // A password is not sent to a server that does not ask for one: "none" makes it say what it takes.
        if (!ofKey && !methodsLeft) return { type: 'none', username }
        waiting.shift()
        if (methodsLeft && !methodsLeft.includes(ofKey ? 'publickey' : method.type)) continue
        // A wrong password is not tried again in the other way: accounts get locked for that.
        if (!ofKey && tried.includes(label)) continue
        tried.push(label)
        rsa ||= type === 'ssh-rsa'
        ofPassword ||= !ofKey
        return method
      }
      return false
    },
    account() {
      const takes = accepted.length > 0 ? `; the host takes ${accepted.join(', ')}` : ''
      const what = tried.length > 0 ? `tried ${tried.join(', ')}` : 'there was no key and no password to try'
      return [`${what}${takes}`, ...problems].join('\n')
    },
  }
}

interface KeyFile {
  /** Its path. */
  label: string
  type?: string
  publicKey?: Buffer
  /** The file's content, where it is a private key that can be used. */
  privateKey?: Buffer
  problem?: string
}

function readKeyFile(file: string): KeyFile {
  try {
    const content = readFileSync(file)
    const key = parse(content)
    if (!(key instanceof Error)) {
      const privateKey = key.isPrivateKey() ? content : undefined
      return { label: file, type: key.type, publicKey: key.getPublicSSH(), privateKey }
    }
    // The agent may hold an encrypted key; the public key beside it tells.
    const beside = existsSync(`${file}.pub`) ? parse(readFileSync(`${file}.pub`)) : key
    const problem = problemOf(file, key)
    if (beside instanceof Error) return { label: file, problem }
    return { label: file, type: beside.type, publicKey: beside.getPublicSSH(), problem }
  } catch (error) {
    return { label: file, problem: problemOf(file, error as Error) }
  }
}

function problemOf(file: string, { message }: Error): string {
  return /no passphrase/.test(message) ? `${file} is encrypted: ssh-add it first` : `${file} can't be used: ${message}`
}

function parse(content: Buffer): ParsedKey | Error {
  const keys = ssh2.utils.parseKey(content)
  return Array.isArray(keys) ? keys[0]! : keys
}

/** Seconds for an agent to name its keys, which needs nobody. */
const patience = 10

/** An agent whose connections keep no playbook from its end: it may never answer. */
function agentAt(socket: string): Agent {
  const agent = ssh2.createAgent(socket)
  const open = agent.getStream.bind(agent)
  agent.getStream = (done) =>
    open((error, stream) => {
      stream?.unref()
      done(error, stream)
    })
  return agent
}

/** The agent's keys; none where there is no agent, and undefined where there is one that does not answer. */
const agentKeys = (socket: string): Promise<ParsedKey[] | undefined> =>
  new Promise((resolve) => {
    const tooLate = setTimeout(resolve, patience * 1000, undefined)
    agentAt(socket).getIdentities((_error, keys) => {
      clearTimeout(tooLate)
      resolve(keys ?? [])
    })
  })

const agentLabel = ({ comment, type }: ParsedKey) => `${comment || type} of the agent`

/** ssh2 tries all keys of an agent in their order; an agent that shows one key alone leaves the order to us. */
function agentAttempt(label: string, username: string, socket: string, key: ParsedKey): Attempt {
  const agent = agentAt(socket)
  agent.getIdentities = (done) => done(undefined, [key])
  return { label, type: key.type, method: { type: 'agent', username, agent } }
}

function passwordAttempts(username: string, password?: string): Attempt[] {
  if (!password) return []
  const label = 'the password'
  return [
    { label, method: { type: 'password', username, password } },
    {
      label,
      method: {
        type: 'keyboard-interactive',
        username,
        // What is typed without echo is the password; other questions have no answer.
        prompt: (_name, _instructions, _language, prompts, finish) =>
          finish(prompts.map(({ echo }) => (echo ? '' : password))),
      },
    },
  ]
}
