import type { JSONSchema } from 'json-schema-to-ts'
import { texts } from './common.ts'
import { findingSchema, findingsSchema } from './finding.ts'
import { nodeStateSchema, serverName } from './node.ts'

export const answersSchema = {
  title: 'Answers',
  type: 'object',
  additionalProperties: false,
  required: ['client', 'source', 'asked', 'answered'],
  description: 'Who answered a client.',
  properties: {
    client: { type: 'string', description: 'The name of the client that asked.' },
    source: { type: 'string', description: 'The address that it asked from.' },
    asked: { type: 'integer', description: 'How many questions it asked each virtual server.' },
    answered: {
      type: 'object',
      additionalProperties: texts,
      description:
        'By virtual server the answering nodes in the order of the questions; the text of the answer if it belongs to no node.',
    },
  },
} as const satisfies JSONSchema

export const verdictSchema = {
  title: 'Verdict',
  type: 'object',
  additionalProperties: false,
  required: ['client', 'server', 'summary'],
  description: 'What the answers of one virtual server show.',
  properties: {
    client: { type: 'string', description: 'The name of the client that asked.' },
    server: serverName,
    summary: { type: 'string', description: 'For people: `ns1 5, ns2 5: strictly in turn`.' },
    finding: findingSchema,
  },
} as const satisfies JSONSchema

export const clusterCheckSchema = {
  title: 'Cluster',
  type: 'object',
  additionalProperties: false,
  required: ['holders', 'states', 'answers', 'verdicts', 'seen', 'findings'],
  description: 'What the cluster check found; missing where it was left out.',
  properties: {
    level: { type: 'integer', description: 'The level wanted, or else that of the nodes.' },
    holder: {
      type: 'string',
      description: 'The node that has the virtual IP, where exactly one has it and is MASTER.',
    },
    holders: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'The same for each VRRP instance, by its name; `VI_1` is that of `cluster.vip`.',
    },
    states: { type: 'array', items: nodeStateSchema, description: 'The nodes that could be reached.' },
    answers: { type: 'array', items: answersSchema, description: 'One a client, in the order in which they asked.' },
    verdicts: { type: 'array', items: verdictSchema, description: 'One a client and virtual server.' },
    seen: {
      type: 'array',
      description: 'Level 3: the client addresses that the nodes saw.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['client', 'addresses', 'unseen'],
        properties: {
          client: { type: 'string', description: 'The name of the client that asked.' },
          addresses: { ...texts, description: 'Its addresses in the logs of the nodes.' },
          unseen: {
            type: 'array',
            description: 'The nodes where it could not be seen.',
            items: {
              type: 'object',
              additionalProperties: false,
              required: ['node', 'why'],
              properties: {
                node: { type: 'string', description: 'The node.' },
                why: { type: 'string', description: 'The reason.' },
              },
            },
          },
        },
      },
    },
    findings: findingsSchema,
  },
} as const satisfies JSONSchema
