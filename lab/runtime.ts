import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../engine/base/errors.ts'
import type { KindName } from './kinds/names.ts'
import { machines } from './machines.ts'
import { cardName } from './network.ts'
import { labFolder, sshConfigFile } from './paths.ts'
import { freePorts } from './port.ts'

/** What machines are made of. */
export interface Parts {
  kind: KindName
  /** The release of each machine. */
  releases: Record<string, string>
  /** The folder of each machine's image. */
  images: Record<string, string>
  /** The folder of User-Mode Linux's kernel, and where its machines have their memory. */
  uml?: { kernel: string; memory: string }
}

/** What the running lab is made of. */
export interface Runtime extends Parts {
  /** Where sockets are: a path has to be short (unix(7): 108 bytes). */
  sockets: string
  /** Ports on loopback: `switch`, a machine's SSH by its name, its network cards by `NAME ethN`. */
  ports: Record<string, number>
  /** Machines that were powered off on purpose. */
  off: string[]
  /** Cards whose cables are pulled, by `NAME ethN`. */
  cut: string[]
}

const runtimeFile = join(labFolder, 'runtime.json')

/** @returns what the running lab is made of, if there is one */
export function readRuntime(): Runtime | undefined {
  try {
    return JSON.parse(readFileSync(runtimeFile, 'utf8'))
  } catch {
    return undefined
  }
}

/** @throws UserError where there is no lab */
export function running(): Runtime {
  const runtime = readRuntime()
  if (!runtime) throw new UserError('the lab is not running: start it with: npm run lab -- up', 1)
  return runtime
}

/** Chooses ports and writes down what a lab that is being started is made of. */
export async function newRuntime(parts: Parts): Promise<Runtime> {
  mkdirSync(labFolder, { recursive: true, mode: 0o700 })
  const cards = machines.flatMap((machine) => machine.cards.map((_, index) => cardName(machine, index)))
  const names = ['switch', ...cards, ...machines.map(({ name }) => name)]
  const ports = await freePorts(names)
  const spare = machines.flatMap((machine) => (machine.spare ? [machine.name] : []))
  const runtime = { ...parts, sockets: mkdtempSync(join(tmpdir(), 'lab-')), ports, off: spare, cut: [] }
  removeOtherDisks(parts)
  writeRuntime(runtime)
  writeSshConfig(runtime)
  return runtime
}

/** Disks of another kind or another image are of no use to these machines. */
function removeOtherDisks({ kind, images }: Parts): void {
  const madeOf = join(labFolder, 'disks-made-of')
  const now = JSON.stringify([kind, images])
  if (existsSync(madeOf) && readFileSync(madeOf, 'utf8') === now) return
  for (const file of readdirSync(labFolder))
    if (/\.(qcow2|cow)$/.test(file)) rmSync(join(labFolder, file), { force: true })
  writeFileSync(madeOf, now)
}

const writeRuntime = (runtime: Runtime) => writeFileSync(runtimeFile, JSON.stringify(runtime))

/** The lab has ended. */
export const forgetRuntime = (): void => rmSync(runtimeFile, { force: true })

/** Notes what has changed in the running lab. @returns it as it is now */
export function noteRuntime(changes: Partial<Pick<Runtime, 'off' | 'cut'>>): Runtime {
  const runtime = { ...running(), ...changes }
  writeRuntime(runtime)
  return runtime
}

function writeSshConfig({ images, ports }: Runtime): void {
  const knownHosts = join(labFolder, 'known_hosts')
  const key = (name: string) => readFileSync(join(images[name]!, 'host.pub'), 'utf8')
  const hosts = machines.map(
    ({ name }) =>
      `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports[name]}\n  HostKeyAlias ${name}\n` +
      `  IdentityFile ${join(images[name]!, 'id')}\n`,
  )
  writeFileSync(knownHosts, machines.map(({ name }) => `${name} ${key(name)}`).join(''))
  writeFileSync(
    sshConfigFile,
    `${hosts.join('')}Host *
  User admin
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHosts}
  StrictHostKeyChecking yes
`,
  )
}
