import type { Inventory } from '../../inventory/types.ts'
import type { Stage } from '../cli/main.ts'
import type { Option } from '../cli/options.ts'
import type { ReportData, ReportStep } from '../report/data.ts'
import { type Finding, textsOf } from '../cluster/finding.ts'
import { accountLines, type Live } from './traffic.ts'
import type { Look } from '../cluster/node-state.ts'
import type { ProberAccount } from '../clients/prober.ts'
import type { Session } from '../cluster/session.ts'

export const reportOption = {
  name: 'report',
  value: 'FILE',
  help: 'write a page for people: what was asked, who answered, what was lost',
} as const satisfies Option

/** What a report says beside the state of the cluster. */
export type Page = Pick<ReportData, 'title' | 'started' | 'seconds' | 'ok' | 'verdict' | 'problems'> & {
  account?: ProberAccount
  steps: readonly ReportStep[]
}

/** Makes sure, before anything is done, that the report that is asked for can be written. @throws UserError */
export async function expectReport({ options }: Stage): Promise<void> {
  const file = options.values.report
  if (file) await (await import('../report/write.ts')).assertWritable(file)
}

/** Writes the report, where one is asked for. @param looks the nodes as they are at the end */
export async function writePage(
  { options, console }: Stage,
  { inventory, clients }: Session,
  looks: readonly Look[],
  page: Page,
): Promise<void> {
  const file = options.values.report
  if (!file) return
  const { cluster } = inventory
  const { writeReport } = await import('../report/write.ts')
  await writeReport(file, {
    ...page,
    cluster: cluster.name,
    vip: cluster.vip,
    level: looks.find(({ level }) => level !== undefined)?.level ?? 1,
    nodes: nodesOf(inventory, looks),
    clients: clients.map(({ name }) => name),
  })
  console.print(`report  ${file}`)
}

const nodesOf = ({ hosts }: Inventory, looks: readonly Look[]): ReportData['nodes'] =>
  hosts.map(({ name, address, second, identity }) => {
    const look = looks.find(({ host }) => host === name)
    // The prober hears the identity as it stands in the answer.
    const answer = `=${identity}=`
    return {
      name,
      address,
      second: second?.address,
      identity: answer,
      holdsVip: look?.holdsVip ?? false,
      pool: look?.pool ?? [],
    }
  })

/** What came of something that was done under a prober. */
export interface Conclusion {
  title: string
  /** Gives the nodes as they are now; those that are away are left out. */
  looks: () => Promise<Look[]>
  /** The error that it ended with. */
  failure?: unknown
  /** What to say of a step in the report, by its place. */
  about: (index: number) => Pick<ReportStep, 'limit' | 'outcome'>
  /** @returns what is wrong with what the prober found */
  judge: (account: ProberAccount) => Finding[]
}

/**
 * Ends the questions, sums up what was lost in each step, and writes the report, whatever had happened.
 * @returns what is wrong with what the prober found
 */
export async function conclude(stage: Stage, session: Session, live: Live, what: Conclusion): Promise<Finding[]> {
  const account = await live.stop()
  const { samples, ...sums } = account
  stage.document.prober = sums
  for (const line of accountLines(account)) stage.console.print(line)
  const findings = what.judge(account)
  const failure = what.failure as Error | undefined
  const ok = !failure && findings.length === 0 && !account.problem
  await writePage(stage, session, await what.looks(), {
    title: what.title,
    started: account.started,
    seconds: account.seconds,
    ok,
    verdict: verdictOf(ok, failure, account),
    problems: [
      ...(failure ? failure.message.split('\n') : []),
      ...textsOf(findings),
      ...(account.problem ? [account.problem] : []),
    ],
    account,
    steps: account.steps.map((step, index) => ({ ...step, ...what.about(index) })),
  })
  return findings
}

function verdictOf(ok: boolean, failure: Error | undefined, account: ProberAccount): string {
  if (ok) return `Done. ${lossWords(account)}`
  if (failure) return 'It did not end as it should.'
  return account.problem ? 'What clients saw is not known to the end.' : lossWords(account)
}

const lossWords = ({ UDP, TCP }: ProberAccount): string =>
  UDP.lost + TCP.lost === 0
    ? `Clients lost none of ${UDP.sent + TCP.sent} answers.`
    : `Clients lost ${UDP.lost} of ${UDP.sent} answers over UDP and ${TCP.lost} of ${TCP.sent} over TCP.`
