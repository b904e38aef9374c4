import { Claims, type Note } from '../../cluster/host-locks.ts'
import { runNote } from '../../cluster/run-note.ts'
import type { Session } from '../../cluster/session.ts'
import { exitCode, UserError } from '../../base/errors.ts'
import type { Stage } from '../../cli/main.ts'
import type { Wish } from './options.ts'

/** How hosts and journals name this run. */
export const run = runNote('Rolling reboot')

/** The hosts are ours. */
export interface Claimed {
  /** Not in check mode, which may look while others work. */
  claims?: Claims
  /** What a run that is gone on with has left, by host; empty for a new one. */
  earlier: ReadonlyMap<string, Note>
  /** As it was when the run began. */
  wish: Wish
}

/**
 * Keeps others off the hosts, and finds out whether there is a run to go on with.
 * @throws UserError where another run is at work, where an earlier one was broken off and is not to go on, or where none was
 */
export async function claimHosts(stage: Stage, session: Session, wish: Wish): Promise<Claimed> {
  const claims = stage.options.check ? undefined : await Claims.take(stage, session, run)
  const earlier = claims?.notes() ?? (await Claims.readNotes(session, run))
  const [note] = earlier.values()
  if (note && !wish.resume)
    throw new UserError(
      `a rolling reboot was begun by ${note.by} and not ended; go on with it: --resume`,
      exitCode.failed,
    )
  if (!note && wish.resume) throw new UserError('there is no rolling reboot to go on with', exitCode.failed)
  return {
    claims,
    earlier,
    wish: note ? { ...wish, before: note.before, reboot: note.reboot, known: note.known } : wish,
  }
}
