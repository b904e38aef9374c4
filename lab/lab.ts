import { rmSync } from 'node:fs'
import { UserError } from '../engine/base/errors.ts'
import { didYouMean } from '../engine/base/suggest.ts'
import { ensureImage, imageFolder } from './image/image.ts'
import { chooseKind, kinds, type KindRequest } from './kinds/choose.ts'
import { firstBoot } from './kinds/kind.ts'
import { type KindName, kindNames } from './kinds/names.ts'
import { builtKernel, stopBackgroundBuild } from './kernel/kernel.ts'
import { locked } from './lock.ts'
import { addressOf, type Machine, machineNamed, machines } from './machines.ts'
import { cardName, startSwitch, switchPid } from './network.ts'
import { labFolder } from './paths.ts'
import { endGroup } from './processes.ts'
import { releaseNamed, releasesOf } from './releases.ts'
import { ready } from './ready.ts'
import { ensureRequirements } from './requirements.ts'
import { forgetRuntime, newRuntime, noteRuntime, readRuntime, type Runtime, running } from './runtime.ts'

type Say = (line: string) => void

/** What a lab shall be like. */
export interface LabRequest extends KindRequest {
  /** Releases of the machines, see `releasesOf`. */
  releases?: string
  say: Say
}

/**
 * Starts the lab, unless it already runs as requested; the first start builds image and kernel. A machine that was
 * powered off on purpose stays off. Without a request, LAB_KIND and LAB_RELEASE in the environment decide.
 * @throws UserError where that can't be
 */
export function labUp({ say, ...request }: LabRequest): Promise<void> {
  const wait = () => say('another process is starting this lab: waiting for it')
  const kind = kindNamed(request.kind ?? process.env.LAB_KIND)
  const askedReleases = request.releases ?? (process.env.LAB_RELEASE || undefined)
  const names = machines.map(({ name }) => name)
  const releases = askedReleases === undefined ? undefined : releasesOf(askedReleases, names)
  return locked(labFolder, wait, async () => {
    const old = readRuntime()
    if (old && switchPid() && isAsRequested(old, kind, releases)) {
      if (old.kind === 'emulation' && builtKernel() && !kind)
        say('faster machines are ready: npm run lab -- down, then up')
      return startMissing(old, say)
    }
    await ensureRequirements(request.yes, say)
    // Leftovers of an earlier lab are ended, running or not.
    await labDown()
    const chosen = releases ?? releasesOf('', names)
    const images: Record<string, string> = {}
    for (const name of names) images[name] = await ensureImage(chosen[name]!, say)
    const megabytes = names.reduce((sum, name) => sum + releaseNamed(chosen[name]!).memory, 0)
    const choice = await chooseKind({ ...request, kind }, images[names[0]!]!, megabytes, say)
    const runtime = await newRuntime({ ...choice, releases: chosen, images })
    startSwitch(runtime.ports, kinds[runtime.kind].header)
    await startMissing(runtime, say, firstBoot)
  })
}

function isAsRequested(
  runtime: Runtime,
  kind: KindName | undefined,
  releases: Runtime['releases'] | undefined,
): boolean {
  return machines.every(
    ({ name }) =>
      runtime.images[name] === imageFolder(runtime.releases[name]!) &&
      (!kind || runtime.kind === kind) &&
      (!releases || releases[name] === runtime.releases[name]),
  )
}

/** @throws UserError for a word that is no kind's name */
function kindNamed(word: string | undefined): KindName | undefined {
  if (!word) return undefined
  const kind = kindNames.find((name) => name === word)
  if (!kind)
    throw new UserError(
      `unknown kind of machines "${word}"${didYouMean(word, kindNames)}; there are ${kindNames.join(', ')}`,
    )
  return kind
}

/** @param snapshot what to go on from; without one, machines boot their disks as they are */
async function startMissing(runtime: Runtime, say: Say, snapshot?: string): Promise<void> {
  const kind = kinds[runtime.kind]
  const missing = machines.filter((machine) => !kind.pid(machine) && !runtime.off.includes(machine.name))
  if (missing.length === 0) return
  say(`starting ${missing.map(({ name }) => name).join(', ')}`)
  const began = performance.now()
  await Promise.all(
    missing.map(async (machine) => {
      if (snapshot && (await kind.saved(machine, runtime, snapshot))) await kind.restore(machine, runtime, snapshot)
      else await kind.start(machine, runtime)
      await ready(machine, runtime)
      if (snapshot && !(await kind.saved(machine, runtime, snapshot))) await kind.save(machine, runtime, snapshot)
      say(`  ${machine.name} is up after ${Math.round((performance.now() - began) / 1000)} s`)
    }),
  )
}

/**
 * Ends everything that the lab has started; the disks stay, and with them the first boot to go back to.
 * @param say called where what is stopped was not done
 */
export async function labDown(say: Say = () => {}): Promise<void> {
  const runtime = readRuntime()
  if (stopBackgroundBuild())
    say(
      'the kernel of faster machines is not built yet: the next up goes on with it. To wait for it: npm run lab -- kernel',
    )
  await Promise.all(
    machines.flatMap((machine) => [...new Set(Object.values(kinds))].map((kind) => kind.powerOff(machine, runtime))),
  )
  const pid = switchPid()
  if (pid) await endGroup(pid)
  if (runtime) rmSync(runtime.sockets, { recursive: true, force: true })
  forgetRuntime()
}

/**
 * Takes machines back to a snapshot, within seconds.
 * @param snapshot unless it is named, the state of their first boot
 */
export async function reset(
  names: readonly string[] = machines.flatMap(({ name, spare }) => (spare && isOff(name) ? [] : [name])),
  snapshot: string = firstBoot,
): Promise<void> {
  const back = names.map(machineNamed)
  const { off, cut } = running()
  const cards = back.flatMap((machine) => [...machine.cards.keys()].map((card) => cardName(machine, card)))
  const runtime = noteRuntime({
    off: off.filter((name) => !names.includes(name)),
    cut: cut.filter((card) => !cards.includes(card)),
  })
  await Promise.all(
    back.map(async (machine) => {
      await kinds[runtime.kind].restore(machine, runtime, snapshot)
      await ready(machine, runtime)
    }),
  )
}

const isOff = (name: string) => running().off.includes(name)

/** Keeps how running machines are, to be taken back to it by `reset` as long as the image is the same. */
export async function takeSnapshot(names: readonly string[], snapshot: string): Promise<void> {
  const runtime = running()
  await Promise.all(names.map((name) => kinds[runtime.kind].save(machineNamed(name), runtime, snapshot)))
}

/** @returns whether these machines all have a snapshot */
export async function haveSnapshot(names: readonly string[], snapshot: string): Promise<boolean> {
  const runtime = running()
  const found = await Promise.all(names.map((name) => kinds[runtime.kind].saved(machineNamed(name), runtime, snapshot)))
  return found.every(Boolean)
}

/** Powers a machine off at once. */
export async function kill(name: string): Promise<void> {
  const machine = machineNamed(name)
  const { off } = running()
  const runtime = noteRuntime({ off: [...off.filter((one) => one !== name), name] })
  await kinds[runtime.kind].powerOff(machine, runtime)
}

/** Powers a machine on again; its disk is as it was. Returns when it answers. */
export async function start(name: string): Promise<void> {
  const machine = machineNamed(name)
  const runtime = noteRuntime({ off: running().off.filter((off) => off !== name) })
  if (kinds[runtime.kind].pid(machine)) return
  const kind = kinds[runtime.kind]
  await kind.start(machine, runtime)
  await ready(machine, runtime)
  if (machine.spare && !(await kind.saved(machine, runtime, firstBoot))) await kind.save(machine, runtime, firstBoot)
}

/** Starts machines that are off and plugs in all cables: what somebody left undone. */
export async function repair(): Promise<void> {
  for (const { name, spare } of machines) {
    await heal(name)
    if (!spare) await start(name)
  }
}

/**
 * Pulls a machine's cables; the management network stays.
 * @param card `eth0`, `eth1` … pulls that one alone
 */
export const cut = (name: string, card?: string): Promise<void> => plug(machineNamed(name), 'off', card)

/** Plugs them in again. */
export const heal = (name: string, card?: string): Promise<void> => plug(machineNamed(name), 'on', card)

/** What runs: undefined where there is no lab. */
export function status(): { kind: KindName; machines: MachineStatus[] } | undefined {
  const runtime = readRuntime()
  if (!runtime) return undefined
  const { kind, ports, releases } = runtime
  return {
    kind,
    machines: machines.map((machine) => {
      const { name } = machine
      return {
        name,
        address: addressOf(machine),
        release: releases[name]!,
        port: ports[name]!,
        pid: kinds[kind].pid(machine),
      }
    }),
  }
}

/** A machine of the running lab. */
export interface MachineStatus {
  name: string
  /** What it is known by on its network. */
  address: string
  release: string
  /** Of its SSH, on loopback. */
  port: number
  /** Its process, while it is on. */
  pid?: number
}

async function plug(machine: Machine, state: 'on' | 'off', card?: string): Promise<void> {
  const cards = [...machine.cards.keys()].map((index) => `eth${index}`)
  if (card !== undefined && !cards.includes(card))
    throw new UserError(`${machine.name} has no card "${card}"${didYouMean(card, cards)}; it has ${cards.join(', ')}`)
  const meant = [...machine.cards.keys()].filter((index) => card === undefined || card === cards[index])
  const names = meant.map((index) => cardName(machine, index))
  const others = running().cut.filter((name) => !names.includes(name))
  const runtime = noteRuntime({ cut: state === 'off' ? [...others, ...names] : others })
  const kind = kinds[runtime.kind]
  if (kind.pid(machine)) for (const index of meant) await kind.plug(machine, runtime, index, state)
}
