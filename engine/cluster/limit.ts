import { exitCode, HostError, UserError } from '../base/errors.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { printLevel } from './node-state.ts'
import type { Session } from './session.ts'

/**
 * Level 3 directors send clients to second addresses, which nodes of other levels do not have: so all hosts enter and
 * leave level 3 together. If the hosts in `--limit` are all at the wanted level already, the others are not contacted.
 * @param timeout seconds for one execution
 * @throws UserError where the run would make a mixture of level 3 and another
 * @throws HostError where a host is unreachable whose level has to be known
 */
export async function refuseMixture(session: Session, level: Level, timeout: number): Promise<void> {
  const { inventory, limited, reach } = session
  const needsSecond = (one: number) => abilitiesOf(one, inventory.cluster).secondInterface
  const rest = inventory.hosts.filter((host) => !limited.includes(host))
  if (rest.length === 0) return
  const levelOf = async (name: string) => {
    const { stdout } = await reach(name).run(printLevel.text, { timeout })
    return { name, found: Number(stdout.toString('utf8')) }
  }
  /** Unreachable hosts in --limit are reported by the run. */
  const asWanted = (error: unknown) => {
    if (error instanceof HostError) return { found: level }
    throw error
  }
  const here = await Promise.all(limited.map(({ name }) => levelOf(name).catch(asWanted)))
  if (here.every(({ found }) => found === level)) return

  const leavesSecond = here.some(({ found }) => needsSecond(found))
  /** Unreachable nodes do not block levels 1 and 2, unless they may be left behind at level 3. */
  const unknown = (error: unknown) => {
    if (error instanceof HostError && !needsSecond(level) && !leavesSecond) return { name: '', found: 0 }
    throw error
  }
  const there = await Promise.all(rest.map(({ name }) => levelOf(name).catch(unknown)))
  const other = there.find(({ found }) => found !== level && [found, level].some((one) => needsSecond(one)))
  if (!other) return
  throw new UserError(
    `${other.name} is at ${other.found ? `level ${other.found}` : 'no level'}: a node of level 3 sends clients to second ` +
      'addresses, which every node has to have then: leave --limit out',
    exitCode.failed,
  )
}
