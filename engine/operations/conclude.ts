import type { Documents } from '../../documents/all.ts'
import type { RunContext } from '../cli/main.ts'
import type { ProberSummary } from '../clients/prober.ts'
import { type Finding, textsOf } from '../cluster/finding.ts'
import type { NodeState } from '../cluster/node-state.ts'
import type { Session } from '../cluster/session.ts'
import type { ReportStep } from '../report/data.ts'
import { writePage } from './html-report.ts'
import { lossLines, type TrafficMonitor } from './traffic.ts'

/** The end of an operation under a prober. */
export interface Conclusion {
  title: string
  /** See `Page`. */
  file?: string
  /** Gives the nodes as they are now; unreachable ones are left out. */
  states: () => Promise<NodeState[]>
  /** The error that it ended with. */
  failure?: unknown
  /** What to say of a step in the report, by its place. */
  about: (index: number) => Pick<ReportStep, 'limit' | 'outcome'>
  /** @returns findings from the prober's summary */
  judge: (summary: ProberSummary) => Finding[]
}

/**
 * Stops the prober, sums up the losses of each step, and writes the report, also after a failure.
 * @returns findings from the prober's summary
 */
export async function conclude(
  context: RunContext<Pick<Documents['drill'], 'prober'>>,
  session: Session,
  traffic: TrafficMonitor,
  what: Conclusion,
): Promise<Finding[]> {
  const summary = await traffic.stop()
  const { samples, started, ...sums } = summary
  context.document.prober = { ...sums, started: started.toISOString() }
  for (const line of lossLines(summary)) context.console.print(line)
  const findings = what.judge(summary)
  const failure = what.failure as Error | undefined
  const ok = !failure && findings.length === 0 && !summary.problem
  await writePage(context, session, await what.states(), {
    title: what.title,
    file: what.file,
    started,
    seconds: summary.seconds,
    ok,
    verdict: verdictOf(ok, failure, summary),
    problems: [
      ...(failure ? failure.message.split('\n') : []),
      ...textsOf(findings),
      ...(summary.problem ? [summary.problem] : []),
    ],
    summary,
    steps: summary.steps.map((step, index) => ({ ...step, ...what.about(index) })),
  })
  return findings
}

function verdictOf(ok: boolean, failure: Error | undefined, summary: ProberSummary): string {
  if (ok) return `Done. ${lossWords(summary)}`
  if (failure) return 'It did not end as it should.'
  return summary.problem ? 'What clients saw is not known to the end.' : lossWords(summary)
}

function lossWords({ tallies }: ProberSummary): string {
  const all = Object.entries(tallies)
  const sum = (what: 'lost' | 'sent') => all.reduce((total, [, tally]) => total + tally[what], 0)
  if (all.length === 0) return 'Nothing here can be asked from outside, so that no losses were counted.'
  if (sum('lost') === 0) return `Clients lost none of ${sum('sent')} answers.`
  return `Clients lost answers: ${all.map(([server, { lost, sent }]) => `${lost} of ${sent} over ${server}`).join(', ')}.`
}
