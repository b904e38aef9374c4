import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { $ } from 'zx'
import { UserError } from '../../engine/base/errors.ts'
import { identity, type Machine, mac, machines } from '../machines.ts'
import { cardName, peerOf } from '../network.ts'
import { labFolder, machineFile, sshConfigFile } from '../paths.ts'
import { endGroup, processesWith } from '../processes.ts'
import { releaseNamed } from '../releases.ts'
import type { Runtime } from '../runtime.ts'
import { firstBoot, type Kind } from './kind.ts'

const quiet = $({ quiet: true, nothrow: true })
const supervisor = fileURLToPath(new URL('uml-machine.ts', import.meta.url))

/**
 * Machines that are User-Mode Linux: a kernel that is a program. They need no privilege. Snapshots hold the disk alone: a
 * machine that is taken back to one boots.
 */
export const uml: Kind = { header: 8, start, powerOff, pid, plug, save, saved, restore }

const diskOf = ({ name }: Machine) => machineFile(name, 'cow')
const snapshotOf = ({ name }: Machine, snapshot: string) => machineFile(name, `${snapshot}.cow`)

async function start(machine: Machine, runtime: Runtime): Promise<void> {
  spawn('taskset', ['-c', processorOf(machine), process.execPath, supervisor, labFolder, machine.name], {
    cwd: runtime.sockets,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, TMPDIR: runtime.uml!.memory },
  }).unref()
}

/**
 * The processor that a machine keeps: its kernel and its programs are processes that wait for each other at each system
 * call, which takes five times as long across processors.
 */
function processorOf({ name }: Machine): string {
  const list = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(.*)$/m)![1]!
  const allowed = list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number) as [number, number?]
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
  return String(allowed[machines.findIndex((one) => one.name === name) % allowed.length])
}

/**
 * Writes the command line of a machine's kernel (Documentation/virt/uml in the kernel's source).
 * @returns its words
 */
export function commandLine(machine: Machine, runtime: Runtime): string[] {
  const { images, ports, sockets, uml } = runtime
  const { name, cards } = machine
  const { kernel, memory } = releaseNamed(runtime.releases[name]!)
  const cut = [...cards.keys()].filter((card) => runtime.cut.includes(cardName(machine, card)))
  const cable = (card: number) =>
    `vec${card}:transport=l2tpv3,udp=1,src=127.0.0.1,dst=127.0.0.1,rx_session=1,tx_session=1,depth=64,` +
    `srcport=${ports[cardName(machine, card)]},dstport=${ports[peerOf(machine, card)]},mac=${mac(machine, card)}`
  return [
    ...[`mem=${memory}M`, `umid=${name}`, `uml_dir=${sockets}`, 'con=null', 'con0=null,fd:1'],
    ...[`ubd0=${diskOf(machine)},${join(images[name]!, 'disk.raw')}`, `ubd1r=${join(uml!.kernel, 'modules.ext4')}`],
    ...[...cards.keys()].map(cable),
    `vec${cards.length}:transport=bess,dst=${managementSocket(machine, runtime)},depth=64,mac=${mac(machine, 'management')}`,
    ...['root=/dev/ubda', 'rw', 'rootflags=barrier=0', 'init=/usr/sbin/uml-init', 'quiet'],
    // A reboot in place would keep dead sockets open, so the parent process starts the kernel again instead.
    ...['noreboot', 'seccomp=on', 'mitigations=off', 'net.ifnames=0'],
    ...(cut.length > 0 ? [`lab_cut=${cut.map((card) => `vec${card}`).join(',')}`] : []),
    ...kernel,
    identity(machine),
  ]
}

/** Where a machine's management card and slirp4netns meet. */
export const managementSocket = ({ name }: Machine, { sockets }: Runtime): string => join(sockets, `${name}.bess`)

function pid({ name }: Machine): number | undefined {
  return processesWith(supervisor, labFolder, name)[0]
}

async function powerOff(machine: Machine): Promise<void> {
  for (let process_ = pid(machine); process_; process_ = pid(machine)) await endGroup(process_)
}

async function plug(machine: Machine, _runtime: Runtime, card: number, state: 'on' | 'off'): Promise<void> {
  const done = await ssh(machine, `sudo ip link set dev eth${card} carrier ${state}`)
  if (done.exitCode !== 0)
    throw new UserError(`${machine.name}: the cable of eth${card} stays as it is: ${done.stderr.trim()}`, 1)
}

const ssh = ({ name }: Machine, command: string) =>
  quiet`timeout 60 ssh -F ${sshConfigFile} -o ConnectTimeout=10 ${name} ${command}`

/** Everything is on the disk, and nothing is written while it is copied. */
async function save(machine: Machine, _runtime: Runtime, snapshot: string): Promise<void> {
  const group = pid(machine)
  if (!group || (await ssh(machine, 'sync')).exitCode !== 0)
    throw new UserError(`${machine.name} does not answer: npm run lab -- logs ${machine.name}`, 1)
  process.kill(-group, 'SIGSTOP')
  try {
    await quiet`cp --sparse=always ${diskOf(machine)} ${snapshotOf(machine, snapshot)}`
  } finally {
    process.kill(-group, 'SIGCONT')
  }
}

async function saved(machine: Machine, _runtime: Runtime, snapshot: string): Promise<boolean> {
  return snapshot === firstBoot || existsSync(snapshotOf(machine, snapshot))
}

async function restore(machine: Machine, runtime: Runtime, snapshot: string): Promise<void> {
  await powerOff(machine)
  rmSync(diskOf(machine), { force: true })
  if (snapshot !== firstBoot) await quiet`cp --sparse=always ${snapshotOf(machine, snapshot)} ${diskOf(machine)}`
  await start(machine, runtime)
}

/**
 * Tries whether User-Mode Linux runs here.
 * @param kernel the folder of its kernel
 * @param megabytes what its machines have together
 * @returns the folder where its machines have their memory, or the reason why it does not run
 */
export async function tryUml(
  kernel: string,
  image: string,
  megabytes: number,
): Promise<{ memory: string } | { why: string }> {
  let why = 'there is no room for the memory of its machines'
  for (const memory of ['/dev/shm', tmpdir()]) {
    if (!existsSync(memory)) continue
    const { bavail, bsize } = statfsSync(memory)
    if (bavail * bsize < megabytes * 2 ** 20) continue
    const words = ['mem=64M', `ubd0r=${join(image, 'disk.raw')}`, 'root=/dev/ubda', 'ro', 'init=/usr/sbin/uml-init']
    const run = $({ quiet: true, nothrow: true, env: { ...process.env, TMPDIR: memory } })
    const boot =
      await run`timeout -s KILL 8 ${join(kernel, 'linux')} ${words} con=null con0=null,fd:1 noreboot seccomp=on lab_probe=1`
    if (boot.stdout.includes('lab-probe-passed')) return { memory }
    why = `${boot.stdout}${boot.stderr}`.trim().split('\n').at(-1) || 'a trial boot did not get anywhere within 8 s'
  }
  return { why }
}
