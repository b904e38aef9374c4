import type { Console } from './console.ts'
import { unifiedDiff } from '../base/diff.ts'
import type { ChangeReport, HostResult, RunEvent } from '../runner/events.ts'

/** How much people want to see. */
export interface ReportOptions {
  check: boolean
  diff: boolean
  verbose: boolean
}

const quietSeconds = 15

/** What a host does between two changes, for more than a moment: before its first, or where all meet. */
const waiting = 'waiting for the other hosts'

/** How a line that a change prints begins where people should see it at any rate. */
const notice = 'note: '

const titleOf = ({ task, remark }: ChangeReport) => (remark === undefined ? task : `${task} (${remark})`)

/** A live report of a run for people: a line for each change, and progress of slow hosts. */
export class Report {
  readonly #console: Console
  readonly #options: ReportOptions
  /** What each host is busy with. */
  readonly #busy = new Map<string, { doing: string; since: number; last: string }>()
  readonly #ticker: NodeJS.Timeout
  #width = 0
  #paused = false

  constructor(console: Console, options: ReportOptions, hosts: readonly string[]) {
    this.#console = console
    this.#options = options
    this.#width = Math.max(...hosts.map((name) => name.length))
    this.#ticker = setInterval(() => this.#tick(), console.interactive ? 200 : quietSeconds * 1000)
    this.#ticker.unref()
  }

  /** A `Listener` for the runner. */
  readonly listen = (event: RunEvent): void => {
    switch (event.type) {
      case 'connecting':
        return this.#begin(event.host, 'connecting')
      case 'connected':
        return this.#begin(event.host, `reading the state of ${event.facts.os}`)
      case 'planned':
        return this.#planned(event)
      case 'note':
        return this.#line(event.host, 'note', event.text)
      case 'stale':
        return this.#line(event.host, 'again', 'another run has changed it since it was read; it is planned again')
      case 'change started':
        return this.#begin(event.host, event.task)
      case 'change output':
        return this.#heard(event.host, event.line)
      case 'change ended':
        return this.#changed(event.host, event.change, event.seconds)
      case 'proving':
        return this.#begin(event.host, 'proving that nothing is left to change')
      case 'host ended':
        return this.#ended(event.result)
    }
  }

  /** Hosts in the middle of something, for a run that is interrupted. */
  busy(): string[] {
    return [...this.#busy].map(([host, { doing }]) => `${host}: ${doing}`)
  }

  /** One line per host: its outcome, and after a failure also the changes not tried. */
  summary(results: readonly HostResult[]): void {
    for (const result of results) this.#summarize(result)
  }

  /** Shows no progress while somebody is asked: it would be written over the question. */
  async pausedWhile<T>(work: () => Promise<T>): Promise<T> {
    this.#paused = true
    this.#console.status('')
    try {
      return await work()
    } finally {
      this.#paused = false
    }
  }

  /** Stops showing progress. */
  end(): void {
    clearInterval(this.#ticker)
    this.#console.status('')
  }

  #planned({ host, plan }: Extract<RunEvent, { type: 'planned' }>): void {
    if (this.#options.verbose) {
      for (const { task, why } of plan.unchanged) this.#line(host, 'ok', task.name + (why ? ` (${why})` : ''))
    }
    if (plan.changes.length > 0 && !this.#options.check) {
      const total = plan.changes.length + plan.unchanged.length
      this.#line(host, 'begins', `${plan.changes.length} of ${total} tasks have something to change`)
      this.#begin(host, waiting)
    }
  }

  #changed(host: string, change: ChangeReport, seconds: number): void {
    this.#line(host, 'changed', titleOf(change) + (seconds >= 1 ? ` (${seconds.toFixed(1)} s)` : ''))
    if (this.#options.diff) this.#diff(change)
    this.#begin(host, waiting)
  }

  #ended(result: HostResult): void {
    this.#busy.delete(result.host)
    if (result.status === 'would change') {
      for (const change of result.changes) {
        this.#line(result.host, 'would change', titleOf(change))
        if (this.#options.diff) this.#diff(change)
      }
    }
  }

  #summarize(result: HostResult): void {
    const { host, status, changes, failure, notTried, leftOut = [], tasks, seconds } = result
    const took = `${seconds.toFixed(1)} s`
    if (leftOut.length > 0) this.#line(host, 'left out', leftOut.join('; '))
    const nothing = leftOut.length > 0 ? 'nothing changed' : 'nothing to change'
    if (status === 'ok') return this.#line(host, 'ok', `${tasks} tasks, ${nothing}, ${took}`)
    if (!failure) return this.#line(host, status, `${changes.length} of ${tasks} tasks, ${took}`)
    this.#line(host, status, (failure.task ? `${failure.task}: ` : '') + failure.reason)
    if (changes.length > 0) this.#line(host, '', `changed before that: ${changes.map(({ task }) => task).join('; ')}`)
    if (notTried.length > 0) this.#line(host, '', `not tried: ${notTried.join('; ')}`)
  }

  #diff(change: ChangeReport): void {
    const text = unifiedDiff(change.before, change.after, this.#console.colour)
    this.#console.print(text.replaceAll(/^/gm, ' '.repeat(this.#width + 4)))
  }

  #begin(host: string, doing: string): void {
    this.#busy.set(host, { doing, since: performance.now(), last: '' })
  }

  #heard(host: string, line: string): void {
    const busy = this.#busy.get(host)
    if (busy) busy.last = line
    if (this.#options.verbose || line.startsWith(notice)) this.#line(host, '', line)
  }

  #tick(): void {
    if (this.#paused) return
    const now = performance.now()
    const long = [...this.#busy].map(([host, { doing, since, last }]) => ({
      host,
      seconds: Math.round((now - since) / 1000),
      text: last ? `${doing}: ${last}` : doing,
    }))
    if (this.#console.interactive) {
      this.#console.status(long.map(({ host, seconds, text }) => `${host} ${seconds} s ${text}`).join('  |  '))
    } else {
      for (const { host, seconds, text } of long) {
        if (seconds >= quietSeconds) this.#line(host, 'at work', `${text} (${seconds} s)`)
      }
    }
  }

  #line(host: string, word: string, text: string): void {
    const { colour } = this.#console
    const paint = {
      ok: colour.green,
      changed: colour.yellow,
      'would change': colour.yellow,
      failed: colour.red,
      unreachable: colour.red,
    }[word]
    // A further line of a host's text must not look like another host's.
    const indented = text.replaceAll('\n', `\n${' '.repeat(this.#width + 4)}`)
    const rest = `${word.padEnd(word ? 12 : 0)}  ${indented}`
    this.#console.print(`${host.padEnd(this.#width)}  ${paint ? rest.replace(word, paint(word)) : rest}`)
  }
}
