import { parseNetwork } from './network.ts'
import type { Host } from './types.ts'

/** Of a host, or of what an inventory says of one. */
type Role = { role?: Host['role'] | undefined }

/** @returns whether a host may hold the VIP, and sends clients to real servers where the level balances */
export const directs = ({ role }: Role): boolean => role !== 'real_server'

/** @returns whether clients are sent to a host, so that it has the service */
export const serves = ({ role }: Role): boolean => role !== 'director'

/** @returns whether all hosts are both */
export const areBoth = (hosts: readonly Role[]): boolean => hosts.every(({ role }) => role === undefined)

/** @returns whether a host is in another network than the directors, who reach it through routers */
export const isBeyond = ({ network }: { network: string }, { address }: Pick<Host, 'address'>): boolean =>
  !parseNetwork(network).has(address)

/** @returns all hosts but one */
export const othersOf = (host: Host, hosts: readonly Host[]): Host[] => hosts.filter(({ name }) => name !== host.name)
