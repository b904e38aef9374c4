import { randomBytes } from 'node:crypto'
import { exitCode, HostError, UserError } from '../base/errors.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Outcome, Transport } from '../transport/transport.ts'
import { type LossSummary, milliseconds, summarize, type Mark, type Protocol, type Sample } from './losses.ts'
import { pythonScript, whyFailed } from './python.ts'
import type { Client } from './client.ts'
import { type Asked, nameOf } from './question.ts'

/** A service that is asked again and again. */
export interface Probed extends Asked {
  /** What it is over each protocol, and questions per second. */
  servers: readonly { name: string; protocol: Protocol; perSecond: number }[]
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
  | { kind: 'start'; pid: number; epoch: number }
  | { kind: 'end'; at: number }
  | { kind: 'sample'; protocol: Protocol; sample: Omit<Sample, 'server'> }

/** Seconds beyond its time for an emulated client to start and to end Python. */
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
  const question = /^\d+ (UDP|TCP) (\d+\.\d+) (\d+\.\d+) (?:(\d+\.\d+) (.*)|([a-z][a-z0-9-]*))$/.exec(line)
  if (!question) return undefined
  const [, protocol, sent, late, latency, who, lost] = question
  const result = lost === undefined ? answered(Number(latency), who!) : { lost }
  const sample = { sent: Number(sent), late: Number(late), ...result }
  return { kind: 'sample', protocol: protocol as Protocol, sample }
}

/** A client that does not get its answer within this many milliseconds has lost it, even where one comes after all. */
const patience = 1000

const answered = (latency: number, who: string): Pick<Sample, 'latency' | 'who' | 'lost'> =>
  latency > patience ? { latency, lost: 'slow' } : { latency, who }

// The process id may have been reused; only the prober has the tag among its arguments.
const stopScript = (pid: number, tag: string): Script =>
  sh`if grep -qzxF -e ${tag} /proc/${pid}/cmdline 2>/dev/null; then kill -TERM ${pid}; fi`

/**
 * Starts to ask services from a client, and returns when it has begun.
 * @param client its transport keeps one execution for each service until the prober stops; others can run beside them
 * @param seconds after which it ends by itself, also without a connection
 * @param onAnswer called with every question once it is answered or lost
 * @throws UserError when the client has no python3, or the prober does not run there
 * @throws HostError when the client can't be reached
 */
export async function startProber(
  { transport }: Pick<Client, 'transport'>,
  services: readonly Probed[],
  seconds: number,
  onAnswer: (sample: Sample) => void,
): Promise<Prober> {
  const [here, now] = [performance.now() / 1000, Date.now() / 1000]
  const started = await Promise.allSettled(services.map((one) => startAsking(transport, one, seconds, onAnswer)))
  const asking = started.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  const failed = started.find((one) => one.status === 'rejected')
  if (failed) {
    await Promise.all(asking.map((one) => one.stop()))
    throw failed.reason
  }
  const marks: Mark[] = []
  return {
    mark: (label) => void marks.push({ label, at: performance.now() / 1000 }),
    async stop() {
      const heard = await Promise.all(asking.map((one) => one.stop()))
      // All have the client's clock, and its time counts from the first.
      const epoch = heard.reduce((least, one) => Math.min(least, one.epoch), heard[0]?.epoch ?? now)
      const later = heard.map((one) => one.epoch - epoch)
      const samples = heard.flatMap((one, i) =>
        one.samples.map((sample) => ({ ...sample, sent: milliseconds(sample.sent + later[i]!) })),
      )
      const offset = heard.reduce(
        (least, one, i) => Math.min(least, one.offset - later[i]!),
        heard[0] ? Infinity : here,
      )
      const end =
        heard.length > 0 ? Math.min(...heard.map((one, i) => one.end + later[i]!)) : performance.now() / 1000 - here
      const timed = marks.map(({ label, at }) => ({ label, at: milliseconds(at - offset) }))
      const servers = services.flatMap((one) => one.servers.map(({ name }) => name))
      return {
        ...summarize(servers, samples, timed, milliseconds(end)),
        started: new Date(epoch * 1000),
        problem: heard.find(({ problem }) => problem)?.problem?.message,
      }
    },
  }
}

/** What was heard of one service. */
interface Heard {
  samples: Sample[]
  /** Seconds since 1970 at its start, by the clock of the client. */
  epoch: number
  /** Its start by the clock of this machine, in seconds. */
  offset: number
  /** When it stopped asking, in seconds from its start. */
  end: number
  problem?: UserError
}

async function startAsking(
  transport: Transport,
  { asking, server, servers }: Probed,
  seconds: number,
  onAnswer: (sample: Sample) => void,
): Promise<{ stop(): Promise<Heard> }> {
  const tag = `probe-${randomBytes(9).toString('hex')}`
  const question = nameOf(asking, `${tag}-%`)
  const [udp, tcp] = (['UDP', 'TCP'] as const).map((protocol) => servers.find((one) => one.protocol === protocol))
  const rates = [udp, tcp].map((one) => one?.perSecond ?? 0)
  const program = await pythonScript(asking, 'prober.py', [
    ...[server.address, server.port, question],
    ...rates,
    ...[seconds, tag],
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
        const sample = { server: (line.protocol === 'UDP' ? udp : tcp)!.name, ...line.sample }
        samples.push(sample)
        if (sample.latency !== undefined) heard(sample.sent + sample.latency / 1000)
        onAnswer(sample)
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

  return {
    async stop() {
      stopping = true
      const told = transport.run(stopScript(start.pid, tag).text, { timeout: grace }).then(
        () => ending,
        (error: HostError) => error,
      )
      const problem = await Promise.race([ending, told])
      const latest = samples.reduce((most, { sent }) => Math.max(most, sent), 0)
      return { samples, epoch: start.epoch, offset, end: end ?? latest, ...(problem && { problem }) }
    },
  }
}

function why(outcome: Outcome, end: number | undefined): string {
  if (outcome.code === 0 && end !== undefined) return `the prober ended after ${end} s, before it was told to`
  return whyFailed('the client', outcome)
}
