import type { Session } from '../cluster/session.ts'
import { HostError } from '../base/errors.ts'
import type { Console } from '../cli/console.ts'
import { confirmRun, extendScript, goBackNow } from '../runner/dead-man.ts'
import type { RunNote } from '../runner/note.ts'

/** Hosts that a run has changed, and that go back by themselves unless it is confirmed. */
export interface Changed {
  session: Session
  hosts: readonly string[]
  note: RunNote
  /** Seconds for one execution. */
  timeout: number
  confirmWithin: number
}

/** Does something that may take long, while the hosts wait: they are told so over the connections that they know. */
export async function whileTheyWait<T>(changed: Changed, work: () => Promise<T>): Promise<T> {
  const { session, hosts, note, timeout, confirmWithin: seconds } = changed
  if (seconds === 0 || hosts.length === 0) return work()
  // A host that does not hear it goes back, as it should.
  const tell = () => {
    for (const host of hosts)
      session
        .reach(host)
        .run(extendScript(note, seconds).text, { timeout })
        .catch(() => {})
  }
  const ticker = setInterval(tell, (seconds * 1000) / 3)
  try {
    return await work()
  } finally {
    clearInterval(ticker)
  }
}

/** Confirms a run over new connections. @returns why it is not confirmed, a line for each such host */
export async function confirmAll({
  session,
  hosts,
  note,
  timeout,
  confirmWithin: seconds,
}: Changed): Promise<string[]> {
  if (seconds === 0) return []
  const tries = hosts.map(async (host) => {
    try {
      await confirmRun(host, session.reach(host), note.folder, timeout)
      return []
    } catch (error) {
      if (!(error instanceof HostError)) throw error
      return [
        `${error.message}: what it was changed to is not confirmed, and it goes back by itself within ${seconds} s`,
      ]
    }
  })
  return (await Promise.all(tries)).flat()
}

/** Every host undoes the run. @returns whether all have */
export async function goBackAll({ session, hosts, note, timeout }: Changed, console: Console): Promise<boolean> {
  const ended = hosts.map(async (host) => {
    const show = (text: string) => {
      for (const line of text.split('\n').filter(Boolean)) console.print(`${host}  ${line}`)
    }
    try {
      const { stdout, stderr, code } = await session
        .reach(host)
        .run(goBackNow(note.folder).text, { timeout, lasting: true })
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
