import type { Documents } from '../../documents/all.ts'
import { resourceOf } from '../../tasks/resources.ts'
import { targetOf } from '../../tasks/target.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { Report } from '../cli/run-report.ts'
import { ensureClients } from '../clients/client.ts'
import { refuseMixture } from '../cluster/limit.ts'
import { oneHostAMachine } from '../cluster/one-host-a-machine.ts'
import { runNote } from '../cluster/run-note.ts'
import { type Finding, without } from '../cluster/finding.ts'
import { readNodeState } from '../cluster/node-state.ts'
import { judgeStates } from '../verify/check.ts'
import type { Session } from '../cluster/session.ts'
import type { HostResult } from '../runner/events.ts'
import { type RunOptions, runHosts } from '../runner/run.ts'
import { flatten } from '../runner/task.ts'
import { type Changed, confirmAll, goBackAll, whileTheyWait } from './confirm.ts'
import type { Playbook } from './playbook.ts'
import { reportCheck } from './verify.ts'

/**
 * Brings every host to what a playbook lists, and checks the cluster where that is at a level then.
 * @param checking false leaves the check out
 * @param seconds see `confirmWithin`
 * @param takeOver see `Target`
 * @returns the exit code
 */
export async function bringTo(
  context: RunContext<Documents['run']>,
  session: Session,
  { title, level, scope, tasks }: Playbook,
  { checking, seconds, takeOver }: { checking: boolean; seconds: number; takeOver?: boolean },
): Promise<number> {
  const { hosts } = session.inventory
  // It names a folder on the hosts.
  if (scope !== undefined && !/^\w[\w .-]*$/.test(scope))
    throw new UserError(
      `scope "${scope}": must be letters, digits, dots, dashes and blanks, and begin with a letter or digit`,
    )
  if (level) await refuseMixture(session, level, context.options.timeout)
  const verify = level !== undefined && checking
  const whole = session.limited.length === hosts.length
  // Clients are tried now, so that the check at the end can ask.
  if (verify && whole) await ensureAsking(context, session)
  const note = runNote(title, scope)
  const { timeout, check } = context.options
  const changed: Changed = { session, hosts: [], note, timeout, confirmWithin: seconds }
  let before: Finding[] | undefined
  const refuseTwin = oneHostAMachine(session.inventory.place)
  const results = await run(
    context,
    {
      note,
      confirmWithin: seconds,
      beforeChanges: async () => {
        // After Ctrl-C nothing more is begun, and what was done stays.
        context.atEnd(() => context.interrupted && confirmAll({ ...changed, hosts: hosts.map(({ name }) => name) }))
        if (verify && whole) before = await findingsOf(session, timeout)
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
  )
  const code = codeOf(results)
  if (check) return code
  changed.hosts = results
    .filter(({ changes, status }) => changes.length > 0 && status !== 'unreachable')
    .map(({ host }) => host)
  if (verify && !whole)
    context.console.print('check  left out: not all hosts were worked on; when they are, run verify.mts')
  if (code !== exitCode.ok || !verify || !whole) return Math.max(code, await confirm(context, changed))
  const since = new Map(results.map(({ host, facts }) => [host, facts?.now]))
  const request = { level, since, changed: changed.hosts.length > 0 }
  const checked = await whileTheyWait(changed, () => reportCheck(context, session, request))
  const worse = before && without(context.document.cluster!.findings, before).find(({ code }) => !excused.has(code))
  if (worse && seconds > 0 && changed.hosts.length > 0) return (await goBack(context, changed, worse), checked)
  return Math.max(checked, await confirm(context, changed))
}

/** What does not come of a change, or heals by itself. */
const excused: ReadonlySet<Finding['code']> = new Set(['journal-error', 'client-failed', 'not-in-turn', 'unreachable'])

/** @returns what is wrong with a cluster that is about to be changed; undefined where there is none yet */
async function findingsOf({ inventory, reach }: Session, timeout: number): Promise<Finding[] | undefined> {
  const { cluster, hosts } = inventory
  const states = await Promise.all(
    hosts.map((host) => readNodeState({ host, transport: reach(host.name) }, cluster, timeout)),
  )
  return states.every(({ level }) => level === undefined) ? undefined : judgeStates(inventory, states).findings
}

async function goBack({ console }: RunContext, changed: Changed, { text }: Finding): Promise<void> {
  console.print(`back  the run is undone, since the cluster was without this before: ${text}`)
  const all = await goBackAll(changed, console)
  console.print(`back  ${all ? 'every host is as it was before this run' : 'not every host has gone back: see above'}`)
}

/** @returns the exit code */
async function confirm({ console }: RunContext, changed: Changed): Promise<number> {
  const problems = await confirmAll(changed)
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
  hosts: Parameters<typeof runHosts>[0],
): Promise<HostResult[]> {
  const { options, console, document } = context
  const report = new Report(
    console,
    options,
    hosts.map(({ name }) => name),
  )
  context.underWay = () => report.busy()
  context.atEnd(() => report.end())
  const results = await runHosts(hosts, { ...options, ...own, interrupted: () => context.interrupted }, report.listen)
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
