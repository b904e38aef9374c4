import type { Draft } from './defaults.ts'
import { directs } from './roles.ts'
import type { Path, Problem } from './source.ts'
import { dotted } from './wording.ts'

/** Without preemption no node goes before another. */
export function priorities({ cluster, hosts = {} }: Draft, isGiven: (path: Path) => boolean): Problem[] {
  const { preempt, preempt_delay } = cluster ?? {}
  if (preempt !== false) return []
  const directors = Object.entries(hosts).flatMap(([name, host = {}]) => (directs(host) ? [{ name, ...host }] : []))
  const all = directors
    .filter((host) => host.priority !== undefined)
    .map(({ name, priority }) => ({ path: ['hosts', name, 'priority'], priority }))
  const model = all.find(({ path }) => !isGiven(path)) ?? all[0]
  const problems: Problem[] = all
    .filter(({ priority }) => priority !== model?.priority)
    .map(({ path, priority }) => ({
      path,
      text:
        `must equal ${dotted(model!.path)}, which is ${model!.priority}, got ${priority}; ` +
        'they may differ only with cluster.preempt: true',
    }))
  const delays: [path: Path, seconds: number | undefined][] = [
    [['cluster', 'preempt_delay'], preempt_delay],
    ...directors.map(({ name, preempt_delay: own }): (typeof delays)[number] => [
      ['hosts', name, 'preempt_delay'],
      own,
    ]),
  ]
  const useless = delays.filter(([, seconds]) => seconds)
  return [...problems, ...useless.map(([path]) => ({ path, text: 'has a meaning only with cluster.preempt: true' }))]
}
