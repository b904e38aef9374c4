import type { JSONSchema } from 'json-schema-to-ts'

/** keepalived.conf(5) counts braces, and takes `!` and `#` for comments. */
const line = {
  type: 'string',
  pattern: '^[ -~]+$',
  maxLength: 500,
  title: 'a line of keepalived.conf in printable ASCII',
} as const
const lines = { type: 'array', title: 'a list of lines', items: line } as const
const linesOf = (block: string) => ({ ...lines, default: [], description: `Lines in ${block}.` }) as const

const linesAlone = (key: string, block: string) =>
  ({ ...lines, description: `Lines in ${block}. Default: those of \`cluster.keepalived.${key}\`.` }) as const

/** Lines of one instance. */
export const instanceLines = {
  ...lines,
  description:
    'Lines in its `vrrp_instance`, in place of those of `cluster.keepalived.instance`; `[]`: none. Default: those of ' +
    '`cluster.keepalived.instance`.',
} as const satisfies JSONSchema

/** Lines on one host. */
export const hostLines = {
  type: 'object',
  additionalProperties: false,
  description:
    'Lines of keepalived.conf on this host in place of those of `cluster.keepalived`, each key by itself, as for routes of its own; ' +
    '`[]`: none. Default: those of `cluster.keepalived`.',
  properties: {
    global: linesAlone('global', '`global_defs`'),
    instance: linesAlone('instance', '`vrrp_instance`'),
    file: linesAlone('file', 'no block, at the end of the file'),
  },
} as const satisfies JSONSchema

/** Lines on all hosts. */
export const clusterLines = {
  type: 'object',
  additionalProperties: false,
  default: {},
  description:
    'Lines of keepalived.conf as they are, for what has no key here. `keepalived -t` on each node judges them; what they do ' +
    'to the cluster is up to you.',
  properties: {
    global: linesOf('`global_defs`'),
    instance: linesOf('`vrrp_instance`'),
    virtual_server: linesOf('each `virtual_server`'),
    file: linesOf('no block, at the end of the file'),
  },
} as const satisfies JSONSchema
