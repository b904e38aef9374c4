import { exitCode, UserError } from '../../base/errors.ts'
import type { Script } from '../../base/sh.ts'
import type { Cluster } from '../../../inventory/types.ts'
import { holdsAny } from '../../cluster/instances.ts'
import type { NodeState } from '../../cluster/node-state.ts'
import type { ClusterControl } from '../control.ts'

/** A fault that is injected into a healthy cluster. One file each, and a line in `all.ts`. */
export interface Drill {
  /** Names the drill on the command line (`--kill`) and its limit in `cluster.drill`. */
  name: string
  /** The help of its option; a drill without one is part of every run. */
  option?: string
  /** @returns seconds for which clients may lose answers, unless `cluster.drill` has the drill */
  limit(control: ClusterControl): number
  /** Whether a cluster has what it hurts; without this, each has. */
  possible?(cluster: Cluster): boolean
  /** @returns the node to hurt */
  target(control: ClusterControl, states: readonly NodeState[]): string
  /** @returns what it does, to whom: `restart keepalived on ns1` */
  title(node: string, control: ClusterControl): string
  /** Injects the fault, and returns when the cluster has reacted to it. */
  inject(site: Site): Promise<void>
  /** How the fault is removed; absent where the host recovers at once by itself. */
  heal?: {
    /** Harmless if the fault is already gone. */
    now(site: Site): Promise<void>
    /** Seconds after which the host heals itself, also without a connection: `hurtFor` in `timer.ts` sees to that. */
    after: number
  }
}

/** Seconds for the cluster to react to a fault, and then to become healthy again. */
export const patience = 60

/** A node that is hurt, and the cluster around it. */
export class Site {
  readonly control: ClusterControl
  readonly node: string

  constructor(control: ClusterControl, node: string) {
    this.control = control
    this.node = node
  }

  /** Runs a script on the node. @throws UserError where it fails */
  async run(script: Script): Promise<void> {
    const { code, stderr } = await this.control.reach(this.node).run(script.text, { timeout: this.control.timeout })
    if (code !== 0) throw new UserError(`${this.node}: ${stderr.trim() || `exit code ${code}`}`, exitCode.failed)
  }

  /** Waits until there is no finding. @throws UserError with the remaining findings after the timeout */
  async until(wrong: (states: NodeState[]) => string | undefined): Promise<void> {
    const problem = await this.control.until(wrong, patience)
    if (problem) throw new UserError(`still so after ${patience} s: ${problem}`, exitCode.checkFailed)
  }
}

/** @returns the node that holds the VIP */
export const holderOf = (_: ClusterControl, states: readonly NodeState[]): string => states.find(holdsAny)!.host
