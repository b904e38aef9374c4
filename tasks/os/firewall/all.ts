import type { Firewall } from './firewall.ts'
import { firewalld } from './firewalld.ts'
import { iptables } from './iptables.ts'
import { nftables } from './nftables.ts'
import { none } from './none.ts'

/** What sets packet filters, by the names that the inventory has for them. */
export const firewalls = { firewalld, iptables, nftables, none } satisfies Record<string, Firewall>

export type FirewallName = keyof typeof firewalls
