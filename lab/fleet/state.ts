import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UserError } from '../../engine/base/errors.ts'

/** What belongs to the fleet of this machine, which has one at a time: the limit that is raised is the machine's. */
export const fleetFolder = '/run/keepalived-playbooks-fleet'

/** What there is to be ended and put back, written down before it is begun. */
export interface FleetState {
  /** The boot of this machine that it belongs to. */
  boot: string
  count: number
  /** The folder of the control group that all its processes are in. */
  cgroup: string
  /** fs.inotify.max_user_instances as it was, and as the fleet has set it. */
  inotify: { before: string; raised: string }
  /** The process whose network is the fleet's. */
  pid?: number
}

const stateFile = join(fleetFolder, 'state.json')
const inotifyFile = '/proc/sys/fs/inotify/max_user_instances'

/** The boot of this machine. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()

/** @returns the fleet of this machine, running or left over */
export function readState(): FleetState | undefined {
  try {
    return JSON.parse(readFileSync(stateFile, 'utf8'))
  } catch {
    return undefined
  }
}

export const writeState = (state: FleetState): void => writeFileSync(stateFile, JSON.stringify(state))

/** @returns the fleet's control group, which need not exist. @throws UserError where this machine has no cgroup2 */
export function cgroupOfFleet(): string {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  // Alone, or beside the older hierarchies.
  const mount = mounts.map((line) => line.split(' ')).find(([, , type]) => type === 'cgroup2')
  if (!mount) throw new UserError('a fleet needs cgroup2, which is not mounted here: mount -t cgroup2 cgroup2 FOLDER')
  return join(mount[1]!, 'keepalived-playbooks-fleet')
}

/** @returns the processes of a control group itself */
export function processesIn(cgroup: string): number[] {
  try {
    return readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

/** @returns whether the fleet's first process runs, which all others end with */
export const isRunning = ({ boot, pid, cgroup }: FleetState): boolean =>
  boot === bootId() && pid !== undefined && processesIn(cgroup).includes(pid)

/** @returns fs.inotify.max_user_instances */
export const inotifyLimit = (): string => readFileSync(inotifyFile, 'utf8').trim()

export const setInotifyLimit = (limit: string): void => writeFileSync(inotifyFile, limit)

/** Ends all that a fleet has started, and puts back what it has changed. @throws UserError where a process does not end */
export async function endFleet({ boot, cgroup, inotify }: FleetState): Promise<void> {
  // After a reboot of this machine nothing else is left of it.
  if (boot === bootId()) {
    if (existsSync(cgroup)) await endCgroup(cgroup)
    // Somebody else's later setting stays.
    if (inotifyLimit() === inotify.raised) setInotifyLimit(inotify.before)
  }
  rmSync(fleetFolder, { recursive: true, force: true })
}

async function endCgroup(cgroup: string): Promise<void> {
  const isPopulated = () => readFileSync(join(cgroup, 'cgroup.events'), 'utf8').includes('populated 1')
  if (isPopulated()) writeFileSync(join(cgroup, 'cgroup.kill'), '1')
  for (let tries = 0; isPopulated(); tries++) {
    if (tries > 600) throw new UserError(`processes in ${cgroup} do not end: try again: npm run lab -- fleet down`, 1)
    await sleep(50)
  }
  removeCgroup(cgroup)
}

/** A control group is an empty folder when those in it are gone. */
function removeCgroup(cgroup: string): void {
  for (const entry of readdirSync(cgroup, { withFileTypes: true }))
    if (entry.isDirectory()) removeCgroup(join(cgroup, entry.name))
  rmdirSync(cgroup)
}
