import type { FromSchema } from 'json-schema-to-ts'
import type { protocolSchema } from '../../documents/parts/node.ts'
import type { proberSchema, stepSchema, tallySchema } from '../../documents/parts/prober.ts'

/** How a question is sent. */
export type Protocol = FromSchema<typeof protocolSchema>

/** One question and its result: `latency` and `who`, or `lost`, or `latency` and `lost: 'slow'`. */
export interface Sample {
  /** The virtual server that was asked. */
  server: string
  /** Seconds from the start of the prober. */
  sent: number
  /** By how many milliseconds it was sent later than the schedule wanted. */
  late: number
  /** Milliseconds to the answer; for TCP with the connection. */
  latency?: number
  /** The TXT text of the answer: the identity of the node. */
  who?: string
  /** Why there is no answer: timeout, refused, reset, servfail …; `slow` where it came after more than a second. */
  lost?: string
}

/** A moment at which a step began. */
export interface Mark {
  label: string
  /** Seconds from the start of the prober. */
  at: number
}

/** The losses of one virtual server. */
export type Tally = FromSchema<typeof tallySchema>

/** The losses during a step. */
export type Step = FromSchema<typeof stepSchema>

/** What was heard of virtual servers. */
export interface LossSummary extends Omit<FromSchema<typeof proberSchema>, 'started' | 'problem'> {
  /** All questions in the order of sending. */
  samples: Sample[]
}

/**
 * Sums up what was heard of virtual servers.
 * @param servers their names, also of those that were not asked yet
 * @param samples in any order
 * @param marks in the order of time
 * @param end when the prober stopped asking, in seconds from its start
 */
export function summarize(
  servers: readonly string[],
  samples: readonly Sample[],
  marks: readonly Mark[],
  end: number,
): LossSummary {
  const all = samples.toSorted((a, b) => a.sent - b.sent)
  const tallies = (some: readonly Sample[], to: number): Record<string, Tally> =>
    Object.fromEntries(
      servers.map((server) => [
        server,
        tally(
          some.filter((sample) => sample.server === server),
          to,
        ),
      ]),
    )
  const steps = marks.map(({ label, at }, i) => {
    const next = marks[i + 1]?.at ?? Infinity
    // A prober that ended before its time heard nothing of the steps after.
    const to = Math.max(at, Math.min(next, end))
    return {
      label,
      from: at,
      to,
      tallies: tallies(
        all.filter(({ sent }) => sent >= at && sent < next),
        to,
      ),
    }
  })
  return {
    seconds: end,
    late: all.reduce((most, { late }) => Math.max(most, late), 0),
    tallies: tallies(all, end),
    steps,
    samples: all,
  }
}

/** Seconds without a loss that end a period of losses. */
const apart = 2

function tally(samples: readonly Sample[], to: number): Tally {
  const answers = new Map<string, number>()
  let gap = 0
  let since: number | undefined
  let span = 0
  let first = 0
  let end = -Infinity
  const over = (at: number) => {
    if (since === undefined) return
    gap = Math.max(gap, at - since)
    // Losses far apart are not one trouble.
    if (since - end > apart) first = since
    end = at
    span = Math.max(span, end - first)
    since = undefined
  }
  for (const { sent, who } of samples) {
    if (who === undefined) {
      since ??= sent
    } else {
      over(sent)
      answers.set(who, (answers.get(who) ?? 0) + 1)
    }
  }
  over(to)
  const lost = samples.filter(({ who }) => who === undefined).length
  const slow = samples.filter((sample) => sample.lost === 'slow').length
  return {
    sent: samples.length,
    lost,
    slow,
    gap: milliseconds(gap),
    span: milliseconds(span),
    answers: Object.fromEntries(answers),
  }
}

/** @returns seconds without the dust of binary fractions beyond milliseconds that differences of times have */
export const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000
