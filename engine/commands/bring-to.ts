import type { Documents } from '../../documents/all.ts'
import { resourceOf } from '../../tasks/resources.ts'
import { targetOf } from '../../tasks/target.ts'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { Profile } from '../cli/profile.ts'
import { Report } from '../cli/run-report.ts'
import { askedServicesOf } from '../../services/virtual-server.ts'
import { ensureClients } from '../clients/client.ts'
import { refuseDeaf, refuseMixture } from '../cluster/limit.ts'
import { oneHostAMachine } from '../cluster/one-host-a-machine.ts'
import { runNote } from '../cluster/run-note.ts'
import { type Finding, isOfLoad } from '../cluster/finding.ts'
import { type NodeState, readNodeStates } from '../cluster/node-state.ts'
import { judgeStates } from '../verify/check.ts'
import type { Session } from '../cluster/session.ts'
import type { HostResult, Listener } from '../runner/events.ts'
import { type RunOptions, runHosts } from '../runner/run.ts'
import { flatten } from '../runner/task.ts'
import { confirmAll, keepWaiting, type Unconfirmed } from './confirm.ts'
import type { Playbook } from './playbook.ts'
import { brought, settle } from './settle.ts'
import type { Wanted } from '../runner/selection.ts'

/** How hosts are brought there. */
interface How {
  checking: boolean
  seconds: number
  takeOver?: boolean
  wanted?: Wanted
  step?: boolean
  profiled?: boolean
}

/**
 * Brings every host to what a playbook lists, and checks the cluster where that is at a level then.
 * @param checking false leaves the check out
 * @param seconds see `confirmWithin`
 * @param takeOver see `Target`
 * @param wanted which changes are made
 * @param step asks about each change before the first is made
 * @param profiled shows what took how long
 * @returns the exit code
 */
export async function bringTo(
  context: RunContext<Documents['run']>,
  session: Session,
  { title, level, scope, tasks }: Playbook,
  { checking, seconds, takeOver, wanted, step = false, profiled }: How,
): Promise<number> {
  const { hosts } = session.inventory
  // It names a folder on the hosts.
  if (scope !== undefined && !/^\w[\w .-]*$/.test(scope))
    throw new UserError(
      `scope "${scope}": must be letters, digits, dots, dashes and blanks, and begin with a letter or digit`,
    )
  if (level) await refuseMixture(session, level, context.options.timeout)
  const whole = session.limited.length === hosts.length
  const verify = level !== undefined && checking
  // Clients are tried now, so that the check at the end can ask.
  if (verify && whole) await ensureAsking(context, session)
  const note = runNote(title, scope)
  const { timeout, check } = context.options
  const unconfirmed: Unconfirmed = { session, note, timeout, confirmWithin: seconds }
  let stopWaiting = () => {}
  let before: Finding[] | undefined
  const refuseTwin = oneHostAMachine(session.inventory, context.machines)
  const results = await run(
    context,
    {
      note,
      confirmWithin: seconds,
      ...(wanted && { wanted }),
      ask: step ? (await import('../cli/confirm.ts')).askEach('--step asks on a terminal') : undefined,
      together: level !== undefined,
      refuse: async (planned, lost) => {
        if (level) await refuseDeaf(session, planned, lost, timeout)
      },
      beforeChanges: async (planned) => {
        const names = session.limited.map(({ name }) => name)
        // After Ctrl-C nothing more is begun, and what was done stays.
        context.atEnd(() => context.interrupted && !context.document.wentBack && confirmAll(unconfirmed, names))
        const states = level && whole ? await statesOf(session, timeout) : undefined
        before = states && judgeStates(session.inventory, states).findings
        stopWaiting = keepWaiting(unconfirmed, names)
        context.atEnd(stopWaiting)
        if (!states || !before!.every(isBearable)) return undefined
        // Most runs change nothing, and don't wait for it to be loaded.
        const { oneByOne } = await import('./one-by-one.ts')
        return oneByOne(session, states, { level: level!, planned, timeout })
      },
    },
    session.limited.map((host) => ({
      name: host.name,
      transport: session.reach(host.name),
      tasks: (facts) => {
        refuseTwin(host.name, facts)
        return flatten(tasks(targetOf(session.inventory, host, facts, takeOver)))
      },
      resourceOf,
    })),
    profiled,
  )
  const code = codeOf(results)
  if (check) return code
  if (verify && !whole)
    context.console.print('check  left out: not all hosts were worked on; when they are, run verify.mts')
  const judged = code === exitCode.ok && verify && whole ? { level, before } : undefined
  // A run that has failed is not checked, and may have done harm all the same.
  const now = code !== exitCode.ok && before ? await statesOf(session, timeout) : undefined
  const worse = now && before && brought(before, judgeStates(session.inventory, now).findings)
  return Math.max(code, await settle(context, unconfirmed, results, { judged, worse, stopWaiting }))
}

/** What does not keep a run from one node after the other: many clients, and a scheduler that is new in the inventory. */
const isBearable = (one: Finding) => isOfLoad(one) || (one.code === 'pool-differs' && one.about?.endsWith(' scheduler'))

/** @returns the states of all nodes; undefined where there is no cluster yet, or not all of it can be reached */
async function statesOf(session: Session, timeout: number): Promise<NodeState[] | undefined> {
  try {
    const states = await readNodeStates(session, timeout)
    return states.every(({ level }) => level === undefined) ? undefined : states
  } catch (error) {
    // The run tells of a host that is unreachable, and works on the others.
    if (error instanceof HostError) return undefined
    throw error
  }
}

/** @throws UserError, HostError where a client can't ask the service, with what to do */
async function ensureAsking({ console, options }: RunContext, session: Session): Promise<void> {
  // Hosts are connected to meanwhile; failures are reported by the run.
  void Promise.allSettled(session.limited.map(({ name }) => session.reach(name).connect()))
  console.status('trying the clients')
  await ensureClients(
    { ...session, services: askedServicesOf(session.inventory.cluster) },
    { probing: false, timeout: options.timeout },
  ).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${error.message}\nOr leave the check at the end out: --no-verify`, error.exitCode)
  })
  console.status('')
}

async function run(
  context: RunContext<Documents['run']>,
  own: Omit<RunOptions, 'check' | 'timeout' | 'forks' | 'interrupted'>,
  hosts: Parameters<typeof runHosts>[0],
  profiled = false,
): Promise<HostResult[]> {
  const { options, console, document } = context
  const report = new Report(
    console,
    options,
    hosts.map(({ name }) => name),
  )
  context.underWay = () => report.busy()
  context.atEnd(() => report.end())
  const profile = new Profile()
  const listen: Listener = (event) => {
    report.listen(event)
    profile.listen(event)
  }
  const { ask: question } = own
  const ask = question && ((host: string, task: string) => report.pausedWhile(() => question(host, task)))
  const results = await runHosts(hosts, { ...options, ...own, ask, interrupted: () => context.interrupted }, listen)
  context.underWay = () => []
  report.end()
  report.summary(results)
  if (profiled) for (const line of profile.lines()) console.print(line)
  document.check = options.check
  document.hosts = results
  return results
}

function codeOf(results: readonly HostResult[]): number {
  const any = (status: HostResult['status']) => results.some((result) => result.status === status)
  if (any('unreachable')) return exitCode.unreachable
  if (any('failed')) return exitCode.failed
  return any('would change') ? exitCode.changesFound : exitCode.ok
}
