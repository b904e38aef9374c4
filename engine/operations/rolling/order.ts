import type { Documents } from '../../../documents/all.ts'
import type { Note } from '../../cluster/rolling-note.ts'
import { drainedNodes } from '../../verify/judge.ts'
import { addressOf, holdsOf } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import { whyReboot } from '../../cluster/reboot-required.ts'
import { directs } from '../../../inventory/roles.ts'
import type { Host, Instance } from '../../../inventory/types.ts'
import type { RunContext } from '../../cli/main.ts'
import { run } from './locks.ts'
import { canAskItself } from './node-steps.ts'
import type { RollingRequest } from './options.ts'
import { isServedBy } from '../../../services/service.ts'
import type { ClusterControl } from '../control.ts'

/** A node to work on, and why it has this place. */
export interface Turn {
  host: Host
  why: string
}

/** Standby nodes first, holders last, so that each virtual IP moves only once. */
export function inTurn(hosts: readonly Host[], states: readonly NodeState[], instances: readonly Instance[]): Turn[] {
  const held = ({ name }: Host) => {
    const state = states.find(({ host }) => host === name)
    return instances.filter((instance) => state && holdsOf(state, instance)).map(addressOf)
  }
  return [
    ...hosts
      .filter((host) => held(host).length === 0)
      .map((host) => ({ host, why: directs(host) ? 'it stands by' : 'it never holds a virtual IP' })),
    ...hosts.flatMap((host) => {
      const vips = held(host)
      return vips.length > 0 ? [{ host, why: `it holds ${vips.join(' and ')}, so it is ${last(instances)}` }] : []
    }),
  ]
}

const last = ({ length }: readonly Instance[]) => (length > 1 ? 'among the last' : 'the last')

/** The nodes to reboot, in order, and the note that each node of the cluster keeps about it. */
export interface RebootPlan {
  /** Empty where nothing is to be done. */
  turns: readonly Turn[]
  notes: ReadonlyMap<string, Note>
}

/**
 * Finds the nodes to work on, and says in which order and why.
 * @param earlier notes of the resumed run, of every node
 * @throws UserError where a node lacks what its steps need, HostError where one is unreachable
 */
export async function planReboots(
  { console, document }: RunContext<Documents['rolling-reboot']>,
  control: ClusterControl,
  request: RollingRequest,
  earlier: ReadonlyMap<string, Note>,
): Promise<RebootPlan> {
  const [states] = await Promise.all([
    control.states(),
    ...control.services.map((one) =>
      control.everywhere(
        canAskItself(one),
        control.realServers.filter((host) => isServedBy(one, host)),
      ),
    ),
  ])
  const order = inTurn(control.hosts, states, control.instances)
  const drained = request.resume ? [] : drainedByOperator(states)
  const plan = request.resume
    ? resumePlan(order, control.session.limited, earlier)
    : begin(await chosen(order, control, request), control, request, drained)
  if (request.begunBy) console.print(`order  begun by ${request.begunBy}`)
  if (request.before)
    console.print(`order  each node runs ${JSON.stringify(request.before)} as root while it is drained`)
  for (const name of drained) console.print(`order  ${name}  is left out: it is drained, and stays so`)
  for (const { host, why } of plan.turns) console.print(`order  ${host.name}  ${why}`)
  if (plan.turns.length === 0) console.print('order  nothing to do')
  document.order = plan.turns.map(({ host, why }) => ({ host: host.name, why }))
  return plan
}

async function chosen(order: readonly Turn[], control: ClusterControl, request: RollingRequest): Promise<Turn[]> {
  const asked = await Promise.all(
    order.map(async ({ host, why }): Promise<Turn[]> => {
      if (!control.session.limited.includes(host)) return []
      const { stdout } = await control.reach(host.name).run(whyReboot.text, { timeout: control.timeout })
      const reason = stdout.toString('utf8').trim()
      if (request.onlyIfRequired && !reason) return []
      return [{ host, why: reason ? `${why}; reboot required: ${reason}` : why }]
    }),
  )
  return asked.flat()
}

function begin(
  wanted: readonly Turn[],
  { hosts, known }: ClusterControl,
  request: RollingRequest,
  drained: readonly string[],
): RebootPlan {
  const turns = wanted.filter(({ host }) => !drained.includes(host.name))
  const { before, reboot } = request
  const noteFor = ({ name }: Host): Note => ({
    by: run.by,
    state: turns.some(({ host }) => host.name === name) ? 'waiting' : 'left out',
    drained: drained.includes(name),
    before,
    reboot,
    known,
  })
  return { turns, notes: new Map(hosts.map((host) => [host.name, noteFor(host)])) }
}

/** The node in progress comes first, also outside `--limit`. */
function resumePlan(order: readonly Turn[], limited: readonly Host[], notes: ReadonlyMap<string, Note>): RebootPlan {
  const inState = (wanted: Note['state']) => order.filter(({ host }) => notes.get(host.name)!.state === wanted)
  return {
    turns: [
      ...inState('begun').map(({ host }) => ({ host, why: 'it was begun' })),
      ...inState('waiting').filter(({ host }) => limited.includes(host)),
    ],
    notes,
  }
}

/** @returns nodes that an operator has drained or put in standby */
const drainedByOperator = (states: readonly NodeState[]): string[] => [
  ...new Set([...drainedNodes(states), ...states.filter(({ standby }) => standby).map(({ host }) => host)]),
]
