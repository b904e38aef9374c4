import type { Sample } from '../clients/losses.ts'
import type { ReportNode } from './data.ts'

/** A short time of a lane: how many questions were lost, and how many each node answered. */
export interface Bin {
  asked: number
  lost: number
  /** Answers by node number; the last entry counts those that are not known to be a node's. */
  answered: number[]
}

/** The maximum number of bins; more would be only a pixel or two wide, on paper too. */
const mostBins = 240
/** With fewer questions in a bin, turns of nodes look like noise. */
const questionsInBin = 4

/** The same for all virtual servers. */
const binCount = (samples: readonly Sample[], servers: number) =>
  Math.min(mostBins, Math.max(1, Math.floor(samples.length / servers / questionsInBin)))

/** Counts the questions to a virtual server in bins of the same length. @param servers how many there are */
export function binsOf(
  server: string,
  samples: readonly Sample[],
  nodes: readonly ReportNode[],
  { servers, end }: { servers: number; end: number },
): Bin[] {
  const count = binCount(samples, servers)
  const numbers = new Map(nodes.flatMap(({ identities }, i) => identities.map((identity) => [identity, i])))
  const bins: Bin[] = Array.from({ length: count }, () => ({
    asked: 0,
    lost: 0,
    answered: Array(nodes.length + 1).fill(0),
  }))
  for (const { sent, who } of samples.filter((sample) => sample.server === server)) {
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
