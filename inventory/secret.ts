import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { absolutePath, whyUnreadable } from './files.ts'
import { password } from './schema-cluster.ts'
import type { Path, Problem } from './source.ts'
import type { Content } from './types.ts'
import { shown } from './wording.ts'

/** A password, or what keeps us from having it, or neither where none is wanted. */
interface Secret {
  value?: string
  problem?: Problem
}

/**
 * Fetches the VRRP password from where the inventory says it is. No message shows it.
 * @param given `cluster.auth_pass`, as the schema wants it
 */
export function readSecret(
  given: Content['cluster']['auth_pass'],
  inventoryFile: string,
  env: NodeJS.ProcessEnv,
): Secret {
  if (given === undefined) return {}
  if (typeof given === 'string') return { value: given }
  const { env: name, file } = given
  // The schema reports the error if both or neither are given.
  if (name !== undefined && file === undefined) return fromEnvironment(name, env)
  if (file !== undefined && name === undefined) return fromFile(absolutePath(file, inventoryFile))
  return {}
}

function fromEnvironment(name: string, env: NodeJS.ProcessEnv): Secret {
  const path = ['cluster', 'auth_pass', 'env']
  const what = `the environment variable ${name}`
  const value = env[name]
  if (!value) return { problem: { path, text: `${what} is ${value === undefined ? 'not set' : 'empty'}` } }
  return checked(value, path, what)
}

function fromFile(file: string): Secret {
  const path = ['cluster', 'auth_pass', 'file']
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, 'r')
    const text = readFileSync(descriptor, 'utf8')
    // Asked of the open file, so that it is the one that was read.
    const mode = fstatSync(descriptor).mode & 0o777
    if (mode & 0o077) {
      const why = `${shown(file)} is open to others than its owner (mode ${mode.toString(8)})`
      return { problem: { path, text: `${why}: chmod 600 ${shown(file)}` } }
    }
    return checked(text.replace(/\r?\n$/, ''), path, shown(file))
  } catch (error) {
    return { problem: { path, text: `can not read ${shown(file)}: ${whyUnreadable(error)}` } }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function checked(value: string, path: Path, what: string): Secret {
  if (new RegExp(password.pattern, 'u').test(value)) return { value }
  return { problem: { path, text: `${what} must hold ${password.title}, but holds ${[...value].length} characters` } }
}
