import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { decoded } from '../engine/base/decoded.ts'
import { absolutePath, whyNoPath, whyUnreadable } from './files.ts'
import { password } from './schema-cluster.ts'
import type { Path, Problem } from './source.ts'
import { shown } from './wording.ts'

/** A password, or what keeps us from having it, or neither where none is wanted. */
interface Secret {
  value?: string
  problem?: Problem
}

/** Where secrets are looked up. */
export interface Sources {
  env: NodeJS.ProcessEnv
  /** Runs a program with words, in a folder; absent where none is to be run. @returns its output @throws Error in words that say why not */
  run?: ((words: readonly string[], folder: string) => string) | undefined
}

/** What a secret may be: a regular expression, and what people call it. */
type Rule = Readonly<Record<'pattern' | 'title', string>>

/** The VRRP password. */
export const vrrpPassword: Rule = password
/** A password of SSH or sudo. */
export const loginPassword: Rule = { pattern: '^[^\\n\\r\\u0000]{1,1000}$', title: 'one line of text' }

/**
 * Fetches a secret from where the inventory says it is. No message shows it, and none shows a name that leads nowhere: it may be
 * the secret, put there by mistake.
 * @param given as the schema wants it
 * @param at where it stands
 */
export function readSecret(
  given: string | { env?: string; file?: string; command?: string } | undefined,
  at: { path: Path; file: string; rule: Rule },
  { env, run }: Sources,
): Secret {
  if (given === undefined) return {}
  if (typeof given === 'string') return { value: given }
  const { env: name, file, command } = given
  // The schema reports the error if several or none are given.
  if (Object.keys(given).length !== 1) return {}
  const inner = (key: string) => ({ path: [...at.path, key], rule: at.rule })
  if (name !== undefined) return fromEnvironment(name, env, inner('env'))
  const noPath = file === undefined ? undefined : whyNoPath(file)
  if (noPath !== undefined) return { problem: { path: [...at.path, 'file'], text: noPath } }
  if (file !== undefined) return fromFile(absolutePath(file, at.file), inner('file'))
  return command === undefined || run === undefined ? {} : fromCommand(command, dirname(at.file), inner('command'), run)
}

/** Where a secret is said to be, and what it may be. */
interface Wanted {
  path: Path
  rule: Rule
}

function fromEnvironment(name: string, env: NodeJS.ProcessEnv, wanted: Wanted): Secret {
  const { path } = wanted
  const value = env[name]
  if (value === undefined) return { problem: { path, text: 'no environment variable of this name is set' } }
  const what = `the environment variable ${name}`
  return value ? checked(value, what, wanted) : { problem: { path, text: `${what} is empty` } }
}

function fromFile(file: string, wanted: Wanted): Secret {
  const { path } = wanted
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const text = decoded(readFileSync(descriptor))
    // Asked of the open file, so that it is the one that was read.
    const mode = fstatSync(descriptor).mode & 0o777
    if (mode & 0o077) {
      const why = `${shown(file)} is open to others than its owner (mode ${mode.toString(8)})`
      return { problem: { path, text: `${why}: chmod 600 ${shown(file)}` } }
    }
    return checked(text.replace(/\r?\n$/, ''), shown(file), wanted)
  } catch (error) {
    const what = existsSync(file) ? shown(file) : 'this file'
    return { problem: { path, text: `can not read ${what}: ${whyUnreadable(error)}` } }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function fromCommand(command: string, folder: string, wanted: Wanted, run: NonNullable<Sources['run']>): Secret {
  try {
    const text = run(command.split(' '), folder)
    return checked(text.replace(/\r?\n$/, ''), `what ${shown(command)} prints`, wanted)
  } catch (error) {
    const { message, cause } = error as Error
    const text = cause === 'ENOENT' ? 'no program of this name can be run here' : `${shown(command)} ${message}`
    return { problem: { path: wanted.path, text } }
  }
}

function checked(value: string, what: string, { path, rule: { pattern, title } }: Wanted): Secret {
  if (new RegExp(pattern, 'u').test(value)) return { value }
  return { problem: { path, text: `${what} must hold ${title}, but holds ${[...value].length} characters` } }
}

/** Seconds for a program to find a secret; somebody may have to type a passphrase. */
const patience = 120

/**
 * Runs a program on this machine, without a shell; it may ask at the terminal.
 * @returns what it has printed
 * @throws Error in words that complete "the program …"; its cause is the code of the system, if there is one
 */
export function runHere(words: readonly string[], folder: string): string {
  const [program, ...others] = words as [string, ...string[]]
  try {
    return execFileSync(program, others, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['inherit', 'pipe', 'inherit'],
      timeout: patience * 1000,
      maxBuffer: 2 ** 26,
    })
  } catch (error) {
    const { code, status, signal } = error as NodeJS.ErrnoException & { status?: number; signal?: string }
    if (code === 'ENOENT') throw new Error(`can not be run: there is no program ${program}`, { cause: code })
    if (code === 'ETIMEDOUT') throw new Error(`did not end within ${patience} s`)
    throw new Error(status ? `ended with exit code ${status}` : `failed: ${code ?? signal}`)
  }
}
