import { exitCode, HostError, UserError } from '../base/errors.ts'
import { sh } from '../base/sh.ts'
import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs } from '../../inventory/roles.ts'
import { advertsChange } from '../../tasks/cluster/adverts.ts'
import { confKey, keepalivedConf } from '../../tasks/cluster/keepalived-conf.ts'
import type { PlannedChange } from '../runner/host.ts'
import { addressOf } from './instances.ts'
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

/**
 * Nodes hear each other where they agree on how adverts are, so that all of them get other values in one run.
 * @param planned the changes of the hosts in `--limit`
 * @param lost those of them that can't be changed
 * @param timeout seconds for one execution
 * @throws UserError where a node that is left out would not hear the others any more, or is not known to
 */
export async function refuseDeaf(
  { inventory, limited, reach }: Session,
  planned: readonly PlannedChange[],
  lost: readonly string[],
  timeout: number,
): Promise<void> {
  const changes = planned.filter(({ key, before, after }) => key === confKey && advertsChange(before, after))
  if (changes.length === 0) return
  /** Unknown of one that is unreachable. */
  const confOf = async (name: string) => {
    if (lost.includes(name)) return undefined
    try {
      const { stdout } = await reach(name).run(sh`cat ${keepalivedConf} 2>/dev/null || true`.text, { timeout })
      return stdout.toString('utf8')
    } catch (error) {
      if (error instanceof HostError) return undefined
      throw error
    }
  }
  const hears = (conf: string | undefined) =>
    conf !== undefined && changes.every(({ after }) => advertsChange(conf, after) === undefined)
  for (const host of inventory.hosts) {
    if (!directs(host) || (limited.includes(host) && !lost.includes(host.name))) continue
    if (hears(await confOf(host.name))) continue
    const vips = inventory.cluster.instances.map(addressOf).join(' and ')
    throw new UserError(
      `${host.name} would not hear the adverts of the others any more, which get another virtual_router_id, password, VRRP version, ` +
        `interval, interface or way to go, and would hold ${vips} as well: ` +
        (limited.includes(host) ? 'run again when it takes part' : 'leave --limit out'),
      exitCode.failed,
    )
  }
}
