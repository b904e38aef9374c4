import { sh } from '../engine/base/sh.ts'
import { type Task, unchanged } from '../engine/runner/task.ts'
import { line } from './line.ts'
import type { Target } from './target.ts'

/**
 * The host knows its own name without asking a name server: keepalived looks it up at its start, and would wait
 * for the very service that it guards.
 */
export function hostName({ host, facts }: Target): Task {
  const entry = line('/etc/hosts', `${host.address} ${facts.hostname}`)
  return {
    ...entry,
    tags: ['host-name'],
    name: `host name ${facts.hostname} in /etc/hosts`,
    probe: sh`getent -s files ahosts ${facts.hostname}`,
    plan: (printed, planned) => (printed.code === 0 ? unchanged() : entry.plan({ text: '', code: 1 }, planned)),
  }
}
