import { sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import type { Target } from './target.ts'

/**
 * SELinux lets keepalived's checks connect to the real servers. Instead of the article's permissive mode, the
 * policy's own switch is turned on, for good.
 */
export const selinux = ({ facts }: Pick<Target, 'facts'>): Task => ({
  name: 'SELinux lets keepalived connect to any port',
  key: 'SELinux keepalived_connect_any',
  probe: sh`exec getsebool keepalived_connect_any 2>/dev/null`,
  plan: ({ text }) => {
    if (facts.selinux === 'absent' || facts.selinux === 'disabled') return unchanged(`SELinux is ${facts.selinux}`)
    const state = text.trim().split(' ').at(-1)!
    if (state === '') return unchanged('the policy does not confine keepalived')
    if (state === 'on') return unchanged()
    return {
      before: 'keepalived_connect_any off',
      after: 'keepalived_connect_any on',
      apply: sh`setsebool -P keepalived_connect_any on`,
      undo: sh`setsebool -P keepalived_connect_any off`,
    }
  },
})
