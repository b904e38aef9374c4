import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { $ } from 'zx'
import { UserError } from '../runner/errors.ts'
import { type Machine, mac, type Nic } from './machines.ts'
import { machineFile } from './paths.ts'

/** Where the lab's processes meet: sockets and pid files, in a folder with a short path (unix(7): 108 bytes). */
export interface Runtime {
  folder: string
  image: string
  accelerator: string
  /** The port on loopback that leads to each machine's SSH. */
  ports: Record<string, number>
}

const quiet = $({ quiet: true, nothrow: true })

/**
 * Starts a machine.
 * @param snapshot the snapshot to go on from; none boots the disk as it is
 * @throws UserError with QEMU's words
 */
export async function startMachine(machine: Machine, runtime: Runtime, snapshot?: string): Promise<void> {
  const { folder, image, accelerator, ports } = runtime
  const nic = (name: Nic, backend: string) => [
    ...['-netdev', `${backend},id=${name}`],
    ...['-device', `virtio-net-pci,netdev=${name},id=${name}-nic,mac=${mac(machine, name)},romfile=`],
  ]
  const lan = `vde,sock=${join(folder, 'lan')}`
  const args = [
    ...['-name', machine.name, '-M', 'pc', '-accel', accelerator, '-cpu', 'max', '-smp', '2', '-m', '384'],
    ...['-nodefaults', '-display', 'none', '-daemonize', '-pidfile', pidFile(runtime, machine.name)],
    ...[
      '-serial',
      `file:${machineFile(machine.name, 'log')}`,
      '-monitor',
      `unix:${monitorSocket(runtime, machine.name)},server,nowait`,
    ],
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd.gz'), '-append', commandLine(machine)],
    ...['-drive', `file=${machineFile(machine.name, 'qcow2')},if=virtio,cache=unsafe`],
    ...nic('cluster', lan),
    ...(machine.secondInterface ? nic('second', lan) : []),
    ...nic('management', `user,restrict=on,hostfwd=tcp:127.0.0.1:${ports[machine.name]}-:22`),
    ...(snapshot ? ['-loadvm', snapshot] : []),
  ]
  const started = await quiet`qemu-system-x86_64 ${args}`
  if (started.exitCode !== 0) throw new UserError(`${machine.name} does not start: ${started.stderr.trim()}`, 1)
}

/** The id is the machine's own, and the same at each of its boots. */
const commandLine = (machine: Machine) =>
  [
    'console=ttyS0 quiet root=/dev/vda rw net.ifnames=0 mitigations=off',
    `systemd.hostname=${machine.name} systemd.machine_id=${Buffer.from(machine.name.padEnd(16)).toString('hex')}`,
  ].join(' ')

const pidFile = ({ folder }: Runtime, name: string) => join(folder, `${name}.pid`)
const monitorSocket = ({ folder }: Runtime, name: string) => join(folder, `${name}.monitor`)

/** Starts the switch that carries the cluster's network. */
export async function startSwitch(runtime: Runtime): Promise<void> {
  const { folder } = runtime
  const started = await quiet`vde_switch -s ${join(folder, 'lan')} -p ${pidFile(runtime, 'switch')} -d`
  if (started.exitCode !== 0) throw new UserError(`the lab's network does not start: ${started.stderr.trim()}`, 1)
}

/** @returns the process of a machine or the switch, if it runs; a pid that now is somebody else's does not count */
export function pidOf(runtime: Runtime, name: string): number | undefined {
  try {
    const pid = Number(readFileSync(pidFile(runtime, name), 'utf8'))
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(runtime.folder) ? pid : undefined
  } catch {
    return undefined
  }
}

/** Ends a process of the lab at once, as a power cut would, and waits until it is gone. */
export async function killProcess(runtime: Runtime, name: string): Promise<void> {
  const pid = pidOf(runtime, name)
  if (pid) process.kill(pid, 'SIGKILL')
  while (pidOf(runtime, name)) await sleep(20)
  rmSync(monitorSocket(runtime, name), { force: true })
}

/**
 * Gives a command to QEMU's monitor (QEMU documentation, "QEMU Monitor").
 * @returns what it said
 * @throws UserError when the machine does not run, or the command failed
 */
export function monitor(runtime: Runtime, name: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(monitorSocket(runtime, name))
    let heard = ''
    socket.on('error', () =>
      reject(new UserError(`${name} is not running: start it with: npm run lab -- start ${name}`, 1)),
    )
    socket.on('data', (chunk) => {
      heard += chunk
      // A prompt when it is there, and one when the command is done; what it says stands between.
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
 * Chooses KVM where this machine really runs the lab's kernel under it, else QEMU's own emulation. What was found is
 * kept beside the image, for this version of QEMU.
 */
export async function chooseAccelerator(image: string, say: (line: string) => void): Promise<string> {
  const version = (await quiet`qemu-system-x86_64 --version`).stdout.match(/version (\S+)/)?.[1] ?? 'unknown'
  const memory = join(image, `accelerator-${version}`)
  if (existsSync(memory)) return readFileSync(memory, 'utf8')
  const kvm = existsSync('/dev/kvm') && (await bootsUnderKvm(image))
  const accelerator = kvm ? 'kvm' : 'tcg,thread=multi,tb-size=128'
  say(
    kvm
      ? 'KVM works here: the machines are fast'
      : 'KVM does not work here: the machines are emulated, and about twenty times slower',
  )
  writeFileSync(memory, accelerator)
  return accelerator
}

async function bootsUnderKvm(image: string): Promise<boolean> {
  const args = [
    '-M',
    'pc',
    '-accel',
    'kvm',
    '-cpu',
    'max',
    '-smp',
    '2',
    '-m',
    '384',
    '-nodefaults',
    '-display',
    'none',
    '-no-reboot',
    '-serial',
    'stdio',
  ]
  const boot = quiet`timeout -s KILL 8 qemu-system-x86_64 ${args} -kernel ${join(image, 'vmlinuz')} -initrd ${join(image, 'initrd.gz')} -append ${'console=ttyS0 lab.probe'}`
  return (await boot).stdout.includes('lab-probe-passed')
}
