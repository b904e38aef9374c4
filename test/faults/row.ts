import type { Differences } from './inventories.ts'

/** How a row may end: the cluster is as wanted, its nodes are as before, or the run has stopped with a message. */
export type End = 'healthy' | 'rolled back' | RegExp

/** How a playbook is broken off: see at-execution.mts. */
export interface Break {
  how: 'kill' | 'cut'
  /** `holder changes 1`: the holder of the VIP, or the other node, or a client by its name. */
  at: string
  when: 'before' | 'during' | 'after'
}

/** What is played against a healthy cluster of two nodes, each of which has something to be changed. */
export interface Row {
  fault: string
  when: string
  /** The level of the cluster; 2 unless told. */
  level?: 2 | 3
  /** Bash that gives a node something to be changed, in place of a file and a rule. */
  damage?: string
  /** Done before the run. */
  inject?: () => Promise<unknown>
  /** The playbook, that of the level unless told, and its arguments. */
  script?: string
  args?: string[]
  /** Where it is not the lab's. */
  inventory?: Differences
  env?: Record<string, string>
  break?: Break
  /** Done meanwhile, when the run has printed this. */
  meanwhile?: { at: RegExp; act: () => Promise<unknown> }
  /** Done after the run, as somebody does who reads what it says. */
  heal?: () => Promise<unknown>
  /** The time of the hosts' timers is not waited for. */
  hurry?: true
  /** The ends that are right; more than one where time decides. */
  ends: End[]
}

export const nameOf = ({ fault, when, level = 2 }: Row): string => `level ${level}: ${fault}, ${when}`
