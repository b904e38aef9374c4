import { confirmed } from '../cli/confirm.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { HostResult } from '../runner/events.ts'
import { main, type RunContext } from '../cli/main.ts'
import { Report } from '../cli/run-report.ts'
import { runHosts } from '../runner/run.ts'
import type { Listed } from '../runner/task.ts'
import type { Level } from '../../inventory/levels.ts'
import type { Target } from '../../tasks/target.ts'
import { reportCheck } from './verify.ts'
import { ensureClients } from '../clients/client.ts'
import { runNote } from '../cluster/run-note.ts'
import { refuseMixture } from '../cluster/limit.ts'
import type { Session } from '../cluster/session.ts'

const noVerify = { name: 'no-verify', help: 'leave out the cluster check at the end' }

/** Lists the tasks of a host, in order. */
export type TaskList = (target: Target) => Listed[]

/**
 * A playbook that brings every host to a level and then checks the cluster.
 * @param url the playbook's own, see `main`: others import it for its list of tasks
 * @param level `none` takes the cluster away: that is asked first, and nothing is left to be checked
 */
export const playbook = (url: string, title: string, level: Level | 'none', tasks: TaskList): Promise<void> =>
  main(url, title, level === 'none' ? [] : [noVerify], async (context) => {
    const { openSession } = await import('../cluster/session.ts')
    const session = await openSession(context, level === 'none' ? undefined : level)
    const { cluster, hosts } = session.inventory
    if (level === 'none' && !context.options.check && !context.options.yes) {
      const question = `This ends ${cluster.vip} on ${session.limited.map(({ name }) => name).join(', ')}. Go on`
      if (!(await confirmed(question, 'add --yes to go on'))) throw new UserError('Nothing was changed')
    }
    if (level !== 'none') await refuseMixture(session, level, context.options.timeout)
    const verify = level !== 'none' && !context.options.own['no-verify']
    // What the check needs at the end is not to be missing then.
    if (verify && session.limited.length === hosts.length) await ensureAsking(context, session)
    const results = await run(
      context,
      title,
      session.limited.map((host) => ({
        name: host.name,
        transport: session.reach(host.name),
        tasks: (facts) => tasks({ cluster, host, hosts, facts }),
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
  })

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

async function run(context: RunContext, title: string, hosts: Parameters<typeof runHosts>[0]): Promise<HostResult[]> {
  const { options, console, document } = context
  const report = new Report(
    console,
    options,
    hosts.map(({ name }) => name),
  )
  context.underWay = () => report.busy()
  context.atEnd(() => report.end())
  const results = await runHosts(
    hosts,
    { ...options, interrupted: () => context.interrupted, note: runNote(title) },
    report.listen,
  )
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
