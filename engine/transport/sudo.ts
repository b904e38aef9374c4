import { randomBytes } from 'node:crypto'
import type { Prompt } from './bash.ts'

/** How a command becomes root's on a host. */
export interface Become {
  /** Goes before the command. */
  prefix: string
  /** What sudo asks, and the answer. */
  prompt?: Prompt
}

/**
 * @param user who logs in; root needs no sudo
 * @param password the user's, for a sudo that asks for it
 */
export function become(user: string, password?: string): Become {
  if (user === 'root') return { prefix: '' }
  // sudo's words are matched below, so they have to be English. env is a program: the login shell may be any.
  if (!password) return { prefix: 'env LC_ALL=C sudo -n ' }
  const id = `password-${randomBytes(9).toString('hex')}`
  // sudo prints %% as %, so a login shell that shows its commands does not seem to ask.
  return { prefix: `env LC_ALL=C sudo -S -p ${id}%%: `, prompt: { text: `${id}%:`, answer: password } }
}

/**
 * Explains why bash never began as root.
 * @param stderr what sudo, or the login shell, said
 */
export function whyNotRoot(host: string, user: string, stderr: string, code: number | null): string {
  const said = stderr.trim().split('\n').at(-1) || `exit code ${code}`
  // In each the last are the words of sudo-rs.
  if (/a password is required|a terminal is required to|interactive authentication is required/.test(stderr))
    return `${host}: sudo asks ${user} for a password: use --ask-become-pass or become_password in the inventory, or allow ${user} sudo without one`
  if (/must have a tty/.test(stderr))
    return `${host}: sudo runs nothing for ${user} without a terminal (requiretty), and scripts have none: put "Defaults:${user} !requiretty" into sudoers there`
  if (/incorrect password|no password was provided|incorrect authentication attempts/.test(stderr))
    return `${host}: sudo did not take the password of ${user}: run again with the right one (--ask-become-pass, become_password in the inventory)`
  if (/not in the sudoers file|is not allowed to|may not run sudo/.test(stderr))
    return `${host}: sudo does not let ${user} run bash as root (${said}): add ${user} to sudoers, or log in as root`
  if (/sudo.*No such file or directory/.test(stderr))
    return `${host}: sudo is not installed: install it, or log in as root`
  if (user !== 'root' && /sudo: /.test(stderr)) return `${host}: sudo refused ${user}: ${said}`
  return `${host}: bash did not start for ${user}: ${said}`
}
