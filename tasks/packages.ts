import { type Task, unchanged } from '../engine/runner/task.ts'
import { osOf } from './os/os.ts'
import type { Target } from './target.ts'

/** What the installation of any package changes: programs and users may come with it. */
export const installedPackages = 'installed packages'

/** The packages are installed; versions that are there stay as they are. @param wanted may name one more than once */
export function packages({ facts }: Pick<Target, 'facts'>, ...wanted: string[]): Task {
  const { packageManager } = osOf(facts)
  const names = [...new Set(wanted)]
  return {
    name: `install ${names.join(', ')}`,
    resources: [installedPackages],
    probe: packageManager.list(names),
    plan: ({ text }) => {
      const missing = names.filter((name) => !`\n${text}`.includes(`\n${name}\ninstalled\n`))
      if (missing.length === 0) return unchanged()
      return {
        before: names.filter((name) => !missing.includes(name)).join('\n'),
        after: names.join('\n'),
        apply: packageManager.install(missing),
        undo: packageManager.remove(missing),
      }
    },
  }
}
