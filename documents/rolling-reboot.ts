import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema } from './parts/common.ts'
import { findingsSchema } from './parts/finding.ts'
import { proberSchema } from './parts/prober.ts'

export const rollingRebootSchema = {
  ...documentSchema,
  description: 'What a rolling reboot prints.',
  properties: {
    document: { const: 'rolling-reboot', description: 'Which document this is.' },
    ...common,
    findings: {
      ...findingsSchema,
      description: 'What was wrong before, and was tolerated; empty where the cluster was healthy.',
    },
    order: {
      type: 'array',
      description: 'The nodes to work on, in order.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['host', 'why'],
        properties: {
          host: { type: 'string', description: 'The name of the node.' },
          why: { type: 'string', description: 'Why it has this place, for people.' },
        },
      },
    },
    steps: {
      type: 'array',
      description: 'The steps that have ended, in order.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['node', 'step', 'outcome', 'seconds'],
        properties: {
          node: { type: 'string', description: 'The name of the node.' },
          step: { type: 'string', description: 'What was done: `drain`, `reboot`, `verify` …' },
          outcome: { type: 'string', description: 'How it ended, for people.' },
          seconds: { type: 'number', description: 'The time that it took.' },
        },
      },
    },
    prober: proberSchema,
  },
} as const satisfies JSONSchema
