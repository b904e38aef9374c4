import { type Change, isChange, type Printed, type Task } from './task.ts'

/** What all tasks of one host want, in order. */
export interface Plan {
  changes: { task: Task; change: Change }[]
  unchanged: { task: Task; why?: string }[]
}

/**
 * Asks every task for its plan. A task knows which resources the tasks before it are going to change, so a
 * service whose file changes plans its reload in the same pass.
 * @param printed what each task's probe printed, in the order of the tasks
 * @throws UserError from a plan that can't be carried out
 */
export function makePlan(tasks: readonly Task[], printed: readonly Printed[]): Plan {
  const plan: Plan = { changes: [], unchanged: [] }
  const touched = new Set<string>()
  tasks.forEach((task, index) => {
    const answer = task.plan(printed[index]!, { changes: (resource) => touched.has(resource) })
    if (!isChange(answer)) {
      plan.unchanged.push({ task, why: answer.why })
      return
    }
    plan.changes.push({ task, change: answer })
    for (const resource of task.resources ?? []) touched.add(resource)
  })
  return plan
}
