// A rolling reboot of the cluster of three that is made up.
import type { Documents } from '../documents/all.ts'
import type { HostLocks } from '../engine/cluster/host-locks.ts'
import { judgeStates } from '../engine/verify/check.ts'
import { type Finding, without } from '../engine/cluster/finding.ts'
import type { TrafficMonitor } from '../engine/operations/traffic.ts'
import { ClusterControl } from '../engine/operations/control.ts'
import type { Session } from '../engine/cluster/session.ts'
import type { RunContext } from '../engine/cli/main.ts'
import { type Options, type OwnOptions, parseOptions } from '../engine/cli/options.ts'
import { lockHosts } from '../engine/operations/rolling/locks.ts'
import { readRollingOptions, rollingOptions } from '../engine/operations/rolling/options.ts'
import { planReboots } from '../engine/operations/rolling/order.ts'
import { RollingReboot } from '../engine/operations/rolling/rolling-reboot.ts'
import { checkedFilled } from './documents.ts'
import { inventory, MadeUpNodes, names } from './made-up-nodes.ts'

/** The run is over here, as if its operator had been killed. */
class Killed extends Error {}

/** How a rolling reboot went: its steps, what it said of them, the error that it ended with, and what it has filled in. */
interface Rolled {
  steps: string[]
  said: string[]
  error: string
  document: Documents['rolling-reboot']
}

export class MadeUpCluster extends MadeUpNodes {
  /** The node after whose reboot nobody who asks through the VIP gets an answer. */
  deafAfter: string | undefined

  /**
   * Runs a rolling reboot.
   * @param args of the command line
   * @param killed the step, as `ns2: reboot`, before which it is killed
   * @param interrupted the step during which it is interrupted; without both it comes to its end
   */
  async roll(args: readonly string[], killed?: string, interrupted?: string): Promise<Rolled> {
    const options = parseOptions(args, 'x', rollingOptions) as Options<OwnOptions<(typeof rollingOptions)[number]>>
    const session = this.session(options.limit)
    const steps: string[] = []
    const said: string[] = []
    const document: Documents['rolling-reboot'] = { document: 'rolling-reboot', playbook: 'x', exitCode: 0 }
    const context = {
      options,
      console: { print: (line: string) => said.push(line), status: () => {} },
      document,
      atEnd: () => {},
      checkpoint: async () => {
        if (steps.some((label) => label === killed || label === interrupted)) throw new Killed()
      },
    } as unknown as RunContext<Documents['rolling-reboot']>
    const step = (label: string) => {
      steps.push(label)
      if (label === killed) throw new Killed()
    }
    const traffic = { step } as unknown as TrafficMonitor
    try {
      const asked = readRollingOptions(options.own, names.length)
      const { locks, earlier, request } = await lockHosts(context, session, asked)
      const known = request.known ?? (await this.#control(session, []).check())
      const control = this.#control(session, known)
      const plan = await planReboots(context, control, request, earlier)
      await new RollingReboot(context, control, request, locks as HostLocks, plan).run(traffic)
      return { steps, said, error: '', document }
    } catch (error) {
      return { steps, said, error: error instanceof Killed ? 'killed' : (error as Error).message, document }
    } finally {
      checkedFilled('rolling-reboot', document)
    }
  }

  /** Its cluster check asks nobody. */
  #control(session: Session, known: readonly Finding[]): ClusterControl {
    const control = new ClusterControl(session, 2, 60, known)
    control.check = async () => {
      const { findings } = judgeStates(inventory, await control.states())
      const deaf = this.deafAfter !== undefined && this.boots[this.deafAfter]! > 0
      return without([...findings, ...(deaf ? [{ code: 'unanswered', text: 'no answer' } as const] : [])], known)
    }
    return control
  }
}
