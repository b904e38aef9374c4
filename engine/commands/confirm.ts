import type { Session } from '../cluster/session.ts'
import { HostError } from '../base/errors.ts'
import type { Console } from '../cli/console.ts'
import { confirmRun, extendScript, goBackNow } from '../runner/dead-man.ts'
import type { HostResult } from '../runner/events.ts'
import type { RunNote } from '../runner/note.ts'

/** A run whose hosts go back by themselves unless it is confirmed. */
export interface Unconfirmed {
  session: Session
  note: RunNote
  /** Seconds for one execution. */
  timeout: number
  /** Seconds that a host waits; 0 where it does not go back. */
  confirmWithin: number
}

/** @returns the results of hosts where the run has begun a change */
export const begunOn = (results: readonly HostResult[]): HostResult[] =>
  results.filter(({ changes, failure }) => changes.length > 0 || failure?.task)

/**
 * Tells hosts to wait on, over the connections that they know, while other hosts are at work or the cluster is checked.
 * @returns ends it
 */
export function keepWaiting(run: Unconfirmed, hosts: readonly string[]): () => void {
  const { session, note, timeout, confirmWithin: seconds } = run
  if (seconds === 0) return () => {}
  // A host that does not hear it goes back, as it should.
  const tell = () => {
    for (const host of hosts)
      session
        .reach(host)
        .run(extendScript(note, seconds).text, { timeout })
        .catch(() => {})
  }
  const ticker = setInterval(tell, (seconds * 1000) / 3)
  return () => clearInterval(ticker)
}

/** Confirms a run over new connections. @returns why not, for each host where it is not confirmed */
export async function confirmAll(run: Unconfirmed, hosts: readonly string[]): Promise<string[]> {
  const { session, note, timeout, confirmWithin: seconds } = run
  if (seconds === 0) return []
  const tries = hosts.map(async (host) => {
    try {
      await confirmRun(host, session.reach(host), note, timeout)
      return []
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      return [error.message]
    }
  })
  return (await Promise.all(tries)).flat()
}

/** Every host undoes the run. @returns whether each has */
export async function goBackAll(
  { session, note, timeout }: Unconfirmed,
  hosts: readonly string[],
  console: Pick<Console, 'print'>,
): Promise<{ host: string; undone: boolean }[]> {
  const ended = hosts.map(async (host) => {
    const show = (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) console.print(`${host}  ${line}`)
    }
    try {
      const { stdout, stderr, code } = await session.reach(host).run(goBackNow(note).text, { timeout, lasting: true })
      show(`${stdout.toString('utf8')}\n${stderr}`)
      return { host, undone: code === 0 }
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      show(`${error.message}: it goes back by itself`)
      return { host, undone: false }
    }
  })
  return Promise.all(ended)
}
