import { setTimeout as wait } from 'node:timers/promises'
import { exitCode, UserError } from '../base/errors.ts'
import type { RunNote } from '../runner/note.ts'
import { busyCode, takeLock } from '../runner/lock.ts'
import { switchProbe } from '../runner/switch.ts'
import type { RunContext } from '../cli/main.ts'
import { type Script, sh } from '../base/sh.ts'
import type { Outcome, Transport } from '../transport/transport.ts'
import { type Note, noteFile, parseNote } from './rolling-note.ts'
import type { Session } from './session.ts'

/** Seconds between two signs of life to a node whose lock is held. */
const usualBeat = 5

/** Seconds of silence after which a node takes its operator for gone: five signs of life that did not come. */
const silence = (beat: number) => 5 * beat

/** Longer than any rolling reboot, in seconds. */
const forever = 7 * 24 * 3600

/** Milliseconds for a lock to be freed; it is not freed while a command of its operator goes on. */
const releaseTime = 5000

/** Where a command of an operator holds a lock of its own on a host: it may go on when nobody listens any more. */
const commandFolder = '/run/keepalived-playbooks-command'

// Nothing here is killed, so a command that was begun under the lock and goes on keeps it until its end.
const holdScript = (folder: string, by: string, beat: number): Script => sh`
trap '' HUP PIPE
${takeLock(folder, by)}
said=$(cd ${folder} && ${switchProbe})
[[ $said != unconfirmed=* ]] || { echo "not confirmed yet, and undone soon: the run of \${said#* }" >&2; exit 1; }
cat ${noteFile(folder)} 2>/dev/null
printf '\nheld\n'
while read -r -t ${silence(beat)} _; do :; done
[ ! -e ${`${commandFolder}/lock`} ] || flock ${`${commandFolder}/lock`} true`

/** The lock of a host, held until it is released or its operator was silent for too long. */
interface HostLock {
  /** What an earlier run has left. */
  note: Note | undefined
  /** Set when the host has freed it by itself. */
  lost: boolean
  release(): Promise<void>
}

/**
 * Takes the lock of a host for longer than one execution.
 * @throws UserError if another run holds it, HostError if the host is unreachable
 */
async function takeHostLock(
  host: string,
  transport: Transport,
  { folder, by }: RunNote,
  beat: number,
): Promise<HostLock> {
  let text = ''
  const begun = Promise.withResolvers<void>()
  const onStdout = (chunk: Buffer) => {
    text += chunk.toString('utf8')
    if (text.endsWith('\nheld\n')) begun.resolve()
  }
  const operator = new AbortController()
  const options = { timeout: forever, lasting: true, onStdout, operator: { left: operator.signal, beat } }
  const ended = transport.run(holdScript(folder, by, beat).text, options)
  const refused = await Promise.race([begun.promise, ended])
  if (refused) {
    const why = refused.stderr.trim()
    throw new UserError(
      refused.code === busyCode
        ? `another run is at work on ${host}: ${why}. Try again when it has ended`
        : `${host} can't be locked: ${why}`,
      exitCode.failed,
    )
  }
  const note = text.slice(0, -'\nheld\n'.length)
  const lock: HostLock = {
    note: note ? parseNote(host, folder, note) : undefined,
    lost: false,
    async release() {
      operator.abort()
      await Promise.race([gone, wait(releaseTime, undefined, { ref: false })])
    },
  }
  const end = () => {
    lock.lost = true
  }
  const gone = ended.then(end, end)
  return lock
}

/** The locks of all hosts of a cluster, so that no other run changes them meanwhile. */
export class HostLocks {
  readonly #session: Session
  readonly #run: RunNote
  readonly #beat: number
  readonly #held = new Map<string, HostLock>()

  private constructor(session: Session, run: RunNote, beat: number) {
    this.#session = session
    this.#run = run
    this.#beat = beat
  }

  /**
   * @param beat seconds between two signs of life to the hosts
   * @throws UserError where another run is at work, HostError where a host is unreachable
   */
  static async take(context: RunContext, session: Session, run: RunNote, beat = usualBeat): Promise<HostLocks> {
    const locks = new HostLocks(session, run, beat)
    context.atEnd(() => locks.#release())
    await Promise.all(session.inventory.hosts.map(({ name }) => locks.again(name)))
    return locks
  }

  /** Takes the lock of a host once more: a boot has freed it. */
  async again(host: string): Promise<void> {
    this.#held.set(host, await takeHostLock(host, this.#session.reach(host), this.#run, this.#beat))
  }

  /**
   * Call it before work that must not meet another run's.
   * @throws UserError where a host has freed its lock, since it did not hear from here for too long
   */
  ensureHeld(): void {
    for (const [host, { lost }] of this.#held)
      if (lost)
        throw new UserError(
          `the lock of ${host} was lost, since it heard nothing from here for ${silence(this.#beat)} s: another run may have begun`,
          exitCode.failed,
        )
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
        return stdout.length > 0 ? [[name, parseNote(name, folder, stdout.toString('utf8'))]] : []
      }),
    )
    return new Map(found.flat())
  }

  async #release(): Promise<void> {
    await Promise.all([...this.#held.values()].map((held) => held.release().catch(() => undefined)))
  }
}

/**
 * Runs a command of the operator on a host whose lock is held. It runs to its end even if the connection is lost or
 * time is up, and never twice at the same time.
 * @param by as for `takeLock`
 * @throws UserError where the command of an earlier run is at work, HostError where its end is not known
 */
export async function runCommand(transport: Transport, command: string, by: string, timeout: number): Promise<Outcome> {
  const script = `${takeLock(commandFolder, by).text}
export DEBIAN_FRONTEND=noninteractive
(
${command}
) 9>&- 2>&1 | { trap '' HUP PIPE; cat || cat >/dev/null; }
exit $PIPESTATUS`
  const outcome = await transport.run(script, { timeout, lasting: true })
  if (outcome.code === busyCode)
    throw new UserError(`the command of an earlier run is still at work: ${outcome.stderr.trim()}`, exitCode.failed)
  return outcome
}
