import { serves } from '../../inventory/roles.ts'
import { exitCode, UserError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import type { Finding } from '../cluster/finding.ts'
import { readNodeStates } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'
import { judgeStates } from '../verify/check.ts'
import { checkNodes, ClusterControl } from './control.ts'

/** Conditions for starting an operation on a cluster. */
export interface ControlRequest {
  /** The number of nodes that must serve while one does not. If all others must serve, no finding is tolerated. */
  minServing: number
  /** Findings from the start of a resumed run: the cluster is accepted as that run has left it. */
  known?: readonly Finding[]
}

/**
 * Checks the cluster before an operation.
 * @throws UserError where the cluster is unhealthy, HostError where a node is unreachable
 */
export async function openControl(
  { options, console, document }: RunContext<{ findings?: Finding[] }>,
  session: Session,
  request: ControlRequest,
): Promise<ClusterControl> {
  console.status('checking the cluster')
  const { hosts } = session.inventory
  await Promise.all(hosts.map(({ name }) => session.reach(name).connect()))
  const { level, holder, findings } =
    request.known || options.check
      ? await glance(session, options.timeout)
      : await checkNodes(session, options.timeout, false)
  console.status('')
  if (level === undefined)
    throw new UserError('no playbook has configured these hosts: run a level playbook', exitCode.checkFailed)
  if (request.known) return new ClusterControl(session, level, options.timeout, request.known)
  document.findings = findings
  for (const { text } of findings) console.print(`check  ${text}`)
  if (findings.length > 0 && (request.minServing === hosts.filter(serves).length - 1 || !holder))
    throw new UserError('the cluster is not healthy: nothing was begun', exitCode.checkFailed)
  return new ClusterControl(session, level, options.timeout, findings)
}

/** Node states alone, for check mode. Asking the service would turn on query logging, which is a change. */
async function glance(session: Session, timeout: number) {
  return judgeStates(session.inventory, await readNodeStates(session, timeout))
}
