import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { $ } from 'zx'
import { UserError } from '../../engine/base/errors.ts'
import { identity, type Machine, mac } from '../machines.ts'
import { cardName, peerOf } from '../network.ts'
import { machineFile } from '../paths.ts'
import { processesWith } from '../processes.ts'
import { releaseNamed } from '../releases.ts'
import type { Runtime } from '../runtime.ts'
import { firstBoot, type Kind } from './kind.ts'

const quiet = $({ quiet: true, nothrow: true })

/** Machines in QEMU, with KVM or by its own emulation. Snapshots hold memory too: a machine resumes where it was. */
export const qemu: Kind = { header: 0, start, powerOff, pid, plug, save, saved, restore }

const accelerators = { kvm: 'kvm', emulation: 'tcg,thread=multi,tb-size=128' }

// Features of newer processors, and a second processor, cost a quarter of the time in emulation.
const processors = { kvm: ['-cpu', 'max', '-smp', '2'], emulation: ['-cpu', 'qemu64', '-smp', '1'] }

const diskOf = ({ name }: Machine) => machineFile(name, 'qcow2')
const driveOf = (machine: Machine) => `file=${diskOf(machine)},if=virtio,cache=unsafe`

async function start(machine: Machine, runtime: Runtime): Promise<void> {
  const disk = diskOf(machine)
  if (!existsSync(disk)) {
    const base = join(runtime.images[machine.name]!, 'disk.raw')
    await quiet`qemu-img create -q -f qcow2 -F raw -b ${base} ${disk}`
  }
  await launch(machine, runtime)
  for (const card of machine.cards.keys())
    if (runtime.cut.includes(cardName(machine, card))) await plug(machine, runtime, card, 'off')
}

/** @param more options of QEMU */
async function launch(machine: Machine, runtime: Runtime, ...more: string[]): Promise<void> {
  const { images, kind, ports, releases } = runtime
  const accelerator = kind === 'kvm' ? 'kvm' : 'emulation'
  const image = images[machine.name]!
  const nic = (name: string, address: string, backend: string) => [
    ...['-netdev', `${backend},id=${name}`],
    ...['-device', `virtio-net-pci,netdev=${name},id=${name}-nic,mac=${address},romfile=`],
  ]
  const cable = (card: number) =>
    `socket,udp=127.0.0.1:${ports[peerOf(machine, card)]},localaddr=127.0.0.1:${ports[cardName(machine, card)]}`
  const { kernel, memory } = releaseNamed(releases[machine.name]!)
  const management = `user,restrict=on,hostfwd=tcp:127.0.0.1:${ports[machine.name]}-:22`
  const args = [
    ...['-name', machine.name, '-M', 'pc', '-accel', accelerators[accelerator], ...processors[accelerator]],
    ...['-m', String(memory), '-nodefaults', '-display', 'none', '-daemonize'],
    ...['-serial', `file:${machineFile(machine.name, 'log')}`],
    ...['-monitor', `unix:${monitorSocket(machine, runtime)},server,nowait`],
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd.gz')],
    ...[
      '-append',
      `console=ttyS0 quiet root=/dev/vda rw net.ifnames=0 mitigations=off ${kernel.join(' ')} ${identity(machine)}`,
    ],
    ...['-drive', driveOf(machine)],
    ...[...machine.cards.keys()].flatMap((card) => nic(`eth${card}`, mac(machine, card), cable(card))),
    ...nic('management', mac(machine, 'management'), management),
    ...more,
  ]
  const started = await quiet`qemu-system-x86_64 ${args}`
  if (started.exitCode !== 0) throw new UserError(`${machine.name} does not start: ${started.stderr.trim()}`, 1)
}

function pid(machine: Machine): number | undefined {
  return processesWith(driveOf(machine))[0]
}

/** The machine learns nothing of it, and QEMU's disk stays whole. */
async function powerOff(machine: Machine, runtime: Runtime | undefined): Promise<void> {
  const process_ = pid(machine)
  if (!process_) return
  if (runtime) await Promise.race([monitor(machine, runtime, 'quit').catch(() => undefined), sleep(2000)])
  const deadline = performance.now() + 5000
  while (pid(machine)) {
    if (performance.now() > deadline) process.kill(process_, 'SIGKILL')
    await sleep(50)
  }
}

async function plug(machine: Machine, runtime: Runtime, card: number, state: 'on' | 'off'): Promise<void> {
  await monitor(machine, runtime, `set_link eth${card}-nic ${state}`)
}

async function save(machine: Machine, runtime: Runtime, snapshot: string): Promise<void> {
  await monitor(machine, runtime, `savevm ${snapshot}`)
}

/** A running QEMU has its disk locked and has to be asked. */
async function saved(machine: Machine, runtime: Runtime, snapshot: string): Promise<boolean> {
  const disk = diskOf(machine)
  if (!existsSync(disk)) return false
  const list = pid(machine)
    ? await monitor(machine, runtime, 'info snapshots')
    : (await quiet`qemu-img snapshot -l ${disk}`).stdout
  return list.split(/\s+/).includes(snapshot)
}

async function restore(machine: Machine, runtime: Runtime, snapshot: string): Promise<void> {
  if (pid(machine)) await monitor(machine, runtime, `loadvm ${snapshot}`)
  else {
    try {
      await launch(machine, runtime, '-loadvm', snapshot)
    } catch (error) {
      // A first boot that another QEMU has kept may be of no use to this one, and can be had again.
      if (snapshot !== firstBoot) throw error
      rmSync(diskOf(machine))
      return start(machine, runtime)
    }
  }
  // A snapshot holds no cables.
  for (const card of machine.cards.keys())
    await plug(machine, runtime, card, runtime.cut.includes(cardName(machine, card)) ? 'off' : 'on')
}

const monitorSocket = ({ name }: Machine, { sockets }: Runtime) => join(sockets, name)

/**
 * Gives a command to QEMU's monitor (QEMU documentation, "QEMU Monitor").
 * @returns what it said
 * @throws UserError when the machine does not run, or the command failed
 */
function monitor(machine: Machine, runtime: Runtime, command: string): Promise<string> {
  const { name } = machine
  return new Promise((resolve, reject) => {
    const socket = connect(monitorSocket(machine, runtime))
    let heard = ''
    socket.on('close', () => resolve(''))
    socket.on('error', () =>
      reject(new UserError(`${name} is not running: start it with: npm run lab -- start ${name}`, 1)),
    )
    socket.on('data', (chunk) => {
      heard += chunk
      // A prompt at the start and one after the command; its output is between them.
      const parts = heard.split('(qemu) ')
      if (parts.length === 2 && parts[1] === '') socket.write(`${command}\n`)
      if (parts.length < 3) return
      socket.end()
      const said = parts[1]!
        .slice(parts[1]!.lastIndexOf('\u001b[D') + 1)
        .split('\n')
        .slice(1)
        .join('\n')
        .trim()
      if (/^Error:/m.test(said)) reject(new UserError(`${name}: ${command}: ${said}`, 1))
      else resolve(said)
    })
  })
}

/**
 * Tries whether KVM really runs the lab's kernel here. What was found is kept beside the image, for this version of QEMU.
 * @returns the reason why not; undefined where it does
 */
export async function whyNotKvm(image: string): Promise<string | undefined> {
  if (!existsSync('/dev/kvm')) return 'there is no /dev/kvm'
  const version = (await quiet`qemu-system-x86_64 --version`).stdout.match(/version (\S+)/)?.[1] ?? 'unknown'
  const memory = join(image, `kvm-${version}`)
  if (existsSync(memory)) return readFileSync(memory, 'utf8') || undefined
  const args = [
    ...['-M', 'pc', '-accel', accelerators.kvm, ...processors.kvm, '-m', '384'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', 'stdio'],
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd.gz'), '-append', 'console=ttyS0 lab.probe'],
  ]
  const boot = await quiet`timeout -s KILL 8 qemu-system-x86_64 ${args}`
  const why = boot.stdout.includes('lab-probe-passed')
    ? ''
    : boot.stderr.trim().split('\n').at(-1) || 'a trial boot with it did not get anywhere within 8 s'
  writeFileSync(memory, why)
  return why || undefined
}
