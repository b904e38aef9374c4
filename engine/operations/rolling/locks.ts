import { HostLocks } from '../../cluster/host-locks.ts'
import { agreedNote, type Note } from '../../cluster/rolling-note.ts'
import { runNote } from '../../cluster/run-note.ts'
import type { Session } from '../../cluster/session.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import type { RunContext } from '../../cli/main.ts'
import type { RollingRequest } from './options.ts'

/** How hosts and journals name this run. */
export const run = runNote('Rolling reboot')

/** All hosts are locked by this run. */
export interface LockedHosts {
  /** Undefined in check mode, which needs no lock. */
  locks?: HostLocks
  /** Notes of the resumed run, by host; empty for a new run. */
  earlier: ReadonlyMap<string, Note>
  /** As it was when the run began. */
  request: RollingRequest
}

/**
 * Locks all hosts, and looks for a run to resume.
 * @throws UserError if another run is active, if an aborted run exists without `--resume`, or with it and none exists,
 * or if the nodes tell of different runs
 */
export async function lockHosts(context: RunContext, session: Session, request: RollingRequest): Promise<LockedHosts> {
  const locks = context.options.check ? undefined : await HostLocks.take(context, session, run)
  const notes = locks?.notes() ?? (await HostLocks.readNotes(session, run))
  const names = session.inventory.hosts.map(({ name }) => name)
  const note = agreedNote(names, notes, run.folder)
  if (note && !request.resume)
    throw new UserError(
      `a rolling reboot was begun by ${note.by} and not ended; go on with it: --resume`,
      exitCode.failed,
    )
  if (!note && request.resume) throw new UserError('there is no rolling reboot to go on with', exitCode.failed)
  if (!note) return { locks, earlier: new Map(), request }
  const { by, before, reboot, known } = note
  return { locks, earlier: notes, request: { ...request, begunBy: by, before, reboot, known } }
}
