import type { JSONSchema } from 'json-schema-to-ts'
import { command, ipv4, port, seconds } from './values.ts'

const running = (what: string) =>
  ({ ...command, description: `A program that a director runs, as root, when ${what}. Default: none.` }) as const

const scheduler = {
  type: 'string',
  enum: ['rr', 'wrr', 'lc', 'wlc', 'lblc', 'sh', 'mh', 'dh', 'sed', 'nq'],
} as const

const flags = {
  type: 'array',
  title: 'a list of fallback and port, each once',
  uniqueItems: true,
  items: { type: 'string', enum: ['fallback', 'port'] },
} as const

const persistence = { type: 'integer', minimum: 0, maximum: 86400 } as const

/** How clients of one service are shared out, where that is not as in the whole cluster. */
export const ownBalancing = {
  type: 'object',
  additionalProperties: false,
  description: 'Levels 2 and 3: how its clients are shared out, where that is not as `cluster.balancing` says.',
  properties: {
    scheduler: { ...scheduler, description: 'The IPVS scheduler. Default: that of the cluster.' },
    flags: {
      ...flags,
      description: 'Flags of `sh` and `mh`. Default: those of the cluster, and none with a scheduler of its own.',
    },
    persistence: {
      ...persistence,
      description: 'Seconds for which a client stays with its real server, 0 for none. Default: that of the cluster.',
    },
  },
} as const satisfies JSONSchema

/** How clients are shared out: keys of `cluster.balancing` that are lines of a `virtual_server` (keepalived.conf(5)). */
export const balancingSchema = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description: 'Levels 2 and 3: how clients are shared out.',
  properties: {
    scheduler: {
      ...scheduler,
      default: 'rr',
      description:
        'The IPVS scheduler (ipvsadm(8)); `rr` goes strictly in turn. Weights count for `wrr`, `wlc`, `sh`, `mh`, `sed`.',
    },
    method: {
      type: 'string',
      enum: ['nat', 'dr', 'tun'],
      default: 'nat',
      description:
        'Level 2: how a director passes clients on (`lvs_method`). With `nat` answers come back through it. With `dr` ' +
        '(direct routing) real servers have the VIP on `lo` as well, see the addresses of their clients, and answer them ' +
        'directly. With `tun` they do so as well, and may be in other networks: what clients send comes to them in packets ' +
        'of the director (IP in IP).',
    },
    flags: {
      ...flags,
      default: [],
      description:
        'Of the schedulers `sh` and `mh`: with `port` a client goes by its address and port, and with `fallback` to ' +
        'another real server where its own is out. Default: none.',
    },
    persistence: {
      ...persistence,
      default: 0,
      description:
        'Seconds for which a client stays with its real server (`persistence_timeout`); 0: each connection for itself.',
    },
    udp_timeout: {
      ...seconds,
      default: 10,
      description:
        'Seconds for which a client that keeps its port stays with its real server after its last question ' +
        '(`lvs_timeouts udp`; 300 in the kernel). A node that is drained waits as long for its last clients.',
    },
    quorum: {
      type: 'object',
      additionalProperties: false,
      default: {},
      description: 'How many real servers a service needs.',
      properties: {
        weight: {
          type: 'integer',
          minimum: 1,
          maximum: 65535,
          default: 1,
          description: 'The sum of weights from which on there are enough (`quorum`).',
        },
        hysteresis: {
          type: 'integer',
          minimum: 0,
          maximum: 65534,
          default: 0,
          description: 'How much more, and less, before that changes. Less than `weight`.',
        },
        up: running('there are enough'),
        down: running('there are no longer enough'),
      },
    },
    sorry_server: {
      type: 'object',
      additionalProperties: false,
      required: ['address'],
      description: 'Where clients go while there are not enough real servers. Default: nowhere.',
      properties: {
        address: { ...ipv4, description: 'Its address.' },
        port: { ...port, description: 'Its port. Default: that of the service.' },
      },
    },
    inhibit_on_failure: {
      type: 'boolean',
      default: false,
      description:
        'Whether a real server that fails stays in the pool with weight 0, so that its open connections go on.',
    },
    alpha: {
      type: 'boolean',
      default: false,
      description: 'Whether a real server counts as down until its first check has succeeded.',
    },
    omega: {
      type: 'boolean',
      default: false,
      description: 'Whether the programs for what goes down are run when keepalived stops, too.',
    },
    real_server_up: running('a real server comes into a pool (`notify_up`)'),
    real_server_down: running('a real server leaves a pool (`notify_down`)'),
  },
} as const satisfies JSONSchema
