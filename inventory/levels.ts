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
  /** Real servers have the VIP themselves, and answer clients without the holder. */
  answersDirectly: boolean
  /** What clients send comes to real servers inside packets of the holder (IP in IP). */
  tunnels: boolean
}

const none = {
  ...{ balances: false, keepsClients: false, secondInterface: false },
  ...{ syncsConnections: false, answersDirectly: false, tunnels: false },
}

const levels: Readonly<Record<Level, Abilities>> = {
  1: none,
  2: { ...none, balances: true },
  3: { ...none, balances: true, keepsClients: true, secondInterface: true, syncsConnections: true },
}

/** What level 2 can do beside, where real servers answer directly. */
const direct = { keepsClients: true, syncsConnections: true, answersDirectly: true }

/** Of a cluster, or of what an inventory says of one. */
type Balancing = { balancing?: { method?: 'nat' | 'dr' | 'tun' | undefined } | undefined }

/** @returns what a level can do in a cluster; a node without a level can do nothing */
export function abilitiesOf(level: number | undefined, { balancing }: Balancing): Abilities {
  const can = levels[level as Level] ?? none
  const { method = 'nat' } = balancing ?? {}
  return level === 2 && method !== 'nat' ? { ...can, ...direct, tunnels: method === 'tun' } : can
}

/** @returns the levels that have an ability in a cluster */
export const levelsThat = (ability: keyof Abilities, cluster: Balancing): Level[] =>
  ([1, 2, 3] as const).filter((level) => abilitiesOf(level, cluster)[ability])

/** The address by which directors know a node. */
export const realAddress = (
  { address, second }: Pick<Host, 'address' | 'second'>,
  level: number,
): string | undefined => (levels[level as Level]?.secondInterface ? second?.address : address)
