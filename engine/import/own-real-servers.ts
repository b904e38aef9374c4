import { canRun } from './draft-vrrp.ts'
import type { Meaning, Part } from './facts.ts'
import type { Section } from './section.ts'

/** A node, as far as its real servers tell who it is. */
interface Node {
  address?: string
  meaning?: Meaning
}

/** @returns the one address that a file sends all clients to, at the ports that they ask; undefined where there are more */
export function onlyReal({ virtualServers }: Meaning): string | undefined {
  const reals = virtualServers.flatMap((server) =>
    server.all('real_server').map(([words]) => {
      const [address, port] = words.split(' ')
      return port === server.key.split(' ')[1] ? address! : ''
    }),
  )
  const [first = '', ...others] = new Set(reals)
  return first !== '' && others.length === 0 ? first : undefined
}

/**
 * @returns whether the node that has the virtual IP serves alone: each file has one real server, which is the node itself, or
 *   another one in each file
 */
export function serveAlone(nodes: readonly Node[]): boolean {
  const files = nodes.flatMap(({ address, meaning }) => (meaning ? [{ address, real: onlyReal(meaning) }] : []))
  return (
    files.length > 0 &&
    files.every(
      ({ address, real }) => real !== undefined && (address === undefined ? files.length > 1 : address === real),
    ) &&
    new Set(files.map(({ real }) => real)).size === files.length
  )
}

/**
 * @param notify programs of the instance
 * @returns them, and as `fault` what is run when the node's own service fails
 */
export function notifyAlone(notify: Section | undefined, servers: readonly Part[]): Section | undefined {
  const programs = new Set(servers.flatMap((server) => server.all('notify_down of').map(([, program]) => program)))
  const [program] = programs
  if (programs.size !== 1 || !canRun(program!) || notify?.fault !== undefined) return notify
  return { ...notify, fault: program }
}
