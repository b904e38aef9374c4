import type { Session } from '../cluster/session.ts'
import { HostError } from '../base/errors.ts'
import type { Console } from '../cli/console.ts'
import { confirmRun, extendScript, goBackNow } from '../runner/dead-man.ts'
import type { RunNote } from '../runner/note.ts'

/** The hosts that a run has changed, each of which undoes the run by itself unless it is confirmed in time. */
export class Confirmation {
  readonly #session: Session
  readonly #note: RunNote
  readonly #seconds: number
  /** Seconds for one execution. */
  readonly #timeout: number
  readonly #hosts = new Set<string>()

  /** @param seconds that a host waits; 0 where none goes back */
  constructor(session: Session, note: RunNote, seconds: number, timeout: number) {
    this.#session = session
    this.#note = note
    this.#seconds = seconds
    this.#timeout = timeout
  }

  /** A host begins to change. */
  add(host: string): void {
    this.#hosts.add(host)
  }

  /** Whether there are hosts that can go back. */
  get pending(): boolean {
    return this.#seconds > 0 && this.#hosts.size > 0
  }

  /** Does what may take long, while the hosts are told to wait on, over the connections that are open. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    if (this.#seconds === 0) return work()
    const script = extendScript(this.#note, this.#seconds).text
    // A host that does not hear it goes back, as it should.
    const tell = () => {
      for (const host of this.#hosts)
        this.#session
          .reach(host)
          .run(script, { timeout: this.#timeout })
          .catch(() => {})
    }
    const ticker = setInterval(tell, (this.#seconds * 1000) / 3)
    try {
      return await work()
    } finally {
      clearInterval(ticker)
    }
  }

  /** Confirms the run over new connections. @returns why it is not confirmed, a line for each such host */
  async confirm(): Promise<string[]> {
    if (!this.pending) return []
    const tries = [...this.#hosts].map(async (host) => {
      try {
        await confirmRun(host, this.#session.reach(host), this.#note.folder, this.#timeout)
        return []
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        return [`${error.message}: the run is not confirmed there, and undone within ${this.#seconds} s`]
      }
    })
    return (await Promise.all(tries)).flat()
  }

  /** Every host undoes the run now. @returns whether all have */
  async goBack(console: Console): Promise<boolean> {
    const ended = [...this.#hosts].map(async (host) => {
      const show = (text: string) => {
        for (const line of text.split('\n').filter(Boolean)) console.print(`${host}  ${line}`)
      }
      try {
        const how = { timeout: this.#timeout, lasting: true }
        const { stdout, stderr, code } = await this.#session.reach(host).run(goBackNow(this.#note.folder).text, how)
        show(`${stdout.toString('utf8')}\n${stderr}`)
        return code === 0
      } catch (error) {
        if (!(error instanceof HostError)) throw error
        show(`${error.message}: it goes back by itself`)
        return false
      }
    })
    return (await Promise.all(ended)).every(Boolean)
  }
}
