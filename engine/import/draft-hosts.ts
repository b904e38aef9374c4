import { weightOf } from './draft-real-servers.ts'
import type { Part } from './facts.ts'
import { mainInstance, type Node } from './nodes.ts'
import { numberOf, type Section, unless } from './section.ts'

/** What stands around a node. */
interface Around {
  /** The place of a node among all. */
  index: number
  /** The interface of most nodes. */
  device: string
  address6: string | undefined
  addresses: Section | undefined
  /** Whom mails of the first node are from. */
  sender: string | undefined
  /** What is run on this node, where it is not what is run on the first. */
  notify: Section | undefined
  /** The virtual servers that the inventory is about. */
  servers: readonly Part[]
  /** Seconds that the first node waits before it takes the virtual IP back, where the best node does that. */
  delay: number | undefined
  /** Lines of its own. */
  lines: Section | undefined
}

/** @returns what an inventory says of a node beside its address and role */
export function hostOf(
  node: Node,
  { index, device, address6, addresses, notify, sender, servers, delay, lines }: Around,
): Section {
  const own = node.meaning && mainInstance(node.meaning)
  // Numbers count only where checks move them.
  const isMoved = delay !== undefined && own !== undefined && own.all('priority beside').length > 0
  return {
    interface: unless(own?.get('interface') ?? device, device),
    priority: isMoved ? unless(priorityOf(own), 100 - index) : undefined,
    weight: weightOf(servers, node.address),
    address6,
    addresses,
    notify,
    preempt_delay: own && delay !== undefined ? unless(numberOf(own, 'preempt_delay') ?? 0, delay) : undefined,
    keepalived: lines,
    email_from: sender === undefined ? undefined : unless(node.meaning?.global.get('email from') ?? sender, sender),
    ssh: node.ssh === undefined || node.ssh === node.address ? undefined : { host: node.ssh },
  }
}

/** 255 is for the owner of an address, and 1 for a node that hands the virtual IP over. */
const priorityOf = (part: Part) => Math.min(254, Math.max(2, Number(part.get('priority'))))
