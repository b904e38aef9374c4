import type { Task } from '../../../engine/runner/task.ts'

/** A rule of the cluster, in no program's words. */
export type Rule = Accept | SourceNat

/** Packets that may pass, whatever rules of others say. */
export interface Accept {
  /** How ours are told from others'. */
  name: string
  /** Packets for this host, from it, or from others to others. */
  accept: 'in' | 'out' | 'forward'
  /** In by this interface, out by it, or both. */
  interface: string
  /** In small letters, or its number: `udp`, `112`. */
  protocol: string
  /** Networks with prefix lengths. */
  from?: string
  to?: string
  fromPort?: number
  toPort?: number
}

/** Connections that IPVS sends on come from another address. */
export interface SourceNat {
  name: string
  virtualServer: { address: string; port: number }
  protocols: readonly string[]
  source: string
}

/** A packet that has to get through. */
export interface Packet {
  /** For people: `VRRP from ns2`. */
  what: string
  direction: 'in' | 'out' | 'forward'
  /** As in `Accept`. */
  protocol: string
  from: string
  to: string
  fromPort?: number
  toPort?: number
  /** It has to leave with the source that it came with. */
  keepsSource?: boolean
}

/** An interface, and the packets that have to get in and out by it. */
export interface Wire {
  device: string
  /** The address of this host on it, with prefix length. */
  network: string
  router: string
  packets: readonly Packet[]
}

/** What filters packets: a driver for each program. */
export interface Firewall {
  /**
   * These rules, live and at boot, ahead of rules that could take their packets; refused where one of the packets would
   * still not get through.
   */
  tasks(rules: readonly Rule[], wires: readonly Wire[]): Task[]
}
