import { didYouMean } from '../base/suggest.ts'
import { UserError } from '../base/errors.ts'
import { makePlan, type Selection } from './plan.ts'
import { type Listed, type Printed, type Task, tasksOf } from './task.ts'

/** @param wanted a name, in which `*` stands for anything @returns whether a task has it */
export function hasName(wanted: string): (name: string) => boolean {
  const parts = wanted.split('*').map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`))
  const pattern = new RegExp(`^${parts.join('.*')}$`, 's')
  return (name) => pattern.test(name)
}

/** @param wanted the name of the first task whose change is made; without one all are */
export function startingAt(list: readonly Listed[], wanted: string | undefined): Selection {
  if (wanted === undefined) return () => true
  const tasks = tasksOf(list)
  const isWanted = hasName(wanted)
  const first = tasks.findIndex(({ name }) => isWanted(name))
  const taken = new Set(first < 0 ? [] : tasks.slice(first))
  return (task) => taken.has(task)
}

/**
 * @param names of the tasks of all hosts that have been read
 * @throws UserError where none of them is the one to start at
 */
export function refuseNoStart(wanted: string | undefined, names: readonly string[]): void {
  if (wanted === undefined || names.length === 0 || names.some(hasName(wanted))) return
  throw new UserError(
    `--start-at "${wanted}": no host has such a task${didYouMean(wanted, names)}; --check --verbose lists them`,
  )
}

/** Asks whether the change of a task is to be made on a host. */
export type Ask = (host: string, task: string) => Promise<boolean>

/**
 * Asks about one change after the other. What only a declined one would have brought about is not asked about.
 * @param printed what each task's probe printed
 * @param among the changes that there are without asking
 */
export async function choose(
  list: readonly Listed[],
  printed: readonly Printed[],
  among: Selection,
  ask: (task: string) => Promise<boolean>,
): Promise<Selection> {
  const asked = new Set<Task>()
  const declined = new Set<Task>()
  const selection: Selection = (task) => among(task) && !declined.has(task)
  const next = () => makePlan(list, printed, selection).changes.find(({ task }) => !asked.has(task))?.task
  for (let task = next(); task; task = next()) {
    asked.add(task)
    if (!(await ask(task.name))) declined.add(task)
  }
  return selection
}
