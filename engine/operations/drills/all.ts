import { cut } from './cut.ts'
import type { Drill } from './drill.ts'
import { kill } from './kill.ts'
import { restart } from './restart.ts'
import { service } from './service.ts'

/** The drills in the order in which they are done. */
export const drills: readonly Drill[] = [restart, service, kill, cut]
