import type { FromSchema } from 'json-schema-to-ts'
import type { changeSchema, hostSchema } from '../../documents/parts/host.ts'
import type { Facts } from './facts.ts'
import type { Plan } from './plan.ts'

/** A change as reported to people and programs; secrets are removed when it is printed. */
export type ChangeReport = FromSchema<typeof changeSchema>

/** How a host ended. */
export type HostResult = FromSchema<typeof hostSchema>

/** What happens while hosts are worked on, in the order in which it happens. */
export type RunEvent =
  | { type: 'connecting'; host: string }
  | { type: 'connected'; host: string; facts: Facts }
  | { type: 'planned'; host: string; plan: Plan }
  /** Another run has changed the host since it was read: it is read and planned again. */
  | { type: 'stale'; host: string }
  /** What people should know of the host before they read on. */
  | { type: 'note'; host: string; text: string }
  | { type: 'change started'; host: string; task: string }
  | { type: 'change output'; host: string; task: string; line: string }
  | { type: 'change ended'; host: string; change: ChangeReport; seconds: number }
  | { type: 'proving'; host: string }
  | { type: 'host ended'; result: HostResult }

/** Takes each event as it happens. */
export type Listener = (event: RunEvent) => void
