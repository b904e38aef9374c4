import { execFileSync } from 'node:child_process'

const homes = new Map<string, string | undefined>()

/** @returns the home of another user, as OpenSSH itself finds it; undefined where there is no such user, or no OpenSSH */
export function homeOf(user: string): string | undefined {
  if (!homes.has(user)) homes.set(user, look(user))
  return homes.get(user)
}

function look(user: string): string | undefined {
  // What has a meaning to OpenSSH is no name.
  if (/[\s"'%$]/.test(user)) return undefined
  const words = ['-G', '-F', 'none', '-o', `ControlPath=~${user}`, '--', 'localhost']
  try {
    const printed = execFileSync('ssh', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return /^controlpath (\/.*?)\/?$/m.exec(printed)?.[1]
  } catch {
    return undefined
  }
}
