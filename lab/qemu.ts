import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { $ } from 'zx'
import { UserError } from '../runner/errors.ts'
import { type Machine, mac, machines } from './machines.ts'
import { labFolder, machineFile, switchScript } from './paths.ts'

/** What the running lab is made of. */
export interface Runtime {
  /** Where QEMU's monitor sockets are: a path has to be short (unix(7): 108 bytes). */
  sockets: string
  image: string
  accelerator: string
  /** Ports on loopback: `switch`, a machine's SSH by its name, its network cards by `NAME ethN`. */
  ports: Record<string, number>
  /** Machines that were powered off on purpose. */
  off: string[]
}

const quiet = $({ quiet: true, nothrow: true })

/**
 * Starts a machine.
 * @param snapshot the snapshot to go on from; none boots the disk as it is
 * @throws UserError with QEMU's words
 */
export async function startMachine(machine: Machine, runtime: Runtime, snapshot?: string): Promise<void> {
  const { image, accelerator, ports } = runtime
  const nic = (name: string, address: string, backend: string) => [
    ...['-netdev', `${backend},id=${name}`],
    ...['-device', `virtio-net-pci,netdev=${name},id=${name}-nic,mac=${address},romfile=`],
  ]
  const cards = machine.cards.flatMap((_, index) =>
    nic(
      `eth${index}`,
      mac(machine, index),
      `socket,udp=127.0.0.1:${ports[peerOf(machine, index)]},localaddr=127.0.0.1:${ports[cardName(machine, index)]}`,
    ),
  )
  const args = [
    ...['-name', machine.name, '-M', 'pc', '-accel', accelerator, ...processor(accelerator), '-m', '384'],
    ...['-nodefaults', '-display', 'none', '-daemonize'],
    ...[
      '-serial',
      `file:${machineFile(machine.name, 'log')}`,
      '-monitor',
      `unix:${monitorSocket(runtime, machine.name)},server,nowait`,
    ],
    ...['-kernel', join(image, 'vmlinuz'), '-initrd', join(image, 'initrd.gz'), '-append', commandLine(machine)],
    ...['-drive', `file=${machineFile(machine.name, 'qcow2')},if=virtio,cache=unsafe`],
    ...cards,
    ...nic(
      'management',
      mac(machine, 'management'),
      `user,restrict=on,hostfwd=tcp:127.0.0.1:${ports[machine.name]}-:22`,
    ),
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

const monitorSocket = ({ sockets }: Runtime, name: string) => join(sockets, name)

/** The key of a network card among the runtime's ports. */
export const cardName = (machine: Machine, card: number): string => `${machine.name} eth${card}`

/** All cards of the lab. */
const allCards = machines.flatMap((machine) => machine.cards.map(({ network }, card) => ({ machine, card, network })))

/** Where a card's frames go: to the switch, or through a cable to the one other card of its network. */
function peerOf(machine: Machine, card: number): string {
  const { network } = machine.cards[card]!
  if (network === 'cluster') return 'switch'
  const peer = allCards.find((one) => one.network === network && one.machine !== machine)!
  return cardName(peer.machine, peer.card)
}

/** Starts the switch that carries the cluster's network. */
export function startSwitch({ ports }: Runtime): void {
  const cards = allCards
    .filter(({ network }) => network === 'cluster')
    .map(({ machine, card }) => String(ports[cardName(machine, card)]))
  spawn(process.execPath, [switchScript, labFolder, String(ports.switch), ...cards], {
    detached: true,
    stdio: 'ignore',
  }).unref()
}

/** @returns the process of this checkout's switch, if it runs */
export const switchPid = (): number | undefined => processWith(switchScript, labFolder)

/** @returns the process of a machine, if it runs, whoever started it and whatever became of our notes */
export const pidOf = (name: string): number | undefined =>
  processWith(`file=${machineFile(name, 'qcow2')},if=virtio,cache=unsafe`)

function processWith(...words: string[]): number | undefined {
  for (const pid of readdirSync('/proc').map(Number)) {
    if (!pid) continue
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
      if (words.every((word) => command.includes(word))) return pid
    } catch {
      // It has ended meanwhile.
    }
  }
}

/** Ends a machine at once, as a power cut would: the machine learns nothing of it, and QEMU's disk stays whole. */
export async function powerOff(runtime: Runtime | undefined, name: string): Promise<void> {
  const pid = pidOf(name)
  if (!pid) return
  if (runtime) await Promise.race([monitor(runtime, name, 'quit').catch(() => undefined), sleep(2000)])
  const deadline = performance.now() + 5000
  while (pidOf(name)) {
    if (performance.now() > deadline) process.kill(pid, 'SIGKILL')
    await sleep(50)
  }
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
    socket.on('close', () => resolve(''))
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
  const why = await whyNotKvm(image)
  const accelerator = why ? emulation : 'kvm'
  say(why ? `the machines are emulated, and much slower than with KVM: ${why}` : 'the machines run with KVM')
  writeFileSync(memory, accelerator)
  return accelerator
}

const emulation = 'tcg,thread=multi,tb-size=128'

// What a newer processor can do is slower to emulate than to do without, and so is a second one: a quarter of the time.
const processor = (accelerator: string) =>
  accelerator === emulation ? ['-cpu', 'qemu64', '-smp', '1'] : ['-cpu', 'max', '-smp', '2']

async function whyNotKvm(image: string): Promise<string | undefined> {
  if (!existsSync('/dev/kvm')) return 'there is no /dev/kvm'
  const args = [
    ...[
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
    ],
    ...[
      '-serial',
      'stdio',
      '-kernel',
      join(image, 'vmlinuz'),
      '-initrd',
      join(image, 'initrd.gz'),
      '-append',
      'console=ttyS0 lab.probe',
    ],
  ]
  const boot = await quiet`timeout -s KILL 8 qemu-system-x86_64 ${args}`
  if (boot.stdout.includes('lab-probe-passed')) return undefined
  return boot.stderr.trim().split('\n').at(-1) || 'a trial boot with it did not get anywhere within 8 s'
}
