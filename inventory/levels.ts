/** 1 failover, 2 load balancing, 3 clients' addresses kept. */
export type Level = 1 | 2 | 3

/** What a cluster of a level does beyond moving the VIP. */
export interface Abilities {
  /** The holder of the VIP sends clients to every node; otherwise it answers alone. */
  balances: boolean
  /** Nodes see the VIP in place of a client. */
  hidesClients: boolean
  /** Clients are sent to a second address of each node, on an interface of its own. */
  secondInterface: boolean
  /** Open connections survive a move of the VIP: the holder tells the other directors of them. */
  syncsConnections: boolean
}

const levels: Readonly<Record<Level, Abilities>> = {
  1: { balances: false, hidesClients: false, secondInterface: false, syncsConnections: false },
  2: { balances: true, hidesClients: true, secondInterface: false, syncsConnections: false },
  3: { balances: true, hidesClients: false, secondInterface: true, syncsConnections: true },
}

/** @returns what a level can do; a node without a level can do nothing */
export const abilitiesOf = (level: number | undefined): Abilities => levels[level as Level] ?? { ...levels[1] }
