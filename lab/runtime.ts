import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../runner/errors.ts'
import { machines } from './machines.ts'
import { labFolder, machineFile, sshConfigFile } from './paths.ts'
import { cardName, type Runtime } from './qemu.ts'

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
export async function newRuntime(image: string, accelerator: string): Promise<Runtime> {
  mkdirSync(labFolder, { recursive: true, mode: 0o700 })
  const cards = machines.flatMap((machine) => machine.cards.map((_, index) => cardName(machine, index)))
  const names = ['switch', ...cards, ...machines.map(({ name }) => name)]
  const ports = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()])))
  const runtime = { sockets: mkdtempSync(join(tmpdir(), 'lab-')), image, accelerator, ports, off: [] }
  const imageOfDisks = join(labFolder, 'image')
  // Disks of another image are of no use to this one.
  if (!existsSync(imageOfDisks) || readFileSync(imageOfDisks, 'utf8') !== image) {
    for (const { name } of machines) rmSync(machineFile(name, 'qcow2'), { force: true })
    writeFileSync(imageOfDisks, image)
  }
  writeRuntime(runtime)
  writeSshConfig(runtime)
  return runtime
}

const writeRuntime = (runtime: Runtime) => writeFileSync(runtimeFile, JSON.stringify(runtime))

/** The lab has ended. */
export const forgetRuntime = (): void => rmSync(runtimeFile, { force: true })

/** Notes which machines were powered off on purpose. */
export const setOff = (runtime: Runtime, off: string[]) => writeRuntime({ ...runtime, off })

function writeSshConfig({ image, ports }: Runtime): void {
  const knownHosts = join(labFolder, 'known_hosts')
  const key = readFileSync(join(image, 'host.pub'), 'utf8')
  const hosts = machines.map(
    ({ name }) => `Host ${name}\n  HostName 127.0.0.1\n  Port ${ports[name]}\n  HostKeyAlias ${name}\n`,
  )
  writeFileSync(knownHosts, machines.map(({ name }) => `${name} ${key}`).join(''))
  writeFileSync(
    sshConfigFile,
    `${hosts.join('')}Host *
  User admin
  IdentityFile ${join(image, 'id')}
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHosts}
  StrictHostKeyChecking yes
`,
  )
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
