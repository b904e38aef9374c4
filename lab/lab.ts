import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { $ } from 'zx'
import { UserError } from '../runner/errors.ts'
import { didYouMean } from '../runner/suggest.ts'
import { ensureImage, imageFolder } from './image.ts'
import { locked } from './lock.ts'
import { addressOf, type Machine, machines } from './machines.ts'
import { labFolder, machineFile, sshConfigFile } from './paths.ts'
import {
  chooseAccelerator,
  monitor,
  pidOf,
  powerOff,
  type Runtime,
  startMachine,
  startSwitch,
  switchPid,
} from './qemu.ts'
import { ensureRequirements } from './requirements.ts'
import { forgetRuntime, newRuntime, readRuntime, running, setOff } from './runtime.ts'

type Say = (line: string) => void

const quiet = $({ quiet: true, nothrow: true })
const pristine = 'first-boot'
/** Seconds that a machine may take to answer SSH. */
const bootTimeout = 300

/**
 * Starts the lab, unless it runs; the first time this builds the image and boots each machine once. A machine that was
 * powered off on purpose stays off.
 */
export function labUp({ yes, say }: { yes: boolean; say: Say }): Promise<void> {
  const wait = () => say('another process is starting this lab: waiting for it')
  return locked(labFolder, wait, async () => {
    const old = readRuntime()
    if (old && old.image === imageFolder() && switchPid()) return startMissing(old, say, undefined)
    await ensureRequirements(yes, say)
    // Whatever an earlier lab left behind, running or not.
    await labDown()
    const image = await ensureImage(say)
    const runtime = await newRuntime(image, await chooseAccelerator(image, say))
    startSwitch(runtime)
    await startMissing(runtime, say, pristine)
  })
}

/** @param snapshot what to go on from; without one, machines boot their disks as they are */
async function startMissing(runtime: Runtime, say: Say, snapshot: string | undefined): Promise<void> {
  const missing = machines.filter(({ name }) => !pidOf(name) && !runtime.off.includes(name))
  if (missing.length === 0) return
  say(`starting ${missing.map(({ name }) => name).join(', ')}`)
  const began = performance.now()
  await Promise.all(
    missing.map(async (machine) => {
      await boot(machine, runtime, snapshot)
      say(`  ${machine.name} is up after ${Math.round((performance.now() - began) / 1000)} s`)
    }),
  )
}

/** Ends everything that the lab has started; the disks stay, and with them the first boot to go back to. */
export async function labDown(): Promise<void> {
  const runtime = readRuntime()
  await Promise.all(machines.map(({ name }) => powerOff(runtime, name)))
  const pid = switchPid()
  if (pid) process.kill(pid)
  if (runtime) rmSync(runtime.sockets, { recursive: true, force: true })
  forgetRuntime()
}

/**
 * Takes machines back to a snapshot, within seconds.
 * @param snapshot unless it is named, the state of their first boot
 */
export async function reset(
  names: readonly string[] = machines.map(({ name }) => name),
  snapshot = pristine,
): Promise<void> {
  const runtime = running()
  setOff(
    runtime,
    runtime.off.filter((name) => !names.includes(name)),
  )
  await Promise.all(
    names.map(async (name) => {
      const machine = machineNamed(name)
      if (pidOf(name)) await monitor(runtime, name, `loadvm ${snapshot}`)
      else await startMachine(machine, runtime, snapshot)
      await plug(runtime, machine, 'on')
      await ready(machine)
    }),
  )
}

/** Keeps how running machines are, disk and memory, to be taken back to it by `reset` as long as the image is the same. */
export async function takeSnapshot(names: readonly string[], snapshot: string): Promise<void> {
  await Promise.all(names.map((name) => monitor(running(), machineNamed(name).name, `savevm ${snapshot}`)))
}

/** @returns whether these running machines all have a snapshot */
export async function haveSnapshot(names: readonly string[], snapshot: string): Promise<boolean> {
  const lists = await Promise.all(names.map((name) => monitor(running(), machineNamed(name).name, 'info snapshots')))
  return lists.every((list) => list.split(/\s+/).includes(snapshot))
}

/** Powers a machine off at once. */
export async function kill(name: string): Promise<void> {
  const runtime = running()
  setOff(runtime, [...runtime.off, machineNamed(name).name])
  await powerOff(runtime, name)
}

/** Powers a machine on again; its disk is as it was. Returns when it answers. */
export async function start(name: string): Promise<void> {
  const runtime = running()
  const machine = machineNamed(name)
  setOff(
    runtime,
    runtime.off.filter((off) => off !== name),
  )
  if (pidOf(name)) return
  await startMachine(machine, runtime)
  await ready(machine)
}

/**
 * Pulls a machine's cables; the management network stays.
 * @param card `eth0`, `eth1` … pulls that one alone
 */
export const cut = (name: string, card?: string): Promise<void> => plug(running(), machineNamed(name), 'off', card)

/** Plugs them in again. */
export const heal = (name: string, card?: string): Promise<void> => plug(running(), machineNamed(name), 'on', card)

/** What runs: undefined where there is no lab. */
export function status(): { name: string; address: string; port: number; pid?: number }[] | undefined {
  const runtime = readRuntime()
  if (!runtime) return undefined
  return machines.map((machine) => {
    const { name } = machine
    return { name, address: addressOf(machine), port: runtime.ports[name]!, pid: pidOf(name) }
  })
}

async function plug(runtime: Runtime, machine: Machine, state: 'on' | 'off', card?: string): Promise<void> {
  const cards = [...machine.cards.keys()].map((index) => `eth${index}`)
  if (card !== undefined && !cards.includes(card))
    throw new UserError(`${machine.name} has no card "${card}"${didYouMean(card, cards)}; it has ${cards.join(', ')}`)
  for (const one of card === undefined ? cards : [card])
    await monitor(runtime, machine.name, `set_link ${one}-nic ${state}`)
}

/** Starts a machine whose disk has the pristine snapshot; else boots a new disk and takes it. */
async function boot(machine: Machine, runtime: Runtime, snapshot: string | undefined): Promise<void> {
  const disk = machineFile(machine.name, 'qcow2')
  if (existsSync(disk) && (await quiet`qemu-img snapshot -l ${disk}`).stdout.includes(pristine)) {
    // A snapshot of another QEMU may be of no use: then the machine boots anew.
    const resumed = await startMachine(machine, runtime, snapshot).then(
      () => true,
      () => false,
    )
    if (resumed) return ready(machine)
  }
  rmSync(disk, { force: true })
  await quiet`qemu-img create -q -f qcow2 -F qcow2 -b ${join(runtime.image, 'disk.qcow2')} ${disk}`
  await startMachine(machine, runtime)
  await ready(machine)
  await monitor(runtime, machine.name, `savevm ${pristine}`)
}

/** Waits until a machine answers and has done its work, and sets its clock, which a snapshot has stopped. */
async function ready(machine: Machine): Promise<void> {
  const deadline = performance.now() + bootTimeout * 1000
  while (performance.now() < deadline) {
    const command = `sudo date -s @${(Date.now() / 1000).toFixed(2)} && systemctl is-system-running --wait`
    const answer = await quiet`timeout 60 ssh -F ${sshConfigFile} -o ConnectTimeout=5 ${machine.name} ${command}`
    if (/running|degraded/.test(answer.stdout)) return
    await sleep(500)
  }
  throw new UserError(
    `${machine.name} did not answer within ${bootTimeout} s; see: npm run lab -- logs ${machine.name}`,
    1,
  )
}

/** @throws UserError for a name that is no machine's */
export function machineNamed(name: string): Machine {
  const machine = machines.find((one) => one.name === name)
  const names = machines.map((one) => one.name)
  if (!machine)
    throw new UserError(`unknown machine "${name}"${didYouMean(name, names)}; there are ${names.join(', ')}`)
  return machine
}
