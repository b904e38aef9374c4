import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { vrrpScripts } from '../../tasks/cluster/checks.ts'
import { keepalivedConf } from '../../tasks/cluster/keepalived-conf.ts'
import { exitCode, UserError } from '../base/errors.ts'
import { sh } from '../base/sh.ts'
import { addressOf, soleHolders, withoutHolder } from '../cluster/instances.ts'
import type { NodeState } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'
import { ClusterControl } from '../operations/control.ts'
import { inFlight } from '../operations/rolling/move.ts'
import { NodeSteps } from '../operations/rolling/node-steps.ts'
import type { Turns } from '../runner/run.ts'
import { judgePools } from '../verify/judge-pools.ts'
import { works } from '../verify/judge.ts'

/** Seconds for a node to work again after its changes. */
const patience = 60

/** Seconds after which nodes take their parts again where a hand-over was broken off. */
const handOverLasts = 60

/**
 * The turns of a cluster at work: one node after the other, the holder of the VIP last. Before its keepalived is configured
 * anew, the holder hands the VIP over to a node that already is, without loss.
 * @param states of all nodes, where the cluster is healthy
 * @param level what the nodes are brought to
 * @param timeout seconds for one execution
 */
export function oneByOne(session: Session, states: readonly NodeState[], level: Level, timeout: number): Turns {
  const { hosts, cluster } = session.inventory
  const from = states.find((state) => state.level !== undefined)?.level
  // On the way from one level to another, both kinds of directors are drained.
  const control = new ClusterControl(session, Math.max(level, from ?? level), timeout, [], handOverLasts)
  const moving = movesVip(cluster, from, level)
  const balances = (one: number | undefined) => abilitiesOf(one, cluster).balances
  // As the turn before has seen them: to read them again would cost an execution on every node.
  let latest = states
  const holds = (name: string) => Object.values(soleHolders(cluster, states)).includes(name)
  const order = hosts.map(({ name }) => name).sort((a, b) => Number(holds(a)) - Number(holds(b)))

  const turn = async (host: Host, reconfigures: boolean, work: () => Promise<void>) => {
    const { name } = host
    const steps = new NodeSteps(control, host, { drain: patience, boot: patience })
    const works = reconfigures && Object.values(soleHolders(cluster, latest)).includes(name)
    const handsOver = works && moving
    const endsBalancing = works && balances(from) && !balances(level)
    // A director that stands by takes who is sent to it for its own; while it loads a configuration, it does not know that.
    const rests = reconfigures && !works && abilitiesOf(from, cluster).answersDirectly
    if (handsOver) await steps.handOver(hosts.filter(serves))
    if (rests) await setDrained(control, host, true)
    if (endsBalancing) await control.reach(name).run(emptyServer('-A').text, { timeout })
    try {
      await work()
    } finally {
      if (handsOver) await control.setStandby(name, false)
      if (rests) await setDrained(control, host, false)
      if (endsBalancing) await control.reach(name).run(emptyServer('-D').text, { timeout })
    }
    if (reconfigures) await session.clock.sleep(untilChecked(cluster, host) * 1000)
    const problem = await control.until((now) => {
      latest = now
      return whyNotReady(session, now, name)
    }, patience)
    if (problem) throw new UserError(`${problem}: the nodes after ${name} stay as they are`, exitCode.checkFailed)
  }
  return {
    order,
    turn: (name, keys, work) =>
      turn(
        hosts.find((host) => host.name === name)!,
        keys.includes(`file ${keepalivedConf}`),
        work,
      ),
  }
}

/** @returns seconds until keepalived knows what its checks say: one that has not ended yet counts as passed */
function untilChecked(cluster: Cluster, host: Host): number {
  if (!directs(host)) return 0
  const checks = cluster.instances.flatMap((instance) => vrrpScripts(cluster, host, [], instance))
  return checks.length > 0 ? Math.min(patience, 1 + Math.max(...checks.map(({ timeout }) => timeout))) : 0
}

/** Directors send nobody to a node, or do again. */
async function setDrained(control: ClusterControl, host: Host, drained: boolean): Promise<void> {
  await control.setDrained([host.name], drained)
  await control.poolsFollow([host], drained)
  if (drained) await control.session.clock.sleep(inFlight)
}

/**
 * Without any virtual server IPVS lets go of answers that are under way. This one is for a mark that no packet has.
 * @param option of ipvsadm(8)
 */
const emptyServer = (option: '-A' | '-D') => sh`ipvsadm ${option} -f 1802530161 2>/dev/null || true`

/**
 * At level 1 the service answers from the VIP itself: when it moves, answers under way are lost, and questions reach the new
 * holder before its service listens. So from and to level 1 the holder keeps it, but to level 2: of clients that connection
 * tracking knows already, the source would never be translated.
 */
function movesVip(cluster: Cluster, from: number | undefined, to: Level): boolean {
  const { balances, keepsClients } = abilitiesOf(to, cluster)
  return balances && (abilitiesOf(from, cluster).balances || !keepsClients)
}

/** @returns why a node does not yet do its part in a cluster whose nodes may be at different levels */
function whyNotReady({ inventory }: Session, states: readonly NodeState[], node: string): string | undefined {
  const lost = withoutHolder(inventory.cluster, states)
  if (lost) return `no node alone holds ${addressOf(lost)}`
  const state = states.find(({ host }) => host === node)!
  if (!works(state)) return `${node} does not work`
  if (!abilitiesOf(state.level, inventory.cluster).balances) return undefined
  return judgePools(inventory, state, state.level!)[0]?.text
}
