import type { JSONSchema } from 'json-schema-to-ts'
import { common, documentSchema } from './parts/common.ts'
import { findingsSchema } from './parts/finding.ts'
import { proberSchema } from './parts/prober.ts'

export const drillSchema = {
  ...documentSchema,
  description: 'What drills print.',
  properties: {
    document: { const: 'drill', description: 'Which document this is.' },
    ...common,
    findings: {
      ...findingsSchema,
      description: 'What was wrong before; after the drills, where clients lost too much.',
    },
    prober: proberSchema,
  },
} as const satisfies JSONSchema
