import type { Machine } from '../machines.ts'
import type { Runtime } from '../runtime.ts'

/** A way to run machines. A machine keeps its disk while it is off. */
export interface Kind {
  /** Bytes that stand before the frame in each datagram that a machine sends to the switch. */
  header: number
  /**
   * Powers a machine on, with its disk as it is; a new disk where there is none.
   * @throws UserError with the words of what did not start
   */
  start(machine: Machine, runtime: Runtime): Promise<void>
  /**
   * Powers it off at once, as a power cut would.
   * @param runtime what is known of the running lab; it may be lost
   */
  powerOff(machine: Machine, runtime: Runtime | undefined): Promise<void>
  /** @returns its process, if it runs, independent of who started it and of our notes */
  pid(machine: Machine): number | undefined
  /** Plugs the cable of a running machine's card in, or pulls it. */
  plug(machine: Machine, runtime: Runtime, card: number, state: 'on' | 'off'): Promise<void>
  /** Keeps how a running machine is. */
  save(machine: Machine, runtime: Runtime, snapshot: string): Promise<void>
  /** @returns whether that was kept */
  saved(machine: Machine, runtime: Runtime, snapshot: string): Promise<boolean>
  /** Takes a machine back to what was kept; it runs then, or boots. */
  restore(machine: Machine, runtime: Runtime, snapshot: string): Promise<void>
}

/** The snapshot of a machine after its first boot, unused. */
export const firstBoot = 'first-boot'
