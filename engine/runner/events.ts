import type { Facts } from './facts.ts'
import type { Plan } from './plan.ts'

/** A change as reported to people and programs; secrets are removed when it is printed. */
export interface ChangeReport {
  task: string
  before: string
  after: string
  /** What people should know beside the difference. */
  remark?: string
}

/** How a host ended. */
export interface HostResult {
  host: string
  status: 'ok' | 'changed' | 'would change' | 'failed' | 'unreachable'
  /** How many tasks the playbook has for this host. */
  tasks: number
  /** Made by this run, in order; in check mode, what a run would make. */
  changes: ChangeReport[]
  failure?: { task?: string; reason: string }
  /** Planned, but not reached because of the failure. */
  notTried: string[]
  facts?: Facts
  /** The number of remote executions; the connection itself is one more round. */
  executions: number
  seconds: number
}

/** What happens while hosts are worked on, in the order in which it happens. */
export type RunEvent =
  | { type: 'connecting'; host: string }
  | { type: 'connected'; host: string; facts: Facts }
  | { type: 'planned'; host: string; plan: Plan }
  /** Another run has changed the host since it was read: it is read and planned again. */
  | { type: 'stale'; host: string }
  | { type: 'change started'; host: string; task: string }
  | { type: 'change output'; host: string; task: string; line: string }
  | { type: 'change ended'; host: string; change: ChangeReport; seconds: number }
  | { type: 'proving'; host: string }
  | { type: 'host ended'; result: HostResult }

/** Takes each event as it happens. */
export type Listener = (event: RunEvent) => void
