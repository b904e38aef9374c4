import type { Listener, RunEvent } from '../runner/events.ts'

/** How many changes are listed. */
const most = 15

/** What a run takes its time for: of each host reading, changing and proving, and the changes that take longest. */
export class Profile {
  readonly #changes: { host: string; task: string; seconds: number }[] = []
  readonly #marks = new Map<string, { what: string; at: number }>()
  readonly #spent = new Map<string, Map<string, number>>()

  readonly listen: Listener = (event) => {
    if (event.type === 'change ended')
      this.#changes.push({ host: event.host, task: event.change.task, seconds: event.seconds })
    const what = doingAfter(event)
    if (what === undefined) return
    const host = event.type === 'host ended' ? event.result.host : event.host
    const now = performance.now()
    const mark = this.#marks.get(host)
    const spent = this.#spent.get(host) ?? new Map<string, number>()
    if (mark) spent.set(mark.what, (spent.get(mark.what) ?? 0) + (now - mark.at) / 1000)
    this.#spent.set(host, spent)
    this.#marks.set(host, { what, at: now })
  }

  /** @returns lines for people */
  lines(): string[] {
    const width = Math.max(...[...this.#spent.keys()].map((host) => host.length))
    const row = (host: string, seconds: number, text: string) =>
      `time  ${host.padEnd(width)}  ${seconds.toFixed(1).padStart(6)} s  ${text}`
    const slowest = this.#changes.toSorted((a, b) => b.seconds - a.seconds).slice(0, most)
    return [
      ...[...this.#spent].map(([host, spent]) => {
        const parts = [...spent].filter(([what]) => what !== ended)
        const sum = parts.reduce((all, [, seconds]) => all + seconds, 0)
        return row(host, sum, parts.map(([what, seconds]) => `${what} ${seconds.toFixed(1)}`).join(', '))
      }),
      ...slowest.map(({ host, task, seconds }) => row(host, seconds, task)),
    ]
  }
}

const ended = 'ended'

/** What a host does from an event on; undefined where it goes on with what it did. */
function doingAfter(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'connecting':
      return 'connecting'
    case 'connected':
    case 'stale':
      return 'reading'
    case 'planned':
    case 'change ended':
      return 'waiting'
    case 'change started':
      return 'changing'
    case 'proving':
      return 'proving'
    case 'host ended':
      return ended
    default:
      return undefined
  }
}
