// Level 2, and one task more that makes things worse: on ns2 WORSE is done, unless DONE ends with 0, and BETTER undoes it.
import { Script } from '../../engine/base/sh.ts'
import { playbook, type Task, unchanged } from '../../index.ts'
import { tasks as level2 } from '../../playbooks/level2.mts'

const { WORSE = '', BETTER = '', DONE = '' } = process.env

const worse: Task = {
  name: 'something that makes things worse',
  key: 'worse',
  probe: new Script(DONE),
  plan: ({ code }) =>
    code === 0 ? unchanged() : { before: '', after: 'worse', apply: new Script(WORSE), undo: new Script(BETTER) },
}

await playbook(import.meta.url, {
  title: 'Level 2, and worse',
  level: 2,
  tasks: (target) => [level2(target), target.host.name === 'ns2' ? [worse] : []],
})
