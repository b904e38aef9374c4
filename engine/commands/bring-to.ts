import { targetOf } from '../../tasks/target.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import { Report } from '../cli/run-report.ts'
import { ensureClients } from '../clients/client.ts'
import { refuseMixture } from '../cluster/limit.ts'
import { oneHostAMachine } from '../cluster/one-host-a-machine.ts'
import { runNote } from '../cluster/run-note.ts'
import type { Session } from '../cluster/session.ts'
import type { HostResult } from '../runner/events.ts'
import type { RunNote } from '../runner/note.ts'
import { runHosts } from '../runner/run.ts'
import { flatten } from '../runner/task.ts'
import type { Playbook } from './playbook.ts'
import { reportCheck } from './verify.ts'

/** Brings every host to what a playbook lists, and checks the cluster where that is at a level then. @returns the exit code */
export async function bringTo(
  context: RunContext,
  session: Session,
  { title, level, scope, tasks }: Playbook,
): Promise<number> {
  const { hosts } = session.inventory
  // It names a folder on the hosts.
  if (scope !== undefined && !/^\w[\w .-]*$/.test(scope))
    throw new UserError(
      `scope "${scope}": must be letters, digits, dots, dashes and blanks, and begin with a letter or digit`,
    )
  if (level) await refuseMixture(session, level, context.options.timeout)
  const verify = level !== undefined && !context.options.own['no-verify']
  // Clients are tried now, so that the check at the end can ask.
  if (verify && session.limited.length === hosts.length) await ensureAsking(context, session)
  const refuseTwin = oneHostAMachine(session.inventory.place)
  const results = await run(
    context,
    runNote(title, scope),
    session.limited.map((host) => ({
      name: host.name,
      transport: session.reach(host.name),
      tasks: (facts) => {
        refuseTwin(host.name, facts)
        return flatten(tasks(targetOf(session.inventory, host, facts)))
      },
    })),
  )
  const code = codeOf(results)
  if (code !== exitCode.ok || !verify || context.options.check) return code
  if (session.limited.length < hosts.length) {
    context.console.print('check  left out: not all hosts were worked on; when they are, run verify.mts')
    return code
  }
  const changed = results.some(({ status }) => status === 'changed')
  const since = new Map(results.map(({ host, facts }) => [host, facts?.now]))
  return reportCheck(context, session, { level, since, changed })
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

async function run(context: RunContext, note: RunNote, hosts: Parameters<typeof runHosts>[0]): Promise<HostResult[]> {
  const { options, console, document } = context
  const report = new Report(
    console,
    options,
    hosts.map(({ name }) => name),
  )
  context.underWay = () => report.busy()
  context.atEnd(() => report.end())
  const results = await runHosts(hosts, { ...options, interrupted: () => context.interrupted, note }, report.listen)
  context.underWay = () => []
  report.end()
  report.summary(results)
  document.check = options.check
  document.hosts = results.map(({ notTried, ...rest }) => ({ ...rest, not_tried: notTried }))
  return results
}

function codeOf(results: readonly HostResult[]): number {
  const any = (status: HostResult['status']) => results.some((result) => result.status === status)
  if (any('unreachable')) return exitCode.unreachable
  if (any('failed')) return exitCode.failed
  return any('would change') ? exitCode.changesFound : exitCode.ok
}
