import type { JSONSchema } from 'json-schema-to-ts'
import { dnsName, port } from './values.ts'

/** Characters that no configuration file gives a meaning to. */
const fileOnNodes = {
  type: 'string',
  pattern: '^/[A-Za-z0-9._/@+-]{1,200}$',
  title: 'an absolute path of letters, digits, ".", "_", "/", "@", "+" and "-"',
} as const

const dns = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  description: 'DNS by bind.',
  properties: {
    type: { type: 'string', const: 'dns', title: 'dns', description: 'A name server.' },
    port: { ...port, default: 53, description: 'Its port, UDP and TCP.' },
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
    type: 'string',
    pattern: '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$',
    title: 'the name of a systemd service',
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
    certificate: {
      ...fileOnNodes,
      description: 'The file on every node that holds the certificate and those of its chain.',
    },
    key: { ...fileOnNodes, description: 'The file on every node that holds its private key.' },
    ...web,
  },
} as const satisfies JSONSchema

/** What a cluster can serve: the keys of each kind. */
export const serviceSchema = {
  type: 'object',
  default: {},
  description: 'What the cluster serves through the VIP.',
  required: ['type'],
  discriminator: { propertyName: 'type' },
  properties: {
    type: { type: 'string', enum: ['dns', 'http', 'https'], default: 'dns', description: 'The kind of service.' },
  },
  oneOf: [dns, http, https],
} as const
