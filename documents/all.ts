import type { FromSchema } from 'json-schema-to-ts'
import { clustersSchema } from './clusters.ts'
import { drillSchema } from './drill.ts'
import { importSchema } from './import.ts'
import { rollbackSchema } from './rollback.ts'
import { rollingRebootSchema } from './rolling-reboot.ts'
import { runSchema } from './run.ts'
import { statusSchema } from './status.ts'
import { verifySchema } from './verify.ts'

/** The schema of each document, by what its key `document` says. */
export const documents = {
  run: runSchema,
  verify: verifySchema,
  status: statusSchema,
  'rolling-reboot': rollingRebootSchema,
  drill: drillSchema,
  rollback: rollbackSchema,
  import: importSchema,
  clusters: clustersSchema,
} as const

/** What playbooks fill in, by the same names. */
export interface Documents {
  run: FromSchema<typeof runSchema>
  verify: FromSchema<typeof verifySchema>
  status: FromSchema<typeof statusSchema>
  'rolling-reboot': FromSchema<typeof rollingRebootSchema>
  drill: FromSchema<typeof drillSchema>
  rollback: FromSchema<typeof rollbackSchema>
  import: FromSchema<typeof importSchema>
  clusters: FromSchema<typeof clustersSchema>
}
