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

/** Which changes of a run are made; all others are left out. */
export interface Wanted {
  /** The name of the task before which all changes are left out, see `hasName`. */
  startAt?: string | undefined
  /** Only tasks that have one of these tags; without them, all. */
  tags?: readonly string[] | undefined
  /** No tasks that have one of these. */
  skipTags?: readonly string[] | undefined
}

export function selected(list: readonly Listed[], { startAt, tags, skipTags = [] }: Wanted): Selection {
  const tasks = tasksOf(list)
  const isStart = startAt === undefined ? () => true : hasName(startAt)
  const first = tasks.findIndex(({ name }) => isStart(name))
  const taken = new Set(first < 0 ? [] : tasks.slice(first))
  return (task) => {
    const { tags: own = [] } = task
    return (
      taken.has(task) && (!tags || tags.some((tag) => own.includes(tag))) && !skipTags.some((tag) => own.includes(tag))
    )
  }
}

/**
 * @param tasks those of all hosts that have been read
 * @throws UserError where none of them is the one to start at, or has a tag that is named
 */
export function refuseUnknown({ startAt, tags = [], skipTags = [] }: Wanted, tasks: readonly Task[]): void {
  if (tasks.length === 0) return
  const names = tasks.map(({ name }) => name)
  if (startAt !== undefined && !names.some(hasName(startAt)))
    throw new UserError(
      `--start-at "${startAt}": no host has such a task${didYouMean(startAt, names)}; --check --verbose lists them`,
    )
  const known = [...new Set(tasks.flatMap((task) => task.tags ?? []))]
  for (const [option, given] of [
    ['--tags', tags],
    ['--skip-tags', skipTags],
  ] as const)
    for (const tag of given)
      if (!known.includes(tag))
        throw new UserError(
          known.length === 0
            ? `${option} ${tag}: the tasks of this playbook have no tags`
            : `${option} ${tag}: no host has a task with this tag${didYouMean(tag, known)}; there are ${known.toSorted().join(', ')}`,
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
