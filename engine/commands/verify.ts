import type { Documents } from '../../documents/all.ts'
import type { Cluster } from '../../inventory/types.ts'
import { exitCode, HostError } from '../base/errors.ts'
import type { RunContext } from '../cli/main.ts'
import type { Transport } from '../transport/transport.ts'
import { addressOf } from '../cluster/instances.ts'
import { type CheckResult, checkCluster } from '../verify/check.ts'
import { type Finding, textsOf, unreachableFinding } from '../cluster/finding.ts'
import { type Page, writePage } from '../operations/html-report.ts'
import type { Session } from '../cluster/session.ts'

/** A playbook whose document has the check. */
type CheckContext = RunContext<Pick<Documents['verify'], 'playbook' | 'cluster'>>

export interface VerifyRequest {
  /** The level wanted; without one, that of the nodes. */
  level?: number
  /** Seconds since 1970 by each node's clock, from when errors in its journal count. */
  since: ReadonlyMap<string, number | undefined>
  /** Whether it was changed just now. */
  changed: boolean
  /** The file of the page for people. */
  report?: string
}

/**
 * Runs the cluster check and tells of it.
 * @returns the exit code
 */
export async function reportCheck(context: CheckContext, session: Session, request: VerifyRequest): Promise<number> {
  const { console, options, document } = context
  const { inventory, clients } = session
  const began = new Date()
  console.status('checking the cluster')
  const found = await Promise.all(
    inventory.hosts.map(async (host) => {
      const transport = session.reach(host.name)
      return { host, transport, since: request.since.get(host.name), unreachable: await whyUnreachable(transport) }
    }),
  )
  const result = await checkCluster(
    inventory,
    found.filter(({ unreachable }) => !unreachable),
    {
      ...request,
      clients,
      timeout: options.timeout,
      clock: session.clock,
      say: (line) => console.print(`check  ${line}`),
    },
  )
  console.status('')
  const unreachable = found.flatMap(({ host, unreachable }) =>
    unreachable ? unreachableFinding(host.name, unreachable) : [],
  )
  const findings = [...unreachable, ...result.findings]
  document.cluster = { ...result, findings }
  for (const line of describe(result, inventory.cluster)) console.print(line)
  for (const { text } of findings) console.print(`check  ${console.colour.red('failed')}  ${text}`)
  await writePage(context, session, result.states, {
    ...pageOf(context, began, heldBy(result, inventory.cluster), findings),
    file: request.report,
  })
  if (unreachable.length > 0) return exitCode.unreachable
  if (findings.length > 0) return exitCode.checkFailed
  console.print(`check  ${console.colour.green('passed')}  level ${result.level}`)
  return exitCode.ok
}

const pageOf = ({ document }: CheckContext, started: Date, held: string, findings: readonly Finding[]): Page => ({
  title: document.playbook,
  started,
  seconds: (Date.now() - started.getTime()) / 1000,
  ok: findings.length === 0,
  verdict: findings.length === 0 ? `The cluster is healthy: ${held}.` : 'The cluster is not healthy.',
  problems: textsOf(findings),
  steps: [],
})

/** An unreachable node must not hide the state of the others. */
async function whyUnreachable(transport: Transport): Promise<string | undefined> {
  try {
    await transport.connect()
  } catch (error) {
    if (error instanceof HostError) return error.message
    throw error
  }
}

/** @returns `ns1 holds 10.2.1.5` of each instance */
const heldBy = ({ holders }: CheckResult, { instances }: Cluster): string =>
  instances
    .filter(({ name }) => name in holders)
    .map((instance) => `${holders[instance.name]} holds ${addressOf(instance)}`)
    .join(', ')

function describe(result: CheckResult, cluster: Cluster): string[] {
  const { answers, verdicts, seen } = result
  const held = heldBy(result, cluster)
  if (answers.length === 0) return held ? [`check  ${held}`] : []
  const width = Math.max(...verdicts.map(({ server }) => server.length))
  const indent = ' '.repeat(width + 4)
  return answers.flatMap(({ client, answered }) => {
    const summary = (server: string) =>
      verdicts.find((verdict) => verdict.client === client && verdict.server === server)!.summary
    const { addresses, unseen } = seen.find((one) => one.client === client) ?? { addresses: [], unseen: [] }
    return [
      `check  ${held}; ${client} asked and was answered by`,
      ...Object.entries(answered).flatMap(([server, who]) => {
        const begin = `  ${server.padEnd(width)}  `
        const names = who.filter((name) => name !== '')
        return names.length > 0 ? [begin + who.join(' '), indent + summary(server)] : [begin + summary(server)]
      }),
      ...(addresses.length > 0 ? [`${indent}seen by the nodes as ${addresses.join(', ')}`] : []),
      ...unseen.map(({ node, why }) => `${indent}as what ${node} has seen the client is not known: ${why}`),
    ]
  })
}
