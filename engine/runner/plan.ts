import { type Change, isChange, type Listed, type Printed, type Task } from './task.ts'

/** A change that is going to be made. */
export interface PlannedChange {
  task: Task
  change: Change
  /** The number of barriers before it in the list. */
  phase: number
  /** What the probe printed that the change was planned from. */
  printed: Printed
}

/** Whether a change that a task plans is made; others are left out, for a later run to make. */
export type Selection = (task: Task) => boolean

/** What all tasks of one host want, in order. */
export interface Plan {
  changes: PlannedChange[]
  unchanged: { task: Task; why?: string; isUnknown?: true }[]
  /** Tasks whose changes are not made, though they have some. */
  leftOut: Task[]
}

/**
 * Plans every task. A task knows which resources earlier tasks will change, so a service whose file changes plans
 * its reload in the same pass.
 * @param printed what each task's probe printed, in the order of the tasks
 * @param takes which changes are made; later tasks find nothing of the others
 * @throws UserError from a plan that can't be carried out
 */
export function makePlan(list: readonly Listed[], printed: readonly Printed[], takes: Selection = () => true): Plan {
  const plan: Plan = { changes: [], unchanged: [], leftOut: [] }
  const touched = new Set<string>()
  const answers = printed.values()
  let phase = 0
  for (const task of list) {
    if ('barrier' in task) {
      phase++
      continue
    }
    const found = answers.next().value!
    const answer = task.plan(found, {
      changes: (resource) => (resource === undefined ? plan.changes.length > 0 : touched.has(resource)),
    })
    if (!isChange(answer)) {
      const { why, isUnknown } = answer
      plan.unchanged.push({ task, why, isUnknown })
      continue
    }
    if (!takes(task)) {
      plan.leftOut.push(task)
      continue
    }
    plan.changes.push({ task, change: answer, phase, printed: found })
    for (const resource of task.resources ?? []) touched.add(resource)
  }
  return plan
}
