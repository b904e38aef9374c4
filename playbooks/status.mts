#!/usr/bin/env -S npx zx
// One look at the cluster: each node, who holds the virtual IP, the pools, what is pending. Changes nothing.
import { setTimeout as sleep } from 'node:timers/promises'
import { runNote } from '../engine/cluster/run-note.ts'
import type { TaskList } from '../engine/commands/playbook.ts'
import { openSession } from '../engine/cluster/session.ts'
import { statusOf } from '../engine/cluster/status.ts'
import { judgeStatus, statusLines } from '../engine/commands/status.ts'
import { exitCode, UserError } from '../engine/base/errors.ts'
import type { Level } from '../inventory/levels.ts'
import { main } from '../engine/cli/main.ts'
import { flatten } from '../engine/runner/task.ts'
import { runHosts } from '../engine/runner/run.ts'
import { targetOf } from '../tasks/target.ts'
import { several } from '../engine/commands/several.ts'

/** Seconds between two readings of --watch. */
const pause = 2

/** Loaded when a cluster has the level. */
const levels: Readonly<Record<Level, () => Promise<{ tasks: TaskList }>>> = {
  1: () => import('./level1.mts'),
  2: () => import('./level2.mts'),
  3: () => import('./level3.mts'),
}

const program = {
  title: 'Status',
  document: 'status',
  many: several,
  own: [{ name: 'watch', help: 'repeat until Ctrl-C' }],
} as const

await main(import.meta.url, program, async (context) => {
  const { options, console, document } = context
  if (options.limit) throw new UserError('--limit has no meaning here: the status is that of the whole cluster')
  if (options.own.watch && options.inventories.length > 1) throw new UserError('--watch shows one cluster')
  const session = await openSession(context)
  const { inventory, reach } = session
  const { cluster, hosts } = inventory

  const readStatus = async () => {
    const nodes = await Promise.all(
      hosts.map((host) => statusOf({ host, transport: reach(host.name) }, cluster, options.timeout)),
    )
    const level = nodes.find((node) => node.state?.level)?.state!.level
    const there = hosts.filter((_, i) => !nodes[i]!.unreachable)
    const { tasks }: { tasks: TaskList } = level ? await levels[level as Level]() : { tasks: () => [] }
    const plans = await runHosts(
      level
        ? there.map((host) => ({
            name: host.name,
            transport: reach(host.name),
            tasks: (facts) => flatten(tasks(targetOf(inventory, host, facts))),
          }))
        : [],
      { ...options, check: true, interrupted: () => context.interrupted, note: runNote('Status') },
      () => {},
    )
    for (const { host, changes, failure } of plans)
      nodes.find((node) => node.host === host)!.pending = failure ? [failure.reason] : changes.map(({ task }) => task)
    const findings = judgeStatus(inventory, nodes)
    document.nodes = nodes
    document.findings = findings
    document.healthy = findings.length === 0
    return { findings, lines: statusLines(inventory, nodes, findings, console.colour) }
  }

  for (;;) {
    const { findings, lines } = await readStatus()
    if (options.own.watch) console.clear()
    for (const line of lines) console.print(line)
    if (!options.own.watch) return findings.length > 0 ? exitCode.checkFailed : exitCode.ok
    await sleep(pause * 1000)
  }
})
