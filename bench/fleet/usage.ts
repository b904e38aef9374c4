import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import { inFleet, runningFleet } from '../../lab/fleet/fleet.ts'
import { root } from '../measure.ts'

/** What one run of a program has cost. */
export interface Usage {
  /** Seconds that it took. */
  wall: number
  /** Seconds of CPU of it and all that it has started here. */
  controller: number
  /** Seconds of CPU of the hosts. */
  hosts: number
  /** Megabytes of memory of its largest process. */
  memory: number
  stdout: string
}

export interface Program {
  words: readonly string[]
  env?: Readonly<Record<string, string>>
  /** Exit codes that are no failure. */
  codes?: readonly number[]
}

/**
 * Runs a program in the network of the fleet, in a control group of its own, which counts its CPU with that of all its children.
 * @throws Error where it fails
 */
export async function usageOf({ words, env, codes = [0] }: Program): Promise<Usage> {
  const { cgroup } = runningFleet()
  const own = join(cgroup, 'runner')
  mkdirSync(own, { recursive: true })
  const cpuOf = (group: string) =>
    Number(/^usage_usec (\d+)/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))![1]) / 1e6
  const before = { all: cpuOf(cgroup), own: cpuOf(own) }
  const began = performance.now()
  // GNU time tells of the largest process, in its last line on stderr.
  const enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
  const [program, ...rest] = [...inFleet(), 'bash', '-c', enter, own, 'time', '--format=%M', ...words]
  const child = spawn(program!, rest, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = (await ended) as [number | null]
  const wall = (performance.now() - began) / 1000
  if (code === null || !codes.includes(code))
    throw new Error(`${words.join(' ')} ended with ${code}: ${stdout.slice(-2000)}\n${stderr.slice(-2000)}`)
  const controller = cpuOf(own) - before.own
  const memory = Number(stderr.trim().split('\n').at(-1)) / 1024
  return { wall, controller, hosts: cpuOf(cgroup) - before.all - controller, memory, stdout }
}
