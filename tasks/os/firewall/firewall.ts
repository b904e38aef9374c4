import type { Script } from '../../../engine/base/sh.ts'
import type { Task } from '../../../engine/runner/task.ts'

/** A rule of the cluster, in no program's words. */
export type Rule = Accept | SourceNat | Untracked

/** Packets that may pass, whatever rules of others say. */
export interface Accept {
  /** How ours are told from others'. */
  name: string
  /** Packets for this host, from it, or from others to others. */
  accept: 'in' | 'out' | 'forward'
  /** In by this interface, out by it, or both; by any where there is none. */
  interface?: string
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

/** Packets that connection tracking leaves alone: no rule sees to which connection they belong. */
export interface Untracked {
  name: string
  /** Packets that come in, also those for others, or that this host sends. */
  untracked: 'in' | 'out'
  /** The interface that they come in by. */
  interface?: string
  protocol: string
  from?: string
  to?: string
  fromPort?: number
  toPort?: number
  /** Only packets for others, and not for this address. */
  except?: string
  /** Ends with 0 where the rule may be set at boot. */
  when: Script
}

/** @returns whether a rule, or a packet, is of IPv6 */
export const isOf6 = ({ from, to }: { from?: string; to?: string }): boolean => (to ?? from ?? '').includes(':')

const names: Readonly<Record<string, string>> = { '4': 'ipencap', '51': 'ah', '112': 'vrrp' }

/** @returns a protocol as people write it (/etc/protocols) */
export const protocolName = (protocol: string): string => names[protocol] ?? protocol

/** A packet that has to get through. */
export interface Packet {
  /** For people: `VRRP from ns2`. */
  what: string
  direction: 'in' | 'out' | 'forward'
  /** As in `Accept`; `arp` for somebody who asks for the address `to`, and has to be answered. */
  protocol: string
  from: string
  to: string
  fromPort?: number
  toPort?: number
  /** Of a service, to its client. */
  isAnswer?: boolean
  /** It has to leave with the source that it came with. */
  keepsSource?: boolean
  /** Its destination may be translated: who serves may be a container. */
  mayGoElsewhere?: boolean
  /**
   * The host has this address meanwhile, as its holder; it has to get through where one with `like` in its place does by the
   * first wire, or anyhow.
   */
  holding?: { address: string; like?: string }
}

/** An interface, and the packets that have to get in and out by it. */
export interface Wire {
  device: string
  /** The address of this host on it, with prefix length. */
  network: string
  router: string
  packets: readonly Packet[]
}

/** @returns the name of the task of `Firewall.untracking` */
export const untrackingName = (rules: readonly unknown[]): string =>
  rules.length > 0
    ? 'connection tracking leaves balanced connections alone'
    : 'connection tracking knows balanced connections'

/** What filters packets: a driver for each program. */
export interface Firewall {
  /** What nobody has named does not come in: what the cluster serves has to be named too. */
  shut?: boolean
  /** What it needs; every family has the same names for them. */
  packages: readonly string[]
  /**
   * These rules, live and at boot, ahead of rules that could take their packets; refused where one of the packets would
   * still not get through. Untracked ones come at boot alone: when they may come now is for `untracking` to say.
   */
  tasks(rules: readonly Rule[], wires: readonly Wire[]): Task[]
  /** Connection tracking leaves alone what these rules say, now, and nothing else that the cluster has asked for before. */
  untracking(rules: readonly Untracked[]): Task
}
