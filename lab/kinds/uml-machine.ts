// Runs one machine that is User-Mode Linux, and runs it again after each reboot from inside, until it powers off. Its
// network for SSH is slirp4netns, which lets connections in and none out.
//   node lab/kinds/uml-machine.ts FOLDER NAME      FOLDER only tells whose machine it is
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, existsSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { machineNamed } from '../machines.ts'
import { machineFile } from '../paths.ts'
import { readRuntime, type Runtime } from '../runtime.ts'
import { commandLine, managementSocket } from './uml.ts'

const machine = machineNamed(process.argv[3]!)
const log = createWriteStream(machineFile(machine.name, 'log'))

/** A program that ends when this one does, however that ends. */
const child = (program: string, ...args: string[]) =>
  spawn('setpriv', ['--pdeathsig', 'KILL', '--', program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })

/** @returns whether the machine wants to boot again */
async function run(runtime: Runtime): Promise<boolean> {
  const management = managementSocket(machine, runtime)
  const api = join(runtime.sockets, `${machine.name}.api`)
  for (const socket of [management, api]) rmSync(socket, { force: true })
  const slirp = child(
    'slirp4netns',
    ...['--target-type=bess', '--disable-host-loopback', '--disable-dns', '--outbound-addr=127.0.0.1'],
    ...['--api-socket', api, management],
  )
  slirp.stderr.pipe(log, { end: false })
  while (!existsSync(management) && slirp.exitCode === null) await sleep(10)
  const linux = child(join(runtime.uml!.kernel, 'linux'), ...commandLine(machine, runtime))
  let last = ''
  for (const stream of [linux.stdout, linux.stderr])
    stream.on('data', (chunk: Buffer) => {
      log.write(chunk)
      last = (last + chunk).slice(-1000)
    })
  const ended = once(linux, 'close')
  void letIn(api, runtime.ports[machine.name]!, () => linux.exitCode === null)
  await ended
  // It would go on waiting for a machine that has gone, and use a whole processor for it.
  slirp.kill('SIGKILL')
  return last.includes('Restarting system')
}

/** Forwards a port to the machine's SSH as soon as its card is up: slirp4netns(1), "API SOCKET". */
async function letIn(api: string, port: number, lives: () => boolean): Promise<void> {
  const to = { proto: 'tcp', host_addr: '127.0.0.1', host_port: port, guest_addr: '10.0.2.15', guest_port: 22 }
  while (lives()) {
    const socket = connect(api)
    try {
      await once(socket, 'connect')
      socket.end(JSON.stringify({ execute: 'add_hostfwd', arguments: to }))
      const [answer] = await once(socket, 'data')
      if (String(answer).includes('"return"')) return
      log.write(`slirp4netns: ${answer}\n`)
    } catch {
      // It is not there yet.
    } finally {
      socket.destroy()
    }
    await sleep(50)
  }
}

for (let runtime = readRuntime(); runtime && (await run(runtime));) runtime = readRuntime()
process.exit()
