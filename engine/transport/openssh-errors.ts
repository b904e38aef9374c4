import type { Way } from './connection.ts'
import { sshCommand } from './ssh-config.ts'

/** What is known when the program ssh can't log in. */
interface Failure extends Way {
  /** Time was up. */
  late: boolean
  /** ssh asked for the password and got it. */
  passwordGiven: boolean
}

/** Whether the program ssh says that it was hung up on before the server had said anything, and no jump host said why. */
export const isDropped = (said: string): boolean => /_exchange_identification:/.test(said) && !refusals.test(said)

const refusals = /Host key verification failed|Permission denied|revoked/i

/** @param said by ssh, of which the last line is the reason and those before it what led there */
export function whyNoOpenSsh(said: string, failure: Failure): string {
  const { settings, late, passwordGiven } = failure
  const where = `${settings.hostname} port ${settings.port}`
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
  const last = lines.at(-1) ?? 'it was closed by the host'
  if (late) return `${where} did not finish the login in time${lines.length > 0 ? ` (${last})` : ''}`
  if (/Host key verification failed|revoked/i.test(said)) return whyNotTrusted(said, failure)
  if (/Permission denied|Too many authentication failures/.test(said) || passwordGiven)
    return `${where} refused ${settings.user}${passwordGiven ? ', who gave the password' : ''}: ${lines.join('; ') || last}`
  if (/Connection refused/.test(last)) return `${where} refused the connection: is sshd running there, on this port?`
  if (/Could not resolve hostname/.test(last)) return `the name in ${where} does not resolve: is it spelt right?`
  return `no SSH connection to ${where}: ${last}`
}

function whyNotTrusted(said: string, { settings, target, known }: Failure): string {
  // A jump host has a name of its own, which ssh says.
  if (!said.includes(known.name.replace(/^\[(.*)\]:22$/, '$1')) && !said.includes(settings.hostname))
    return `the way to ${settings.hostname} port ${settings.port} failed: ${said.trim()}`
  const shown = /SHA256:[\w+/]+/.exec(said)?.[0]
  const key = `the host key of ${known.name}`
  if (/revoked/i.test(said)) return `${key} is revoked${shown ? `: ${shown}` : ''}`
  const [, file, line] = /^Offending .* key in (.+):(\d+)/m.exec(said) ?? []
  if (file)
    return (
      `${key} has changed: ${shown} is not the one in ${file} line ${line}; somebody may be in between.\n` +
      `If the change is expected: ssh-keygen -f ${file} -R '${known.name}', then accept the new key: ${sshCommand(target)}`
    )
  return (
    `${key} is unknown\nCompare it on the host itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), ` +
    `then accept it: ${sshCommand(target)}`
  )
}
