import { exitCode } from '../runner/errors.ts'
import type { Stage } from '../runner/main.ts'
import { type CheckResult, checkCluster } from './check.ts'
import type { Session } from './session.ts'

export interface CheckWish {
  /** The level wanted; without one, that of the nodes. */
  level?: number
  /** Seconds since 1970 by each node's clock, from when errors in its journal count. */
  since: ReadonlyMap<string, number | undefined>
  /** Seconds that the cluster may take to settle. */
  settle: number
}

/**
 * Runs the cluster check and tells of it.
 * @returns the exit code
 */
export async function reportCheck(
  { console, options, document }: Stage,
  session: Session,
  wish: CheckWish,
): Promise<number> {
  const { inventory, client } = session
  const nodes = inventory.hosts.map((host) => ({
    host,
    transport: session.reach(host.name),
    since: wish.since.get(host.name),
  }))
  console.status('checking the cluster')
  await Promise.all([...nodes, client].map(({ transport }) => transport.connect()))
  const result = await checkCluster(inventory, nodes, {
    ...wish,
    client,
    timeout: options.timeout,
    say: (line) => console.print(`check  ${line}`),
  })
  console.status('')
  document.cluster = result
  for (const line of describe(result, inventory.cluster.vip, client.name)) console.print(line)
  const { colour } = console
  for (const problem of result.problems) console.print(`check  ${colour.red('failed')}  ${problem}`)
  if (result.problems.length === 0) console.print(`check  ${colour.green('passed')}  level ${result.level}`)
  return result.problems.length === 0 ? exitCode.ok : exitCode.checkFailed
}

function describe({ holder, answers, verdicts }: CheckResult, vip: string, client: string): string[] {
  if (!answers) return []
  return [
    `check  ${holder} holds ${vip}; ${client} asked and was answered by`,
    ...verdicts.flatMap(({ protocol, summary }) => [
      `  ${protocol}  ${answers[protocol].join(' ')}`,
      `       ${summary}`,
    ]),
  ]
}
