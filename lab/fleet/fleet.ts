import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { $ } from 'zx'
import { UserError } from '../../engine/base/errors.ts'
import { ensureImage } from '../image/image.ts'
import { locked } from '../lock.ts'
import { releases } from '../releases.ts'
import { ensureRequirements } from '../requirements.ts'
import { ensureLayer } from './layer.ts'
import { type FleetHost, fleetHosts, hostFiles, inotifyFor, networkBatch, sshConfig } from './plan.ts'
import {
  bootId,
  cgroupOfFleet,
  endFleet,
  fleetFolder,
  type FleetState,
  inotifyLimit,
  isRunning,
  processesIn,
  readState,
  setInotifyLimit,
  writeState,
} from './state.ts'

type Say = (line: string) => void

/** How OpenSSH and inventories reach the hosts. */
export const fleetSshConfig: string = join(fleetFolder, 'ssh_config')

const script = fileURLToPath(new URL('fleet.sh', import.meta.url))
const logFile = join(fleetFolder, 'log')

/** Seconds that all hosts together may take to boot. */
const bootTimeout = 600

/** @throws UserError for others than root */
function refuseOthers(): void {
  if (process.getuid?.() !== 0)
    throw new UserError(
      'a fleet needs root, for its namespaces and mounts: sudo env "PATH=$PATH" npm run lab -- fleet …',
    )
}

const withLock = <T>(say: Say, work: () => Promise<T>): Promise<T> =>
  locked(fleetFolder, () => say('another process works on the fleet: waiting for it'), work)

/**
 * Starts a fleet, unless it runs already, and returns when all hosts have booted.
 * @param yes install what is missing without asking
 * @throws UserError where that can't be, or another one runs
 */
export async function fleetUp(count: number, yes: boolean, say: Say): Promise<void> {
  refuseOthers()
  await withLock(say, async () => {
    const old = readState()
    if (old && isRunning(old)) {
      if (old.count !== count)
        throw new UserError(`a fleet of ${old.count} hosts runs already: end it first: npm run lab -- fleet down`, 1)
      return bootAll(old, say)
    }
    // What a start that broke off has left.
    if (old) await endFleet(old)
    await ensureRequirements(yes, say)
    const image = await ensureImage(releases[0]!.name, say)
    const layer = await ensureLayer(image, say)
    await bootAll(await start(count, image, layer), say)
  })
}

/** Starts the processes of a fleet; what is to be ended and put back is written down before. */
async function start(count: number, image: string, layer: string): Promise<FleetState> {
  const hosts = fleetHosts(count)
  const cgroup = cgroupOfFleet()
  const before = inotifyLimit()
  const raised = String(Math.max(Number(before), inotifyFor(count)))
  writeFiles(hosts, image)
  const state: FleetState = { boot: bootId(), count, cgroup, inotify: { before, raised } }
  writeState(state)
  setInotifyLimit(raised)
  mkdirSync(cgroup, { recursive: true })
  if (!existsSync(join(cgroup, 'cgroup.kill'))) {
    await endFleet(state)
    throw new UserError(
      'a fleet needs Linux 5.14 or newer: this one has no cgroup.kill, which ends all of it at once',
      1,
    )
  }
  const log = openSync(logFile, 'a')
  const enter = 'echo $$ >"$0/cgroup.procs" && exec "$@"'
  const own = ['unshare', '--mount', '--net', '--pid', '--fork', '--mount-proc', '--kill-child']
  const words = [script, fleetFolder, join(image, 'disk.raw'), layer, cgroup, ...hosts.map(({ name }) => name)]
  const first = spawn('bash', ['-c', enter, cgroup, ...own, 'bash', ...words], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  first.unref()
  const running = { ...state, pid: first.pid }
  writeState(running)
  while (!isRunning(running) && first.exitCode === null) await sleep(20)
  return running
}

function writeFiles(hosts: readonly FleetHost[], image: string): void {
  const write = (path: string, text: string) => {
    const file = join(fleetFolder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  for (const host of hosts)
    for (const [path, text] of Object.entries(hostFiles(host))) write(join('files', host.name, path), text)
  write('network', networkBatch(hosts))
  write('known_hosts', `fleet ${readFileSync(join(image, 'host.pub'), 'utf8')}`)
  write('ssh_config', sshConfig(hosts, join(image, 'id'), join(fleetFolder, 'known_hosts')))
}

/** Waits until all hosts have booted. @throws UserError where one has not in time */
async function bootAll(state: FleetState, say: Say): Promise<void> {
  const began = performance.now()
  const deadline = began + bootTimeout * 1000
  await Promise.all(fleetHosts(state.count).map((host) => booted(state, host, deadline)))
  say(`${state.count} hosts are up after ${((performance.now() - began) / 1000).toFixed(1)} s`)
}

async function booted(state: FleetState, { name }: FleetHost, deadline: number): Promise<void> {
  const lastWords = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8').trim().split('\n').slice(-3) : [])
  while (performance.now() < deadline) {
    const [systemd] = processesIn(join(state.cgroup, name, 'init.scope'))
    if (systemd && existsSync(`/proc/${systemd}/root/run/systemd/private`)) {
      const ask = $({ quiet: true, nothrow: true, timeout: deadline - performance.now() })
      const { stdout } = await ask`nsenter --target ${systemd} --all systemctl is-system-running --wait`
      if (/running|degraded/.test(stdout)) return
    }
    await sleep(200)
    if (!isRunning(state)) throw new UserError(['the fleet has ended while it started:', ...lastWords()].join('\n'), 1)
  }
  throw new UserError([`${name} has not booted within ${bootTimeout} s`, ...lastWords()].join('\n'), 1)
}

/** Ends the fleet of this machine, running or left over, and puts back what it has changed. */
export async function fleetDown(say: Say): Promise<void> {
  refuseOthers()
  await withLock(say, async () => {
    const state = readState()
    if (!state) return say('there is no fleet')
    await endFleet(state)
  })
}

/** @throws UserError where no fleet runs */
export function runningFleet(): FleetState & { pid: number } {
  refuseOthers()
  const state = readState()
  if (!state || !isRunning(state)) throw new UserError('no fleet runs: start it with: npm run lab -- fleet up 20', 1)
  return { ...state, pid: state.pid! }
}

/** @returns the words before a command that run it in the network of the fleet */
export const inFleet = (): string[] => ['nsenter', '--target', String(runningFleet().pid), '--net', '--']

/** Runs a command in the network of the fleet, on this terminal. @returns its exit code */
export function fleetRun(command: readonly string[]): number {
  const [program, ...words] = [...inFleet(), ...command]
  return spawnSync(program!, words, { stdio: 'inherit' }).status ?? 1
}
