import type { LossSummary, Step } from '../clients/losses.ts'

/** A real server in the pool of a director. */
export interface RealServer {
  /** The virtual server. */
  server: string
  address: string
  weight: number
}

export interface ReportNode {
  name: string
  address: string
  /** The second address, if any: the node's address as a real server at level 3. */
  second?: string
  /** Its answers to the question who it is, each once. */
  identities: readonly string[]
  /** Addresses that move, and are there now. */
  holds: readonly string[]
  /** Of one that could not be asked, nothing else is known. */
  kind: 'director' | 'real server' | 'unknown'
  /** Empty where it directs nothing. */
  pool: readonly RealServer[]
}

/** The losses during a step, and their verdict. */
export interface ReportStep extends Step {
  /** The longest gap that it may have, in seconds. */
  limit?: number
  /** The outcome, in a few words. */
  outcome?: string
}

/** The content of a report. No text in it is trusted. */
export interface ReportData {
  /** What was run: `Rolling reboot`. */
  title: string
  /** The name of the cluster. */
  cluster: string
  /** One of each instance. */
  vips: readonly string[]
  /** The names of the virtual servers. */
  servers: readonly string[]
  /** When the run began; with a summary, when its prober did: the times of steps count from there. */
  started: Date
  /** How long the run took. */
  seconds: number
  ok: boolean
  /** One sentence. */
  verdict: string
  problems: readonly string[]
  /** None where no playbook has configured a node that could be asked. */
  level?: number
  /** Whether the holder of the VIP sends clients to every node; otherwise it answers alone. */
  balances: boolean
  /** In the order of the inventory, as they were found at the end. */
  nodes: readonly ReportNode[]
  /** The names of those that asked. */
  clients: readonly string[]
  /** What the prober has found; without it the report has no timeline. */
  summary?: LossSummary
  /** In order; their times count from the start of the prober. */
  steps: readonly ReportStep[]
}
