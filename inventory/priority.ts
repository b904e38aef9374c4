import type { Cluster, Host, Instance } from './types.ts'

/** @returns the VRRP priority of a host in an instance: the preferred one has the highest, by one */
export const priorityIn = ({ prefer }: Instance, { name, priority }: Host, hosts: readonly Host[]): number =>
  prefer === name ? 1 + Math.max(...hosts.map((host) => host.priority)) : priority

/** @returns whether the host with the highest priority takes the addresses back when it returns */
export const preempts = ({ preempt }: Pick<Cluster, 'preempt'>, { prefer }: Instance): boolean =>
  preempt || prefer !== undefined

/** @returns the seconds that a host waits before it takes addresses back */
export const preemptDelayOf = (
  { preempt_delay }: Pick<Cluster, 'preempt_delay'>,
  host: Pick<Host, 'preempt_delay'>,
): number => host.preempt_delay ?? preempt_delay
