import type { Host } from '../../inventory/types.ts'
import type { Documents } from '../../documents/all.ts'
import { resourceOf } from '../../tasks/resources.ts'
import { targetOf } from '../../tasks/target.ts'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { Report } from '../cli/run-report.ts'
import { ensureClients } from '../clients/client.ts'
import { refuseMixture } from '../cluster/limit.ts'
import { oneHostAMachine } from '../cluster/one-host-a-machine.ts'
import { runNote } from '../cluster/run-note.ts'
import { type Finding, without } from '../cluster/finding.ts'
import { type NodeState, readNodeState } from '../cluster/node-state.ts'
import { judgeStates } from '../verify/check.ts'
import type { Session } from '../cluster/session.ts'
import type { HostResult, RunEvent } from '../runner/events.ts'
import type { RunHost } from '../runner/host.ts'
import { type RunOptions, runHosts } from '../runner/run.ts'
import { flatten } from '../runner/task.ts'
import { Confirmation } from './confirm.ts'
import { oneByOne } from './one-by-one.ts'
import type { Playbook } from './playbook.ts'
import { reportCheck } from './verify.ts'

/**
 * Brings every host to what a playbook lists, and checks the cluster where that is at a level then.
 * @param checking false leaves the check out
 * @param seconds see `confirmWithin`
 * @returns the exit code
 */
export async function bringTo(
  context: RunContext<Documents['run']>,
  session: Session,
  { title, level, scope, tasks }: Playbook,
  { checking, seconds }: { checking: boolean; seconds: number },
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
  const confirmation = new Confirmation(session, note, seconds, timeout)
  // Undefined where there is no cluster yet, or none that could be seen whole.
  let before: Finding[] | undefined
  const beforeChanges = async () => {
    // After Ctrl-C nothing more is begun, and what was done stays.
    context.atEnd(() => context.interrupted && confirmation.confirm())
    const states = level && whole ? await statesOf(session, timeout) : []
    if (states.every((state) => state.level === undefined)) return
    before = judgeStates(session.inventory, states).findings
    return before.length === 0 ? oneByOne(session, states, level!, timeout) : undefined
  }
  const refuseTwin = oneHostAMachine(session.inventory.place)
  const runHost = (host: Host): RunHost => ({
    name: host.name,
    transport: session.reach(host.name),
    tasks: (facts) => {
      refuseTwin(host.name, facts)
      return flatten(tasks(targetOf(session.inventory, host, facts)))
    },
    resourceOf,
  })
  const own = { note, confirmWithin: seconds, beforeChanges }
  return confirmation.during(async () => {
    const results = await run(context, own, session.limited.map(runHost), confirmation)
    let code = codeOf(results)
    if (check) return code
    if (verify && !whole)
      context.console.print('check  left out: not all hosts were worked on; when they are, run verify.mts')
    if (code === exitCode.ok && verify && whole) {
      const since = new Map(results.map(({ host, facts }) => [host, facts?.now]))
      const changed = results.some(({ status }) => status === 'changed')
      code = await reportCheck(context, session, { level, since, changed })
    }
    const now = context.document.cluster?.findings ?? (before && (await findingsOf(session, timeout)))
    const worse = before && now && without(now, before).find((finding) => !excused.has(finding.code))
    return worse && confirmation.pending
      ? await goBack(context, confirmation, worse)
      : Math.max(code, await confirm(context, confirmation))
  })
}

/** What does not come of a change, or heals by itself. */
const excused: ReadonlySet<Finding['code']> = new Set(['journal-error', 'client-failed', 'not-in-turn', 'unreachable'])

/** @returns nothing where a node can't be reached: little is known of such a cluster */
async function statesOf({ inventory, reach }: Session, timeout: number): Promise<NodeState[]> {
  const { cluster, hosts } = inventory
  const read = hosts.map((host) => readNodeState({ host, transport: reach(host.name) }, cluster, timeout))
  return Promise.all(read).catch((error: unknown) => {
    if (error instanceof HostError) return []
    throw error
  })
}

/** @returns what is wrong after a run that has failed */
async function findingsOf(session: Session, timeout: number): Promise<Finding[]> {
  const states = await statesOf(session, timeout)
  return states.length > 0 ? judgeStates(session.inventory, states).findings : []
}

/** @returns the exit code */
async function goBack({ console }: RunContext, confirmation: Confirmation, { text }: Finding): Promise<number> {
  console.print(`back  the run is undone, since the cluster was without this before: ${text}`)
  const all = await confirmation.goBack(console)
  console.print(`back  ${all ? 'every host is as it was before this run' : 'not every host has gone back: see above'}`)
  return exitCode.checkFailed
}

/** @returns the exit code */
async function confirm({ console }: RunContext, confirmation: Confirmation): Promise<number> {
  const problems = await confirmation.confirm()
  for (const problem of problems) console.print(`confirm  ${console.colour.red('failed')}  ${problem}`)
  return problems.length > 0 ? exitCode.unreachable : exitCode.ok
}

/** @throws UserError, HostError where a client can't ask the service, with what to do */
async function ensureAsking({ console, options }: RunContext, session: Session): Promise<void> {
  // Hosts are connected to meanwhile; failures are reported by the run.
  void Promise.allSettled(session.limited.map(({ name }) => session.reach(name).connect()))
  console.status('trying the clients')
  await ensureClients(session, { probing: false, timeout: options.timeout }).catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error
    throw new UserError(`${error.message}\nOr leave the check at the end out: --no-verify`, error.exitCode)
  })
  console.status('')
}

async function run(
  context: RunContext<Documents['run']>,
  own: Pick<RunOptions, 'note' | 'confirmWithin' | 'beforeChanges'>,
  hosts: readonly RunHost[],
  confirmation: Confirmation,
): Promise<HostResult[]> {
  const { options, console, document } = context
  const report = new Report(
    console,
    options,
    hosts.map(({ name }) => name),
  )
  context.underWay = () => report.busy()
  context.atEnd(() => report.end())
  const listen = (event: RunEvent) => {
    if (event.type === 'change started') confirmation.add(event.host)
    report.listen(event)
  }
  const results = await runHosts(hosts, { ...options, ...own, interrupted: () => context.interrupted }, listen)
  context.underWay = () => []
  report.end()
  report.summary(results)
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
