import type { JSONSchema } from 'json-schema-to-ts'
import { dnsName, port } from './values.ts'

/** As a request has it, without what quotes and comments of keepalived.conf are made of. */
const asked = {
  type: 'string',
  pattern: '^/[A-Za-z0-9._~/?=&%:+,-]{0,200}$',
  title:
    'a path of letters, digits and ".", "_", "~", "/", "?", "=", "&", "%", ":", "+", "," and "-" that begins with "/"',
} as const

/** What `keepalived.conf` can ask name servers for. */
const records = ['A', 'AAAA', 'CNAME', 'MX', 'NS', 'SOA', 'TXT'] as const

/** The key `health` of a service: what directors ask, where connections to its own port do not tell. */
export const healthSchema = {
  type: 'object',
  title: 'a map',
  additionalProperties: false,
  description:
    'What is asked in place of the service itself, to see that it works: by directors at levels 2 and 3, by the node itself ' +
    'at level 1. Default: nothing.',
  properties: {
    port: { ...port, description: 'The port that is asked. Default: that of the service.' },
    dns: {
      ...dnsName,
      description:
        'A name that has to be answered by DNS over UDP (`DNS_CHECK`). Default: a connection is all that is asked for.',
    },
    record: {
      type: 'string',
      enum: records,
      description: 'The type of record that `dns` asks for; there has to be one. Default: `A`.',
    },
    http: {
      ...asked,
      description:
        'A path that has to be answered by HTTP (`HTTP_GET`). Default: a connection is all that is asked for.',
    },
    https: { ...asked, description: 'The same by HTTPS (`SSL_GET`), whatever the certificate.' },
    host: { ...dnsName, description: 'The host that `http` or `https` asks for. Default: none.' },
    status: {
      type: 'integer',
      minimum: 100,
      maximum: 599,
      description: 'The status of a good answer to `http` or `https`. Default: any from 200 to 299.',
    },
    digest: {
      type: 'string',
      pattern: '^[0-9a-f]{32}$',
      title: '32 digits and letters from a to f, as genhash(1) prints them',
      description: 'The MD5 sum of a good answer to `http` or `https`, by genhash(1). Default: any answer.',
    },
  },
} as const satisfies JSONSchema
