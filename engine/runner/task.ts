import type { Script } from '../base/sh.ts'

/** What a probe printed on stdout, and the exit code that it ended with. */
export interface Printed {
  text: string
  code: number
}

/** What a plan knows about earlier tasks on the same host. */
export interface Planned {
  /** True where an earlier task is going to change this resource (a path, by convention); without one, anything. */
  changes(resource?: string): boolean
}

/**
 * The difference between what is and what should be, with the scripts that make it and take it back. Each script
 * brings its resource to a whole state from whatever state it finds: `undo` may run after later changes.
 */
export interface Change {
  /** The state found and the state wanted, as text; a diff of the two is what people see. */
  before: string
  after: string
  apply: Script
  undo: Script
  /** This change restores the baseline of the task's key, which is then deleted. */
  restores?: true
  /** `apply` is short and says nothing but why it failed: what it prints comes when it has ended. */
  quiet?: true
  /** What people should know beside the difference; one line. */
  remark?: string
}

/** A resource as it is: as text for people, and the script that brings it back to that. */
export interface State {
  text: string
  restore: Script
}

/** How a resource is read where no state is wanted of it: what is restored is shown and journalled as it really is. */
export interface Resource {
  /** Reads the present state; must not change anything. */
  probe: Script
  /** @throws UserError where there is something that can't be brought back */
  read: (printed: Printed) => State
}

/** Nothing to do, and why where that is not obvious. */
export interface Unchanged {
  unchanged: true
  why?: string
  /** That is said to everybody: whether the state is right could not be found out. */
  isUnknown?: true
}

/** One desired state on one host. */
export interface Task {
  /** Reads as a sentence: `sysctl net.ipv4.ip_forward = 1`. */
  name: string
  /**
   * Names the setting, without its value: `sysctl net.ipv4.ip_forward`. The host saves its baseline under this key
   * before the first change, and restores it when a playbook no longer lists the task. Without a key, changes stay.
   */
  key?: string
  /** Names that earlier versions gave the key: a baseline under one of them is this task's. */
  formerKeys?: readonly string[]
  /** Reads the present state; must not change anything. */
  probe: Script
  /** Pure: from what the probe printed to a change, or to nothing. @throws UserError where the state can't be reached */
  plan: (printed: Printed, planned: Planned) => Change | Unchanged
  /** What it belongs to, for `--tags` and `--skip-tags`: `firewall`. */
  tags?: readonly string[]
  /** The resources that a change of this task touches, for later tasks to ask about. */
  resources?: readonly string[]
}

/** A barrier between two tasks: later tasks start on no host before every host has reached it. */
export const barrier = { barrier: true } as const

/** What a host does, in order. */
export type Listed = Task | typeof barrier

/** What a playbook lists for a host, in order; a task may be several, as a list of their own. */
export type TaskTree = Listed | readonly TaskTree[]

/** @returns the tasks and barriers of nested lists, in order */
export const flatten = (tree: TaskTree): Listed[] => (isList(tree) ? tree.flatMap(flatten) : [tree])

const isList = (tree: TaskTree): tree is readonly TaskTree[] => Array.isArray(tree)

/** @returns what gives a task a tag: `tasks.map(tagged('firewall'))` */
export const tagged =
  (tag: string) =>
  (task: Task): Task => ({ ...task, tags: [...(task.tags ?? []), tag] })

/** The tasks of a list, without barriers. */
export const tasksOf = (list: readonly Listed[]): Task[] => list.filter((item): item is Task => !('barrier' in item))

/** A plan's answer where the state is already right. */
export const unchanged = (why?: string): Unchanged =>
  why === undefined ? { unchanged: true } : { unchanged: true, why }

/** A plan's answer where it could not be found out whether the state is right, and the run goes on. */
export const unknown = (why: string): Unchanged => ({ unchanged: true, why, isUnknown: true })

export const isChange = (answer: Change | Unchanged): answer is Change => !('unchanged' in answer)
