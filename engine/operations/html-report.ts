import { abilitiesOf } from '../../inventory/levels.ts'
import { directs } from '../../inventory/roles.ts'
import type { Inventory } from '../../inventory/types.ts'
import { servicesOf } from '../../services/all.ts'
import { virtualServersOf } from '../../services/virtual-server.ts'
import type { RunContext } from '../cli/main.ts'
import type { Option } from '../cli/options.ts'
import type { ReportData } from '../report/data.ts'
import { addressOf } from '../cluster/instances.ts'
import type { NodeState } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'

export const reportOption = {
  name: 'report',
  value: 'FILE',
  help: 'write a page for people: what was asked, who answered, what was lost',
} as const satisfies Option

/** What a report says beside the state of the cluster. */
export interface Page extends Pick<
  ReportData,
  'title' | 'started' | 'seconds' | 'ok' | 'verdict' | 'problems' | 'summary' | 'steps'
> {
  /** Where it is written to; undefined where nobody asked for it. */
  file?: string
}

/** Checks before the run that the report can be written. @throws UserError */
export async function expectReport(file: string | undefined): Promise<void> {
  if (file) await (await import('../base/report-file.ts')).assertWritable(file)
}

/** Writes the report, where one is asked for. @param states the nodes as they are at the end */
export async function writePage(
  { console, redactor }: RunContext,
  { inventory, clients }: Session,
  states: readonly NodeState[],
  { file, ...page }: Page,
): Promise<void> {
  if (!file) return
  const { cluster } = inventory
  const level = states.find((state) => state.level !== undefined)?.level
  const { writeReport } = await import('../report/write.ts')
  await writeReport(file, {
    ...page,
    verdict: redactor.redact(page.verdict),
    problems: page.problems.map((text) => redactor.redact(text)),
    steps: page.steps.map((step) => ({ ...step, outcome: step.outcome && redactor.redact(step.outcome) })),
    cluster: cluster.name,
    vips: cluster.instances.map(addressOf),
    servers: virtualServersOf(cluster).map((server) => server.name),
    ...(level !== undefined && { level }),
    balances: abilitiesOf(level, cluster).balances,
    nodes: nodesOf(inventory, states),
    clients: clients.map(({ name }) => name),
  })
  console.print(`report  ${file}`)
}

const nodesOf = ({ cluster, hosts }: Inventory, states: readonly NodeState[]): ReportData['nodes'] =>
  hosts.map((host) => {
    const { name, address, second } = host
    const state = states.find((one) => one.host === name)
    return {
      name,
      address,
      second: second?.address,
      identities: [...new Set(servicesOf(cluster).flatMap(({ answerOf }) => answerOf(host) || []))],
      holds: Object.values(state?.instances ?? {}).flatMap(({ holds }) => holds),
      kind: state === undefined ? 'unknown' : directs(host) ? 'director' : 'real server',
      pool: state?.pool ?? [],
    }
  })
