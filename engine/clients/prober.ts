import { randomBytes } from 'node:crypto'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Outcome } from '../transport/transport.ts'
import { type LossSummary, summarize, type Mark, type Protocol, type Sample } from './losses.ts'
import { pythonScript, whyFailed } from './python.ts'
import type { Client } from './client.ts'
import { nameOf, type Server } from './question.ts'

/** How often, in questions per second; 0 for a protocol that the service does not have. */
export interface Rates extends Record<Protocol, number> {
  /** Seconds after which it ends by itself, also without a connection. */
  seconds: number
}

/** What a prober has found in the end. */
export interface ProberSummary extends LossSummary {
  /** When it began, by the clock of the client. */
  started: Date
  /** The reason why the prober ended by itself: there is no result for the time after `seconds`. */
  problem?: string
}

/** A prober at work. */
export interface Prober {
  /** Names the step that begins now and lasts until the next. */
  mark(label: string): void
  /** Stops asking, waits up to five seconds for outstanding answers, and sums up. Does not throw: see `problem`. */
  stop(): Promise<ProberSummary>
}

/** What one line of the prober says. */
export type Line =
  { kind: 'start'; pid: number; epoch: number } | { kind: 'end'; at: number } | { kind: 'sample'; sample: Sample }

/** Seconds beyond `Rates.seconds` for an emulated client to start and to end Python. */
const grace = 60

/**
 * Reads a line that prober.py printed.
 * @param line without its end
 * @returns undefined for any other line
 */
export function parseLine(line: string): Line | undefined {
  const start = /^start (\d+) (\d+\.\d+)$/.exec(line)
  if (start) return { kind: 'start', pid: Number(start[1]), epoch: Number(start[2]) }
  const end = /^end (\d+\.\d+)$/.exec(line)
  if (end) return { kind: 'end', at: Number(end[1]) }
  const question = /^(\d+) (UDP|TCP) (\d+\.\d+) (\d+\.\d+) (?:(\d+\.\d+) (.*)|([a-z][a-z0-9-]*))$/.exec(line)
  if (!question) return undefined
  const [, number, protocol, sent, late, latency, who, lost] = question
  const result = lost === undefined ? answered(Number(latency), who!) : { lost }
  const sample = { number: Number(number), protocol: protocol as Protocol, sent: Number(sent), late: Number(late) }
  return { kind: 'sample', sample: { ...sample, ...result } }
}

/** A client that does not get its answer within this many milliseconds has lost it, even where one comes after all. */
const patience = 1000

const answered = (latency: number, who: string): Pick<Sample, 'latency' | 'who' | 'lost'> =>
  latency > patience ? { latency, lost: 'slow' } : { latency, who }

// The process id may have been reused; only the prober has the tag among its arguments.
const stopScript = (pid: number, tag: string): Script =>
  sh`if grep -qzxF -e ${tag} /proc/${pid}/cmdline 2>/dev/null; then kill -TERM ${pid}; fi`

/**
 * Starts to ask a service from a client, and returns when it has begun.
 * @param client its transport keeps one execution for the prober until it stops; others can run beside it
 * @param onAnswer called with every question once it is answered or lost
 * @throws UserError when the client has no python3, or the prober does not run there
 * @throws HostError when the client can't be reached
 */
export async function startProber(
  { transport, service }: Pick<Client, 'transport' | 'service'>,
  server: Server,
  rates: Rates,
  onAnswer: (sample: Sample) => void,
): Promise<Prober> {
  const tag = `probe-${randomBytes(9).toString('hex')}`
  const { UDP, TCP, seconds } = rates
  const question = nameOf(service, `${tag}-%`)
  const program = await pythonScript(service, 'prober.py', [
    server.address,
    server.port,
    question,
    UDP,
    TCP,
    seconds,
    tag,
  ])
  const began = Promise.withResolvers<Extract<Line, { kind: 'start' }>>()
  const samples: Sample[] = []
  let end: number | undefined
  let stopping = false

  // A report can't arrive before its event, so the smallest delay seen is closest to the client's clock.
  let offset = Infinity
  const heard = (at: number) => {
    offset = Math.min(offset, performance.now() / 1000 - at)
  }
  let rest = ''
  const onStdout = (chunk: Buffer) => {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop()!
    for (const line of lines.map(parseLine)) {
      if (line?.kind === 'start') {
        heard(0)
        began.resolve(line)
      } else if (line?.kind === 'end') {
        end = line.at
      } else if (line?.kind === 'sample') {
        samples.push(line.sample)
        if (line.sample.latency !== undefined) heard(line.sample.sent + line.sample.latency / 1000)
        onAnswer(line.sample)
      }
    }
  }

  const whyEnded = (outcome: Outcome): UserError | undefined => {
    if (outcome.code === 0 && stopping) return undefined
    return new UserError(why(outcome, end), exitCode.checkFailed)
  }
  const ending: Promise<UserError | undefined> = transport
    .run(program.text, { timeout: seconds + grace, onStdout })
    .then(whyEnded, (error: HostError) => error)

  const start = await Promise.race([began.promise, ending])
  if (!start || start instanceof UserError) throw start ?? new Error('a prober that never began was stopped')

  const marks: Mark[] = []
  return {
    mark: (label) => void marks.push({ label, at: performance.now() / 1000 }),
    async stop() {
      stopping = true
      const told = transport.run(stopScript(start.pid, tag).text, { timeout: grace }).then(
        () => ending,
        (error: HostError) => error,
      )
      const problem = await Promise.race([ending, told])
      const latest = samples.reduce((most, { sent }) => Math.max(most, sent), 0)
      const timed = marks.map(({ label, at }) => ({ label, at: Math.round((at - offset) * 1000) / 1000 }))
      return {
        ...summarize(samples, timed, end ?? latest),
        started: new Date(start.epoch * 1000),
        problem: problem?.message,
      }
    },
  }
}

function why(outcome: Outcome, end: number | undefined): string {
  if (outcome.code === 0 && end !== undefined) return `the prober ended after ${end} s, before it was told to`
  return whyFailed('the client', outcome)
}
