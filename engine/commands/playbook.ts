import { parse } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Level } from '../../inventory/levels.ts'
import type { Target } from '../../tasks/target.ts'
import { main } from '../cli/main.ts'
import { UserError } from '../base/errors.ts'
import type { Options } from '../cli/options.ts'
import { confirmOption, confirmWithin } from './confirm-timeout.ts'
import type { TaskTree } from '../runner/task.ts'
import { several } from './several.ts'

const noVerify = { name: 'no-verify', help: 'leave out the cluster check at the end' } as const

const takeOver = {
  name: 'take-over',
  help: 'replace what others have set up in the place of the cluster; --check shows what goes away',
} as const

const profile = { name: 'profile', help: 'show at the end what took how long' } as const

const startAt = {
  name: 'start-at',
  value: 'TASK',
  help: 'leave out all changes before this task; * stands for anything',
} as const

const tags = { name: 'tags', value: 'TAG,…', help: 'make only changes of tasks that have one of these tags' } as const
const skipTags = {
  name: 'skip-tags',
  value: 'TAG,…',
  help: 'make no changes of tasks that have one of these tags',
} as const

const step = {
  name: 'step',
  help: 'ask about each change before the first is made; what is not wanted is left out',
} as const

/** Lists the tasks of a host, in order. */
export type TaskList = (target: Target) => TaskTree

/** What hosts are brought to. */
export interface Playbook {
  title: string
  /** The level of the cluster after the run, which is then checked. Without one, the cluster is not checked. */
  level?: Level
  /**
   * The scope of its changes: a later run restores tasks that are no longer listed, in its own scope only. The default
   * is the cluster's scope for a level, and otherwise the name of the playbook's file.
   */
  scope?: string
  tasks: TaskList
}

/** @throws UserError where nobody can be asked about changes one by one */
function refuseStep({ check, yes, inventories }: Options): void {
  if (check) throw new UserError('--step asks before changes are made, and --check makes none: leave one of them out')
  if (inventories.length > 1) throw new UserError('--step takes one inventory: questions of several clusters would mix')
  if (!yes && !process.stdin.isTTY) throw new UserError('--step asks on a terminal, and stdin is none')
}

/**
 * A playbook that brings every host to what it lists.
 * @param url the playbook's own, see `main`: others import it for its list of tasks
 */
export const playbook = (url: string, wanted: Playbook): Promise<void> =>
  main(
    url,
    {
      title: wanted.title,
      document: 'run',
      many: several,
      own: [confirmOption, ...(wanted.level ? [noVerify, takeOver] : []), startAt, tags, skipTags, step, profile],
    },
    async (context) => {
      // Loaded after the first line is on the screen.
      const { openSession } = await import('../cluster/session.ts')
      const { bringTo } = await import('./bring-to.ts')
      const { own } = context.options
      if (own.step) refuseStep(context.options)
      const seconds = confirmWithin(own['confirm-timeout'])
      const session = await openSession(context, wanted.level)
      const scope = wanted.scope ?? (wanted.level ? undefined : parse(fileURLToPath(url)).name)
      const how = {
        checking: !own['no-verify'],
        seconds,
        takeOver: own['take-over'],
        wanted: { startAt: own['start-at'], tags: own.tags?.split(','), skipTags: own['skip-tags']?.split(',') },
        step: own.step && !context.options.yes,
        profiled: own.profile,
      }
      return bringTo(context, session, { ...wanted, scope }, how)
    },
  )
