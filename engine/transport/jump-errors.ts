import type { Way } from './connection.ts'
import { whyNothingInCommon } from './openssh-common.ts'
import { sshCommand, type SshTarget } from './ssh-config.ts'

/**
 * @param said by the program ssh that makes the way through jump hosts
 * @returns which jump host ends the way, why, and what to do; undefined where it did not end there, or nobody knows why
 */
export async function whyNoWay(
  said: string,
  { settings, target }: Pick<Way, 'settings' | 'target'>,
): Promise<string | undefined> {
  const { jump, hostname, port } = settings
  if (jump.length === 0) return undefined
  const file = target.config ?? '~/.ssh/config'
  // Where a hop before it ends the way, the last sees its connection close. Of three and more, none is known to be the one.
  const isLast = !/_exchange_identification:/.test(said)
  const hop = jump.length < 3 ? jump.at(isLast ? -1 : 0) : undefined
  const name = hop === undefined ? `one of the jump hosts ${jump.join(', ')}` : `the jump host ${hop}`
  const itself: SshTarget = {
    host: hop === undefined ? jump.at(-1)! : asWord(hop),
    ...(target.config !== undefined && { config: target.config }),
  }
  const byHand = sshCommand(itself)

  const nothing = await whyNothingInCommon(said, { where: name, target: itself })
  if (nothing) return nothing
  const [, refusal] = /^(.*(?:Permission denied|Too many authentication failures).*)$/m.exec(said) ?? []
  if (refusal)
    return `${name} refused the login: ${refusal}\nIt asks for no password here: ssh-add a key that it takes, or name it by IdentityFile in ${file}; ${byHand} has to work without a question`
  if (/Host key verification failed|revoked/i.test(said)) return whyUnknown(said, name, byHand)
  const [, closed = ''] = /channel \d+: open failed: (.*)/.exec(said) ?? []
  if (/prohibited/.test(closed))
    return `${name} forwards nothing (${closed}): allow it by AllowTcpForwarding and PermitOpen in its sshd_config`
  if (closed) {
    const next = jump.length === 1 || isLast ? `${hostname} port ${port}` : 'the next one'
    return `${name} does not reach ${next} (${closed}): is the address right from there, and sshd running, on this port?`
  }
  const [, unknown] = /Could not resolve hostname (\S+):/.exec(said) ?? []
  if (unknown)
    return `the name ${unknown} of ${name} does not resolve: is it spelt right, or HostName missing in ${file}?`
  const [, reason] = /^ssh: connect to host (.*)$/m.exec(said) ?? []
  if (reason)
    return `${name} can't be reached (${reason.trim()}): is it up, and are its address and port right in ${file}?`
  return undefined
}

function whyUnknown(said: string, name: string, byHand: string): string {
  const shown = /SHA256:[\w+/]+/.exec(said)?.[0]
  if (/revoked/i.test(said)) return `the host key of ${name} is revoked${shown ? `: ${shown}` : ''}`
  const [, file, line] = /^Offending .* key in (.+):(\d+)/m.exec(said) ?? []
  const remove = /^\s*(ssh-keygen -f .* -R .*)$/m.exec(said)?.[1]
  if (file)
    return (
      `the host key of ${name} has changed: ${shown} is not the one in ${file} line ${line}; somebody may be in between.\n` +
      `If the change is expected: ${remove ?? `take line ${line} out of ${file}`}, then accept the new key: ${byHand}`
    )
  return (
    `the host key of ${name} is unknown\nCompare it on that host itself (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), ` +
    `then accept it: ${byHand}`
  )
}

/** A port behind the name of a jump host: `ssh` takes it so from a URI alone. */
const asWord = (hop: string): string => (hop.includes(':') && !hop.startsWith('ssh://') ? `ssh://${hop}` : hop)
