import type { JSONSchema } from 'json-schema-to-ts'
import { clusterCheckSchema } from './parts/cluster.ts'
import { common, documentSchema } from './parts/common.ts'

export const verifySchema = {
  ...documentSchema,
  description: 'What the cluster check prints.',
  properties: {
    document: { const: 'verify', description: 'Which document this is.' },
    ...common,
    cluster: clusterCheckSchema,
  },
} as const satisfies JSONSchema
