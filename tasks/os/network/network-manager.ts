import type { Script } from '../../../engine/base/sh.ts'
import type { Task } from '../../../engine/runner/task.ts'

/** An interface that a network manager is given: up at boot, with an address and no network, and so without a route in the main table. */
export interface Given {
  device: string
  address: string
  /** What leaves from the address goes by this gateway, by a table and a rule of its own. */
  way?: { via: string; table: number; priority: number }
}

/** What configures network interfaces: a driver for each program. */
export interface NetworkManager {
  /** As `facts.interfaces` has it. */
  name: string
  /** As people know it, for refusals. */
  title: string
  /** @returns the file in which an interface is given to it, one that nobody else writes */
  fileOf(device: string): string
  /** Whether a file is one that it has made itself, until the next boot, for an interface that nobody has configured. */
  madeItself?(file: string): boolean
  /**
   * Restarts of it leave the addresses and routes of others alone, so the VIP stays.
   * @param kept files of the cluster's interfaces that it configures already
   * @param given an interface for it to configure
   */
  tasks(kept: readonly string[], given?: Given): Task[]
  /** Configures the interface by its file, now. */
  up(device: string): Script
  /**
   * Takes up routes and rules that have changed in its file, while the interface stays as it is. Only one that keeps a route
   * whose gateway is an address of the host itself, as the VIP is on the node that holds it, has this.
   */
  reapply?(device: string): Script
  /** Lets go of the interface. */
  down(device: string): Script
}
