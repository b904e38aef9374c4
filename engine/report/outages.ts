import type { Sample } from '../clients/losses.ts'
import type { ReportStep } from './data.ts'

/** Questions to one virtual server that were lost one after the other. */
interface Run {
  server: string
  from: number
  to: number
  reasons: string[]
}

/** What an outage was for one virtual server. */
interface Share {
  lost: number
  /** The longest time without an answer, in seconds. */
  gap: number
}

/** A time in which questions were lost, to one virtual server or to several. */
export interface Outage {
  from: number
  to: number
  shares: Record<string, Share>
  /** Why, with how often. */
  reasons: Record<string, number>
}

/** A person sees losses closer together than this, in seconds, as one outage. */
const together = 1

/**
 * All outages in the order of time. Their lengths are counted as in a tally: from a lost question to the next one that
 * was answered.
 * @param samples in the order of sending
 * @param end when the prober stopped asking
 */
export function outagesOf(samples: readonly Sample[], end: number): Outage[] {
  const servers = new Set(samples.map(({ server }) => server))
  const runs = [...servers].flatMap((server) => runsOf(server, samples, end)).toSorted((a, b) => a.from - b.from)
  const outages: Outage[] = []
  for (const run of runs) {
    const last = outages.at(-1)
    if (last && run.from <= last.to + together) add(last, run)
    else outages.push(add({ from: run.from, to: run.to, shares: {}, reasons: {} }, run))
  }
  return outages
}

function runsOf(server: string, samples: readonly Sample[], end: number): Run[] {
  const runs: Run[] = []
  let open: Run | undefined
  for (const { sent, who, lost = 'lost' } of samples.filter((sample) => sample.server === server)) {
    if (who !== undefined) {
      if (open) open.to = sent
      open = undefined
    } else {
      if (!open) runs.push((open = { server, from: sent, to: Math.max(sent, end), reasons: [] }))
      open.reasons.push(lost)
    }
  }
  return runs
}

function add(outage: Outage, { server, from, to, reasons }: Run): Outage {
  const share = (outage.shares[server] ??= { lost: 0, gap: 0 })
  share.lost += reasons.length
  share.gap = Math.max(share.gap, to - from)
  for (const reason of reasons) outage.reasons[reason] = (outage.reasons[reason] ?? 0) + 1
  outage.to = Math.max(outage.to, to)
  return outage
}

/** An outage that the report shows by its letter. */
export interface Lettered extends Outage {
  letter: string
}

/** As many as there are letters that a person keeps apart on one timeline. */
const shown = 20

/** The longest outages, in the order of time. */
export function lettered(outages: readonly Outage[]): Lettered[] {
  const longest = new Set(outages.toSorted((a, b) => lengthOf(b) - lengthOf(a)).slice(0, shown))
  return outages
    .filter((outage) => longest.has(outage))
    .map((outage, i) => ({ ...outage, letter: String.fromCharCode(65 + i) }))
}

const lengthOf = ({ shares }: Outage) => Math.max(...Object.values(shares).map(({ gap }) => gap))

/** The steps in which an outage lies, with their numbers. */
export const stepsOf = ({ from, to }: Outage, steps: readonly ReportStep[]) =>
  steps
    .map((step, i) => ({ ...step, number: i + 1 }))
    .filter((step) => step.from < to && (from < step.to || from === step.from))
