import type { JSONSchema } from 'json-schema-to-ts'

/** What can be wrong with a cluster, by code; docs/findings.md is made from this. */
export const findingCodes = {
  outage: 'No node that can be reached holds the virtual IP.',
  'split-brain': 'Several nodes hold the virtual IP, or are MASTER, at the same time.',
  'vip-without-master': 'A node holds a virtual IP, and its VRRP is not MASTER.',
  'master-without-vip': 'The VRRP of a node is MASTER, and the node does not hold all its virtual IPs.',
  unreachable: 'A node does not answer SSH, so that nothing is known of it.',
  'keepalived-down': 'keepalived does not run on a node.',
  'vrrp-fault': 'The VRRP of a node is in FAULT: the node can not take the virtual IP over.',
  'vrrp-unknown': 'keepalived runs on a node, and neither its log nor its notify script tells its VRRP state.',
  'service-down': 'The service behind the virtual IP does not run on a node.',
  'service-silent': 'The service runs on a node, and does not answer on an address of the node.',
  'not-configured': 'The keepalived.conf of a node was not written by a playbook.',
  'other-level': 'A node is configured for another level than wanted, or than the other nodes.',
  'not-on-loopback': 'A real server that is to answer clients directly does not have a virtual IP on `lo`.',
  'tunnel-down':
    'A real server to which directors send by IP in IP does not unpack it: `tunl0` is down, or has no address.',
  'conntrack-full':
    'The table of connections of a node is nearly full: the kernel drops the packets of new clients when it is.',
  'pool-incomplete': 'A director sends no clients to a node that is not drained, or does not know it.',
  'pool-differs':
    'A pool is not as configured: its scheduler, a weight, how clients are passed on, or a real server that is no node.',
  drained: 'A node is drained: no new clients are sent to it.',
  standby: 'A node is kept from holding the virtual IP.',
  flapping: 'A real server was removed from the pools again and again within minutes.',
  'journal-error': 'keepalived or a service logged an error since the run began.',
  'client-failed': 'A client could not ask the service.',
  unanswered: 'Questions to the virtual IP got no answer.',
  'unknown-answerer': 'An answer came from a server that is not in the inventory.',
  'not-the-holder': 'Level 1: another node than the holder of the virtual IP answered.',
  'unfair-shares': 'Levels 2 and 3: a node answered less than half of its share.',
  'not-in-turn': 'Levels 2 and 3 with round robin: the nodes did not answer in turn.',
  'client-hidden': 'Level 3: a node saw an address of the cluster in place of the client.',
  'over-limit': 'A drill: clients lost answers for longer than the inventory allows.',
  'losses-unknown': 'A drill: the prober ended early, so that it is not known what clients lost.',
} as const

type FindingCode = keyof typeof findingCodes

export const findingSchema = {
  title: 'Finding',
  type: 'object',
  additionalProperties: false,
  required: ['code', 'text'],
  description: 'Something that is wrong with a cluster; docs/findings.md lists the codes.',
  properties: {
    code: {
      type: 'string',
      enum: Object.keys(findingCodes) as FindingCode[],
      title: 'a code',
      description: 'What it is, for scripts.',
    },
    node: { type: 'string', description: 'The node that has it.' },
    about: {
      type: 'string',
      description:
        'A detail that distinguishes two findings of a node: a virtual server, a real server, a unit, an address, a client.',
    },
    text: { type: 'string', description: 'For people; it may change.' },
  },
} as const satisfies JSONSchema

export const findingsSchema = {
  type: 'array',
  items: findingSchema,
  description: 'What is wrong with the cluster; empty where it is healthy.',
} as const satisfies JSONSchema
