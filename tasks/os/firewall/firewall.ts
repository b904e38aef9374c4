import type { Task } from '../../../engine/runner/task.ts'

/** A rule of the cluster, in no program's words. */
export type Rule = Accept | SourceNat

/** Packets that may pass, whatever rules of others say. */
export interface Accept {
  /** How ours are told from others'. */
  name: string
  /** Packets for this host, from it, or from others to others. */
  accept: 'in' | 'out' | 'forward'
  /** In or, for `out`, out by this interface. */
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

/** What filters packets: a driver for each program. */
export interface Firewall {
  /** These rules, live and at boot, ahead of rules that could take their packets. */
  tasks(rules: readonly Rule[]): Task[]
}
