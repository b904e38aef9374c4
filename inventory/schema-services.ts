import type { JSONSchema } from 'json-schema-to-ts'
import { ownBalancing } from './schema-balancing.ts'
import { healthSchema } from './schema-health.ts'
import { command, dnsName, hostNames, ipv4, port } from './values.ts'

/** It becomes part of the names of scripts, and of rules, which have a limit. */
const serviceName = {
  type: 'string',
  pattern: '^[a-z][a-z0-9]{0,11}$',
  title: 'a name of at most 12 lower-case letters and digits that begins with a letter',
} as const

/** Characters that no configuration file gives a meaning to. */
const fileOnNodes = {
  type: 'string',
  pattern: '^/[A-Za-z0-9._/@+-]{1,200}$',
  title: 'an absolute path of letters, digits, ".", "_", "/", "@", "+" and "-"',
} as const

/** Of every kind. */
const any = {
  real_port: {
    ...port,
    description: 'Level 2 by NAT: where it listens, if clients ask at another port. Default: `port`.',
  },
  balancing: ownBalancing,
  hosts: {
    ...hostNames,
    description: 'Level 2: the hosts that clients of this service are sent to. Default: all but directors alone.',
  },
  vips: {
    type: 'array',
    title: 'a list of at least one virtual IP, each once',
    minItems: 1,
    uniqueItems: true,
    items: ipv4,
    description: 'The virtual IPs at which clients ask for it. Default: all that are served.',
  },
} as const

const dns = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  description: 'DNS by bind.',
  properties: {
    type: { type: 'string', const: 'dns', title: 'dns', description: 'A name server.' },
    port: { ...port, default: 53, description: 'Its port, UDP and TCP.' },
    ...any,
    health_zone: {
      ...dnsName,
      default: 'load.balance',
      description: 'A zone of its own on each name server, by which it is seen who answers. Nothing else may use it.',
    },
    health_name: {
      ...dnsName,
      default: 'health',
      description: 'The name in that zone whose TXT record holds the identity of the node.',
    },
  },
} as const satisfies JSONSchema

/** The name of a systemd unit, without its `.service`. */
const unit = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$',
  title: 'the name of a systemd service',
} as const

const web = {
  header: {
    type: 'string',
    pattern: '^[A-Za-z][A-Za-z0-9-]{0,62}$',
    title: 'a header of at most 63 letters, digits and "-" that begins with a letter',
    default: 'X-Served-By',
    description: 'The header in every answer that holds the identity of the node.',
  },
  host: {
    ...dnsName,
    default: 'load.balance',
    description:
      'The host that checks ask for. With `managed` it is a site of its own, which holds nothing else; otherwise one of ' +
      'yours.',
  },
  path: {
    type: 'string',
    pattern: '^/[A-Za-z0-9._~/-]{0,200}$',
    title: 'a path of letters, digits, ".", "_", "~", "/" and "-" that begins with "/"',
    default: '/',
    description: 'The path that checks ask for. It has to be answered with status 200.',
  },
  managed: {
    type: 'boolean',
    default: true,
    description:
      'Whether the playbooks set up nginx. Your sites are yours; they get the header. With `false` there is a web server ' +
      'already, which sends the header itself.',
  },
  unit: {
    ...unit,
    default: 'nginx',
    description: 'The systemd service of the web server; another one only with `managed: false`.',
  },
} as const

const http = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  required: ['type'],
  description: 'HTTP.',
  properties: {
    type: { type: 'string', const: 'http', title: 'http', description: 'A web server.' },
    port: { ...port, default: 80, description: 'Its TCP port.' },
    ...any,
    ...web,
  },
} as const satisfies JSONSchema

const https = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  required: ['type', 'certificate', 'key'],
  description: 'HTTP over TLS.',
  properties: {
    type: { type: 'string', const: 'https', title: 'https', description: 'A web server with TLS.' },
    port: { ...port, default: 443, description: 'Its TCP port.' },
    ...any,
    certificate: {
      ...fileOnNodes,
      description: 'The file on every node that holds the certificate and those of its chain.',
    },
    key: { ...fileOnNodes, description: 'The file on every node that holds its private key.' },
    ...web,
  },
} as const satisfies JSONSchema

const other = {
  unit: { ...unit, description: 'Its systemd service, whose state and errors are watched. Default: none is watched.' },
  check: {
    ...command,
    description:
      'A program on every host that tells by exit code 0 that a real server works; it gets its address and port as ' +
      'arguments. Default: ',
  },
} as const

const tcp = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  required: ['type', 'port'],
  description: 'Anything over TCP that you run yourself.',
  properties: {
    type: { type: 'string', const: 'tcp', title: 'tcp', description: 'A program of yours, over TCP.' },
    port: { ...port, description: 'Its TCP port.' },
    ...any,
    unit: other.unit,
    check: { ...other.check, description: `${other.check.description}a TCP connection is accepted.` },
    health: healthSchema,
  },
} as const satisfies JSONSchema

const udp = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  required: ['type', 'port'],
  description: 'Anything over UDP that you run yourself.',
  properties: {
    type: { type: 'string', const: 'udp', title: 'udp', description: 'A program of yours, over UDP.' },
    port: { ...port, description: 'Its UDP port.' },
    ...any,
    unit: other.unit,
    check: { ...other.check, description: `${other.check.description}the port is not refused (\`UDP_CHECK\`).` },
    health: healthSchema,
  },
} as const satisfies JSONSchema

const none = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  required: ['type'],
  description: 'An address alone.',
  properties: {
    type: {
      type: 'string',
      const: 'none',
      title: 'none',
      description: 'The VIP alone, at level 1: `cluster.checks` say which node may hold it.',
    },
  },
} as const satisfies JSONSchema

const kinds = [dns, http, https, tcp, udp] as const
const names = kinds.map(({ properties }) => properties.type.const)

/** Over which protocols a kind is served; two services of a protocol need two ports. */
export const protocolsOf = {
  dns: ['UDP', 'TCP'],
  http: ['TCP'],
  https: ['TCP'],
  tcp: ['TCP'],
  udp: ['UDP'],
  none: [],
} as const

/** What a cluster can serve: the keys of each kind. */
export const serviceSchema = {
  type: 'object',
  default: {},
  description: 'What the cluster serves through the VIP. Several: `cluster.services`.',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  properties: {
    type: {
      type: 'string',
      enum: [...names, none.properties.type.const],
      default: 'dns',
      description: 'The kind of service.',
    },
  },
  oneOf: [...kinds, none],
} as const

/** Several services, by name. */
export const servicesSchema = {
  type: 'object',
  title: 'a map of 1 to 32 services',
  description:
    'What the cluster serves through the VIP, in place of `service`, where it is more than one: the key is a name for ' +
    'status and reports. Default: the one of `service`.',
  minProperties: 1,
  maxProperties: 32,
  propertyNames: serviceName,
  additionalProperties: {
    type: 'object',
    title: 'a map',
    description: 'One service; the key is its name.',
    required: ['type'],
    discriminator: { propertyName: 'type' },
    properties: {
      type: {
        type: 'string',
        enum: names,
        description: 'The kind of service.',
      },
    },
    oneOf: kinds,
  },
} as const
