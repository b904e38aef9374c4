import { abilitiesOf, type Level } from '../../inventory/levels.ts'
import { directs, serves } from '../../inventory/roles.ts'
import type { Cluster, Host } from '../../inventory/types.ts'
import { advertsChange } from '../../tasks/cluster/adverts.ts'
import { vrrpScripts } from '../../tasks/cluster/checks.ts'
import { confKey } from '../../tasks/cluster/keepalived-conf.ts'
import { exitCode, UserError } from '../base/errors.ts'
import { lines, sh } from '../base/sh.ts'
import { scriptLater } from '../base/timer.ts'
import { addressOf, soleHolders, withoutHolder } from '../cluster/instances.ts'
import type { NodeState } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'
import { ClusterControl } from '../operations/control.ts'
import { inFlight } from '../operations/rolling/move.ts'
import { NodeSteps } from '../operations/rolling/node-steps.ts'
import type { PlannedChange } from '../runner/host.ts'
import type { Turns } from '../runner/run.ts'
import { judgePools } from '../verify/judge-pools.ts'
import { works } from '../verify/judge.ts'

/** Seconds for a node to work again after its changes. */
const patience = 60

/** Seconds after which nodes take their parts again where a hand-over was broken off. */
const handOverLasts = 60

/** Seconds after which a node whose keepalived waits for that of others starts it all the same. */
const silenceLasts = 120

/** What is known before the first turn. */
export interface Before {
  /** What the nodes are brought to. */
  level: Level
  /** The changes of all hosts. */
  planned: readonly PlannedChange[]
  /** Seconds for one execution. */
  timeout: number
}

/**
 * The turns of a cluster at work: one node after the other, the holder of the VIP last. Before its keepalived is configured
 * anew, the holder hands the VIP over to a node that already is, without loss. Where nodes of the old and of the new configuration
 * do not hear each other, it keeps the VIP and comes first, while keepalived of the others stands still; see `howTo`.
 * @param states of all nodes, where the cluster is healthy
 */
export function oneByOne(session: Session, states: readonly NodeState[], { level, planned, timeout }: Before): Turns {
  const { hosts, cluster } = session.inventory
  const from = states.find((state) => state.level !== undefined)?.level
  const changes = planned.filter(({ key }) => key === confKey)
  const { silences, shares } = howTo(session, states, { from, level, changes })
  // BFD with nodes that do not have it yet is down.
  const begins = changes.some(({ before, after }) => !before.includes('bfd_instance') && after.includes('bfd_instance'))
  // On the way from one level to another, both kinds of directors are drained.
  const control = new ClusterControl(session, Math.max(level, from ?? level), timeout, [], handOverLasts)
  const moving = movesVip(cluster, from, level)
  const balances = (one: number | undefined) => abilitiesOf(one, cluster).balances
  // As the turn before has seen them: to read them again would cost an execution on every node.
  let latest = states
  const holds = (name: string) => Object.values(soleHolders(cluster, states)).includes(name)
  const order = hosts
    .map(({ name }) => name)
    .sort((a, b) => (silences ? -1 : 1) * (Number(holds(a)) - Number(holds(b))))
  /** Directors whose turn is still to come. */
  const waiting = (name: string) =>
    hosts.filter((host) => directs(host) && order.indexOf(host.name) > order.indexOf(name))

  const turn = async (host: Host, reconfigures: boolean, work: () => Promise<void>) => {
    const { name } = host
    const steps = new NodeSteps(control, host, { drain: patience, boot: patience })
    const works = reconfigures && Object.values(soleHolders(cluster, latest)).includes(name)
    const handsOver = works && moving && !silences && !shares
    const endsBalancing = works && balances(from) && !balances(level)
    // A director that stands by takes who is sent to it for its own; while it loads a configuration, it does not know that.
    const rests = reconfigures && !works && abilitiesOf(from, cluster).answersDirectly
    if (silences && reconfigures) await control.everywhere(silence, waiting(name))
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
    if (silences && reconfigures && !works) await control.everywhere(speakAgain, [host])
    if (reconfigures) await session.clock.sleep(untilChecked(cluster, host) * 1000)
    const behind = waiting(name)
    const problem = await control.until((now) => {
      latest = now
      return whyNotReady(session, now, name, { isShared: shares && behind.length > 0, mute: begins ? behind : [] })
    }, patience)
    if (problem) throw new UserError(`${problem}: the nodes after ${name} stay as they are`, exitCode.checkFailed)
  }
  return {
    order,
    turn: (name, keys, work) =>
      turn(
        hosts.find((host) => host.name === name)!,
        keys.includes(confKey),
        work,
      ),
  }
}

/**
 * How nodes take a configuration with which they do not hear those that have the old one: `silences`, where the holder keeps the
 * VIP as it loads it, and meanwhile no other keepalived runs that would take the VIP as well; otherwise `shares`, where the nodes
 * that come first have the VIP beside the holder until its turn. Neither, where nodes hear each other all the time.
 */
function howTo(
  { inventory: { cluster } }: Session,
  states: readonly NodeState[],
  { from, level, changes }: { from: number | undefined; level: Level; changes: readonly PlannedChange[] },
): { silences: boolean; shares: boolean } {
  const found = new Set(changes.map(({ before, after }) => advertsChange(before, after)))
  const holders = new Set(Object.values(soleHolders(cluster, states)))
  // A director that stands by and answers clients itself needs its keepalived.
  const direct = [from, level].some((one) => abilitiesOf(one, cluster).answersDirectly)
  const silences = found.has('deaf') && !found.has('anew') && holders.size === 1 && !direct
  return { silences, shares: !silences && (found.has('deaf') || found.has('anew')) }
}

const silenceUnit = 'keepalived-playbooks-silence'
const endSilence = sh`systemctl stop ${`${silenceUnit}.timer`} 2>/dev/null || true`

/** Stops keepalived of a node that stands by; the node itself starts it again, whatever becomes of this run. */
const silence = lines(
  endSilence,
  // Where it is disabled meanwhile, it has gone for good.
  sh`${scriptLater(silenceUnit, silenceLasts, sh`systemctl -q is-enabled keepalived && systemctl start keepalived`)} && systemctl stop keepalived`,
)

/** The node's keepalived has been started with its new configuration, or is now. */
const speakAgain = lines(endSilence, sh`systemctl start keepalived`)

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

/**
 * @param isShared whether several nodes may hold the VIP meanwhile
 * @param mute nodes that the pools may lack meanwhile
 * @returns why a node does not yet do its part in a cluster whose nodes may be at different levels
 */
function whyNotReady(
  { inventory }: Session,
  states: readonly NodeState[],
  node: string,
  { isShared, mute }: { isShared: boolean; mute: readonly Host[] },
): string | undefined {
  const lost = isShared ? undefined : withoutHolder(inventory.cluster, states)
  if (lost) return `no node alone holds ${addressOf(lost)}`
  const state = states.find(({ host }) => host === node)!
  if (!works(state)) return `${node} does not work`
  if (!abilitiesOf(state.level, inventory.cluster).balances) return undefined
  return judgePools(inventory, state, state.level!).find(
    ({ code, about }) => code !== 'pool-incomplete' || !mute.some(({ name }) => about?.endsWith(` ${name}`)),
  )?.text
}
