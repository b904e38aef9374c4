import type { Protocol, Sample } from '../clients/losses.ts'
import type { ReportNode } from './data.ts'

/** A short time of a lane: how many questions were lost, and how many each node answered. */
export interface Bin {
  asked: number
  lost: number
  /** Answers by node number; the last entry counts answers from non-nodes. */
  answered: number[]
}

/** The maximum number of bins; more would be only a pixel or two wide, on paper too. */
const mostBins = 240
/** With fewer questions in a bin, turns of nodes look like noise. */
const questionsInBin = 4

/** The same for both protocols. */
const binCount = (samples: readonly Sample[]) =>
  Math.min(mostBins, Math.max(1, Math.floor(samples.length / 2 / questionsInBin)))

/** Counts the questions of a protocol in bins of the same length. */
export function binsOf(
  protocol: Protocol,
  samples: readonly Sample[],
  nodes: readonly ReportNode[],
  end: number,
): Bin[] {
  const count = binCount(samples)
  const numbers = new Map(nodes.map(({ identity }, i) => [identity, i]))
  const bins: Bin[] = Array.from({ length: count }, () => ({
    asked: 0,
    lost: 0,
    answered: Array(nodes.length + 1).fill(0),
  }))
  for (const { sent, who } of samples.filter((sample) => sample.protocol === protocol)) {
    const bin = bins[Math.min(count - 1, Math.floor((sent / end) * count))]!
    bin.asked++
    if (who === undefined) bin.lost++
    else bin.answered[numbers.get(who) ?? nodes.length]!++
  }
  return bins
}

/** Neighbours that are the same, as one. */
export interface Stretch<T> {
  from: number
  length: number
  value: T
}

/** @param valueOf compared by its JSON */
export function stretches<T>(bins: readonly Bin[], valueOf: (bin: Bin) => T): Stretch<T>[] {
  const found: (Stretch<T> & { key: string })[] = []
  for (const [i, bin] of bins.entries()) {
    const value = valueOf(bin)
    const key = JSON.stringify(value)
    const last = found.at(-1)
    if (last?.key === key) last.length++
    else found.push({ from: i, length: 1, value, key })
  }
  return found
}
