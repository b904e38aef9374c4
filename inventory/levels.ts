import type { Host } from './types.ts'

/** 1 failover, 2 load balancing, 3 clients' addresses kept. */
export type Level = 1 | 2 | 3

/** What a cluster of a level does beyond moving the VIP. */
export interface Abilities {
  /** The holder of the VIP sends clients to every node; otherwise it answers alone. */
  balances: boolean
  /** The holder passes clients on with their own addresses, so that the nodes see them. */
  keepsClients: boolean
  /** Clients are sent to a second address of each node, on an interface of its own. */
  secondInterface: boolean
  /** Open connections survive a move of the VIP: the holder sends them to the other directors. */
  syncsConnections: boolean
}

const levels: Readonly<Record<Level, Abilities>> = {
  1: { balances: false, keepsClients: false, secondInterface: false, syncsConnections: false },
  2: { balances: true, keepsClients: false, secondInterface: false, syncsConnections: false },
  3: { balances: true, keepsClients: true, secondInterface: true, syncsConnections: true },
}

/** @returns what a level can do; a node without a level can do nothing */
export const abilitiesOf = (level: number | undefined): Abilities => levels[level as Level] ?? levels[1]

/** @returns the levels that have an ability */
export const levelsThat = (ability: keyof Abilities): Level[] =>
  ([1, 2, 3] as const).filter((level) => levels[level][ability])

/** The address by which directors know a node. */
export const realAddress = (
  { address, second }: Pick<Host, 'address' | 'second'>,
  level: number,
): string | undefined => (abilitiesOf(level).secondInterface ? second?.address : address)
