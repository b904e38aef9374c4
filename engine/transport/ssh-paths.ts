import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { hostname as localName } from 'node:os'
import { HostError } from '../base/errors.ts'
import { homeOf } from '../base/home-of.ts'
import { localUser } from '../base/local-user.ts'

/** What depends on the host, by the letter of its token. */
type Tokens = Readonly<Record<string, string>>

/** @returns what stands for a host in paths and commands of ssh_config. @param way what `ssh -G` says of it, and its name there */
export function tokensOf(way: Record<'host' | 'hostname' | 'port' | 'user' | 'jump' | 'alias', string>): Tokens {
  const { host, hostname, port, user, jump, alias } = way
  const C = createHash('sha1').update(`${localName()}${hostname}${port}${user}${jump}`).digest('hex')
  return { n: host, h: hostname, p: port, r: user, j: jump, k: alias || host, C }
}

/** Paths of a setting as `ssh -G` leaves them, filled in as OpenSSH does: see TOKENS and ENVIRONMENT VARIABLES in ssh_config(5). */
export interface Paths {
  /** Fills in `~`, `${VARIABLE}` and `%` tokens. @throws HostError where OpenSSH would refuse: no such user, or variable */
  fill(path: string): string
  /** Fills in `~` alone. @throws HostError likewise */
  home(path: string): string
}

/**
 * @param setting what they belong to, as people write it
 * @param printed by `ssh -G`, maybe several paths in a line
 * @param name the host's, for messages
 */
export function pathsOf(setting: string, printed: readonly string[], tokens: Tokens, name: string): Paths {
  const refuse = (why: string) => {
    throw new HostError(`${name}: ${setting} ${printed.join(' ')} of ssh_config: ${why}`)
  }
  const home = (path: string) =>
    path.replace(/^~([^/\s]*)/, (_, user: string) => {
      return (user === '' ? localUser().homedir : homeOf(user)) ?? refuse(noUser(user))
    })
  const token = tokenOf(tokens)
  const variable = (whole: string, key: string) =>
    // Without its end it is none to OpenSSH either.
    (whole.endsWith('}') ? process.env[key] : undefined) ?? refuse(notSet(whole))
  return {
    home,
    // At once: what a variable holds is filled in no further.
    fill: (path) =>
      home(path).replace(/%(.)|\$\{([^}]*)\}?/g, (whole, letter?: string, key?: string) =>
        letter === undefined ? variable(whole, key!) : token(whole, letter),
      ),
  }
}

/** @returns a command of ssh_config with its `%` tokens filled in: the rest is for its shell */
export const filledCommand = (line: string, tokens: Tokens): string => line.replace(/%(.)/g, tokenOf(tokens))

function tokenOf(tokens: Tokens): (whole: string, letter: string) => string {
  const { username, homedir, uid } = localUser()
  const local = localName()
  const own = { '%': '%', d: homedir, u: username, i: String(uid), l: local, L: local.split('.')[0]! }
  const all: Tokens = { ...tokens, ...own }
  return (whole, letter) => all[letter] ?? whole
}

const instead = 'or write the path out there'
const noUser = (user: string) => `there is no user ${user} here: mend the name, ${instead}`
const notSet = (variable: string) => `${variable} is not set in the environment: set it, ${instead}`

/** @returns what to tell where `ssh -G` itself refuses a path; undefined where it refuses something else */
export function whyNoPath(said: string): string | undefined {
  const [, variable] = /env var (\$\{.*?\}) has no value/.exec(said) ?? []
  const [, user] = /No such user (\S+)/.exec(said) ?? []
  const why = variable ? notSet(variable) : user && noUser(user)
  const [place = 'a path of ssh_config:'] = /^.* line \d+:/m.exec(said) ?? []
  return why && `${place} ${why}`
}

/** Reads a list of paths, which `ssh -G` prints without quotes: where words together are a file, they are one. */
export function filesIn(printed: string, fill: (path: string) => string): string[] {
  const words = printed.split(' ').filter(Boolean)
  const files: string[] = []
  while (words.length > 0) {
    const lengths = words.map((_, place) => words.length - place)
    const length = lengths.find((many) => existsSync(fill(words.slice(0, many).join(' ')))) ?? 1
    files.push(fill(words.splice(0, length).join(' ')))
  }
  return files
}
