import type { JSONSchema } from 'json-schema-to-ts'
import { clusterCheckSchema } from './parts/cluster.ts'
import { common, documentSchema, inventoryName, texts } from './parts/common.ts'
import { hostSchema } from './parts/host.ts'

export const runSchema = {
  ...documentSchema,
  description: 'What level playbooks, teardown and playbooks of your own print.',
  properties: {
    document: { const: 'run', description: 'Which document this is.' },
    ...common,
    check: { type: 'boolean', description: 'Whether it ran in check mode.' },
    hosts: { type: 'array', items: hostSchema, description: 'One a host, in the order of the inventory.' },
    cluster: clusterCheckSchema,
    wentBack: {
      type: 'object',
      additionalProperties: false,
      required: ['reason', 'hosts'],
      description: 'Present where the cluster was not as healthy as before, and the run was undone.',
      properties: {
        reason: { type: 'string', description: 'What was found, for people.' },
        hosts: {
          type: 'array',
          description: 'One a changed host.',
          items: {
            type: 'object',
            additionalProperties: false,
            required: ['host', 'undone'],
            properties: {
              host: inventoryName,
              undone: { type: 'boolean', description: 'Whether it is as it was before the run.' },
            },
          },
        },
      },
    },
    unconfirmed: {
      ...texts,
      description: 'Why hosts could not be confirmed over a new connection, and undo the run by themselves.',
    },
  },
} as const satisfies JSONSchema
