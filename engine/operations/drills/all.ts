import { cut } from './cut.ts'
import { kill } from './kill.ts'
import { restart } from './restart.ts'
import { service } from './service.ts'

/** The drills in the order in which they are done. */
export const drills = [restart, service, kill, cut] as const
