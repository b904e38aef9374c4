import { posix } from 'node:path'
import { exitCode, UserError } from '../base/errors.ts'
import type { RunNote } from '../runner/note.ts'
import { busyCode, takeLock } from '../runner/lock.ts'
import type { RunContext } from '../cli/main.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Transport } from '../transport/transport.ts'
import type { Finding } from './finding.ts'
import type { Session } from './session.ts'

/** A node's note about a rolling reboot, kept until its end so that another run can resume it. */
export interface Note {
  /** Who began it, from where, when. */
  by: string
  state: 'waiting' | 'begun' | 'done' | 'left out'
  /** An operator had drained it before: it stays drained. */
  drained: boolean
  /** The boot id before the reboot of this node. */
  bootId?: string
  /** The command to run before the reboot. */
  before?: string
  reboot: boolean
  /** What was wrong with the cluster before, and was tolerated. */
  known: readonly Finding[]
}

/** Seconds until a node that lost its operator frees the lock. */
const beat = 3

/** Longer than any rolling reboot, in seconds. */
const forever = 7 * 24 * 3600

const noteFile = (folder: string) => posix.join(folder, 'rolling')

// The host lock names the current run to others. It ends with the connection, since the heartbeat then stops.
const holdScript = (folder: string, by: string): Script => sh`
${takeLock(folder, by)}
echo "held $BASHPID"
cat ${noteFile(folder)} 2>/dev/null
echo
echo ready
while sleep ${beat} 9>&- && echo; do :; done`

/** The lock of a host, held until it is released or the connection ends. */
interface HostLock {
  /** What an earlier run has left. */
  note: Note | undefined
  release(): Promise<void>
}

/**
 * Takes the lock of a host for longer than one execution.
 * @throws UserError if another run holds it, HostError if the host is unreachable
 */
async function takeHostLock(host: string, transport: Transport, folder: string, by: string): Promise<HostLock> {
  let text = ''
  const begun = Promise.withResolvers<void>()
  const onStdout = (chunk: Buffer) => {
    text += chunk.toString('utf8')
    if (text.includes('\nready\n')) begun.resolve()
  }
  const ended = transport.run(holdScript(folder, by).text, { timeout: forever, onStdout })
  // Once the lock is held, an end of the script is no error.
  ended.catch(() => {})
  const refused = await Promise.race([begun.promise, ended])
  if (refused) {
    const why = refused.code === busyCode ? `another run is at work on ${host}:` : `${host} can't be locked:`
    throw new UserError(`${why} ${refused.stderr.trim()}. Try again when it has ended`, exitCode.failed)
  }
  const [, pid, note] = text.match(/^held (\d+)\n(.*)$/m)!
  return {
    note: note ? JSON.parse(note) : undefined,
    async release() {
      // After a boot the same process id may belong to another program.
      const end = sh`[ ! ${`/proc/${pid}/fd/9`} -ef ${`${folder}/lock`} ] || kill ${pid!}`
      await transport.run(end.text, { timeout: 60 })
      await ended.catch(() => {})
    },
  }
}

/** The locks of all hosts of a cluster, so that no other run changes them meanwhile. */
export class HostLocks {
  readonly #session: Session
  readonly #run: RunNote
  readonly #held = new Map<string, HostLock>()

  private constructor(session: Session, run: RunNote) {
    this.#session = session
    this.#run = run
  }

  /** @throws UserError where another run is at work, HostError where a host is unreachable */
  static async take(context: RunContext, session: Session, run: RunNote): Promise<HostLocks> {
    const locks = new HostLocks(session, run)
    context.atEnd(() => locks.#release())
    await Promise.all(session.inventory.hosts.map(({ name }) => locks.again(name)))
    return locks
  }

  /** Takes the lock of a host once more: a boot has freed it. */
  async again(host: string): Promise<void> {
    this.#held.set(host, await takeHostLock(host, this.#session.reach(host), this.#run.folder, this.#run.by))
  }

  /** What earlier runs have left, by host. */
  notes(): Map<string, Note> {
    return new Map([...this.#held].flatMap(([host, { note }]) => (note ? [[host, note]] : [])))
  }

  /** The same notes for a read-only run, without a lock. */
  static async readNotes({ inventory, reach }: Session, { folder }: RunNote): Promise<Map<string, Note>> {
    const found = await Promise.all(
      inventory.hosts.map(async ({ name }): Promise<[string, Note][]> => {
        const { stdout } = await reach(name).run(sh`cat ${noteFile(folder)} 2>/dev/null || true`.text, { timeout: 60 })
        return stdout.length > 0 ? [[name, JSON.parse(stdout.toString('utf8'))]] : []
      }),
    )
    return new Map(found.flat())
  }

  async #release(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.release().catch(() => undefined)))
  }
}

/** Keeps a note on a host; `undefined` takes it away. */
export const writeNote = (folder: string, note: Note | undefined): Script =>
  note
    ? sh`umask 077; printf '%s\n' ${JSON.stringify(note)} >${`${noteFile(folder)}.new`} && mv -f ${`${noteFile(folder)}.new`} ${noteFile(folder)}`
    : sh`rm -f -- ${noteFile(folder)}`
