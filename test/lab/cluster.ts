// What the tests on the lab's machines share: playbooks as a user runs them, and scripts on the machines.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type ProberSummary, startProber } from '../../engine/clients/prober.ts'
import { loadInventory } from '../../inventory/load.ts'
import { askedServicesOf } from '../../services/virtual-server.ts'
import * as lab from '../../lab/lab.ts'
import { HostError } from '../../engine/base/errors.ts'
import { checked, type DocumentOf, documentOf, type PlaybookName } from '../documents.ts'
import { sshTransport } from '../../engine/transport/ssh.ts'
import type { Transport } from '../../engine/transport/transport.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
export const labInventory = `${root}inventory/lab.yaml`

/** @returns the file of the lab's inventory with something more in `cluster`; a second call writes it anew */
export const inventoryWith = (more: string, name = 'inventory'): string =>
  inventoryAs((text) => text.replace('cluster:\n', `cluster:\n  ${more}\n`), name)

/** The lab's inventory, whose hosts are reached by the program `ssh`. */
export const inventoryByOpenSsh = (): string =>
  inventoryAs((text) => text.replace('ssh:\n', 'ssh:\n  client: openssh\n'), 'openssh')

/** The lab's inventory with something in place of its password. */
export const inventoryWithoutPassword = (instead: string): string =>
  inventoryAs((text) => text.replace(/auth_pass: .*/, instead), 'without-password')

function inventoryAs(changed: (text: string) => string, name: string): string {
  const file = join(tmpdir(), `${name}-${process.pid}.yaml`)
  writeFileSync(file, changed(readFileSync(labInventory, 'utf8').replace('../.lab/', `${root}.lab/`)))
  return file
}

/** The names of the lab's nodes. */
export const nodes = ['ns1', 'ns2'] as const

export interface Run<Name extends PlaybookName> {
  code: number | null
  /** What `--json` has printed, and its schema allows. */
  document: DocumentOf<Name>
  /** Everything that people would have read. */
  text: string
}

/** Runs a playbook through zx with `--json`, as a user would; without an inventory of its own it takes the lab's. */
export const playbook = <Name extends PlaybookName>(name: Name, ...args: string[]): Promise<Run<Name>> =>
  run(name, args)

/** Runs a playbook and presses Ctrl-C when it has printed this. */
export const interrupted = <Name extends PlaybookName>(name: Name, at: RegExp): Promise<Run<Name>> =>
  run(name, [], { at, signal: 'SIGINT' })

/** Runs a playbook and kills it when it has printed this: it prints no document any more. */
export const killedAt = (at: RegExp, name: PlaybookName, ...args: string[]): Promise<Run<PlaybookName>> =>
  run(name, args, { at, signal: 'SIGKILL' })

/** Runs a playbook and does something meanwhile, when it has printed this. */
export const meanwhile = <Name extends PlaybookName>(
  at: RegExp,
  act: () => void,
  name: Name,
  ...args: string[]
): Promise<Run<Name>> => run(name, args, { at, act })

/** What happens to a program when it has printed something. */
export type Event = { at: RegExp; signal: NodeJS.Signals } | { at: RegExp; act: () => void }

/** How a program ended: a signal leaves no exit code. */
export interface Ended {
  code: number | null
  stdout: string
  /** What it printed for people. */
  text: string
}

/** Runs a program of Node's in the checkout. @param hear called with what it prints for people */
export function started(
  words: readonly string[],
  { event, env, hear }: { event?: Event; env?: Record<string, string>; hear: (text: string) => void },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    let stdout = ''
    let text = ''
    let happened = false
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      text += chunk
      hear(String(chunk))
      if (happened || !event?.at.test(text)) return
      happened = true
      if ('act' in event) event.act()
      else child.kill(event.signal)
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, text }))
  })
}

/** @returns the words that run a playbook of ours as a user does, for programs */
export const words = (script: string, args: readonly string[]): string[] => [
  'node_modules/zx/build/cli.js',
  script,
  '--json',
  '--yes',
  ...args,
]

async function run<Name extends PlaybookName>(name: Name, args: readonly string[], event?: Event): Promise<Run<Name>> {
  const hear = (text: string) => void process.stdout.write(text)
  const { code, stdout, text } = await started(words(`playbooks/${name}.mts`, args), { event, hear })
  try {
    const kind = documentOf[name]
    const none = { document: kind, playbook: name, exitCode: -1 }
    return { code, document: checked(kind, code === null ? none : JSON.parse(stdout)), text }
  } catch (error) {
    throw new Error(`${name}: ${(error as Error).message}\nprinted was: ${stdout}\n${text}`)
  }
}

/** Opens a way to a machine of the lab. */
async function connected(machine: string): Promise<Transport> {
  const [node] = loadInventory(labInventory).hosts
  const transport = sshTransport({ ...node!.ssh, host: machine }, { name: machine, connectTimeout: 60 })
  await transport.connect()
  return transport
}

/** Connections that stay open: under emulation each costs more than a second. */
const open = new Map<string, Promise<Transport>>()

/** Runs bash as root on a machine of the lab. @returns what it printed @throws Error unless it ends with 0 */
export async function on(machine: string, script: string): Promise<string> {
  const opening = open.get(machine) ?? connected(machine)
  open.set(machine, opening)
  try {
    const { stdout, stderr, code } = await (await opening).run(script, { timeout: 400 })
    if (code !== 0) throw new Error(`${machine}: exit code ${code}: ${stderr}`)
    return stdout.toString('utf8')
  } catch (error) {
    if (error instanceof HostError) await disconnect([machine])
    throw error
  }
}

/** Ends the connections to these machines, or to all: those to a machine that loses its power, and all at the end. */
export async function disconnect(names: readonly string[] = [...open.keys()]): Promise<void> {
  const ending = names.map((name) => open.get(name))
  for (const name of names) open.delete(name)
  await Promise.all(ending.map(async (opening) => (await opening?.catch(() => undefined))?.close()))
}

/** Powers a machine off at once. */
export const kill = (name: string): Promise<void> => disconnect([name]).then(() => lab.kill(name))

/** Takes the nodes back to their first boot. */
export const reset = (): Promise<void> => disconnect(nodes).then(() => lab.reset(nodes))

// Where nobody knows the host's name, each sudo asks the named that comes with the packages, which leads nowhere and takes
// ten seconds to say so.
const install = `
echo 'options timeout:1 attempts:1' >/etc/resolv.conf
apt-get -q update
apt-get -q -y install --no-install-recommends bind9 bind9-dnsutils keepalived iptables ipvsadm snmpd netcat-openbsd
systemctl is-system-running --wait || true`

/** Takes the nodes back to their first boot, but with the packages that playbooks install: these take minutes, once. */
export async function resetWithPackages(): Promise<void> {
  const snapshot = `packages-${createHash('sha256').update(install).digest('hex').slice(0, 8)}`
  await disconnect(nodes)
  if (await lab.haveSnapshot(nodes, snapshot)) return lab.reset(nodes, snapshot)
  await lab.reset(nodes)
  await Promise.all(nodes.map((node) => on(node, install)))
  await disconnect(nodes)
  await lab.takeSnapshot(nodes, snapshot)
}

/**
 * Asks the services of an inventory from a machine while something is done: ten times a second each, and where it has UDP
 * and TCP, twice by TCP.
 */
export async function asked(
  machine: string,
  work: () => Promise<void>,
  inventory: string = labInventory,
): Promise<ProberSummary> {
  const transport = await connected(machine)
  try {
    const services = askedServicesOf(loadInventory(inventory).cluster).map((one) => ({
      ...one,
      servers: one.servers.map((server, place) => ({ ...server, perSecond: place === 0 ? 10 : 2 })),
    }))
    const prober = await startProber({ transport }, services, 1800, () => {})
    await work()
    const account = await prober.stop()
    if (account.problem) throw new Error(account.problem)
    return account
  } finally {
    await transport.close()
  }
}

/** The lab runs; a lab that can't is an error, never a reason to skip. */
export const startLab = (): Promise<void> =>
  lab.labUp({ yes: true, waitForKernel: true, say: (line) => console.log(line) })

/** @returns the node that has the VIP on an interface; an error unless it is exactly one */
export async function holder(): Promise<string> {
  const found = await Promise.all(nodes.map((node) => on(node, 'ip -o address show to 10.2.1.5/32')))
  const holders = nodes.filter((_, index) => found[index] !== '')
  if (holders.length !== 1) throw new Error(`${holders.length} nodes hold the VIP`)
  return holders[0]!
}

/** Waits until exactly one node holds the VIP. @returns it @throws Error when that takes longer */
export async function holderWithin(seconds: number, wanted?: string): Promise<string> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const found = await holder().catch((error: Error) => error)
    if (typeof found === 'string' && (!wanted || found === wanted)) return found
    if (performance.now() > deadline)
      throw typeof found === 'string' ? new Error(`${found} holds the VIP after ${seconds} s`) : found
    await sleep(500)
  }
}

export const other = (node: string): string => nodes.find((name) => name !== node)!

/** Everything that a run could change, as one text to compare: files with times, rules, sysctls, units, packages. */
export const fingerprint = (node: string): Promise<string> =>
  on(
    node,
    `
find /etc /var/lib/keepalived-playbooks -xdev -printf '%p %y %m %u %T@ %s\\n' 2>/dev/null | sort | sha256sum
find /etc -xdev -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum
iptables-save 2>/dev/null | grep -v '^[#:]' || true
sysctl -a 2>/dev/null | grep -E '^net\\.ipv4\\.(ip_forward|vs|conf)' | sort
lsmod | cut -d' ' -f1 | sort
systemctl list-unit-files --no-legend --no-pager
systemctl list-units --type=service --no-legend --no-pager --plain | awk '{print $1, $3, $4}'
dpkg-query -W
ip address show | grep -w inet; ip -4 rule; ip -4 route show table all`,
  )

/** Tries again until something succeeds, for some minutes. */
export async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (left === 0) throw error
      await sleep(2000)
    }
  }
}

/** Reboots a node from inside and returns when it answers again. */
export async function reboot(node: string): Promise<void> {
  const boot = () => on(node, 'cat /proc/sys/kernel/random/boot_id')
  const before = await boot()
  await on(node, 'systemd-run --on-active=1 systemctl reboot')
  await disconnect([node])
  for (let left = 300; left > 0; left--) {
    await sleep(500)
    if ((await boot().catch(() => before)) !== before) return
    await disconnect([node])
  }
  throw new Error(`${node} has not rebooted`)
}

/** Returns when a node has done all the work of its boot. */
export const booted = (node: string): Promise<string> => on(node, 'systemctl is-system-running --wait || true')

/** Reboots a node from inside and returns when it has done its work. */
export const rebooted = (node: string): Promise<string> => reboot(node).then(() => booted(node))

/** What a host is made of, a line each: files of /etc, rules, routes, addresses, sysctls, units. */
export const state = async (node: string): Promise<string[]> =>
  (
    await on(
      node,
      // Whatever has been started is done, so that it is not there one time and gone the next. A systemd too busy to answer has no fewer units.
      `systemctl is-system-running --wait >/dev/null || true
cd /etc; find . -xdev -type f -printf '%p %m %u\n' | sort
find . -xdev -type f -print0 | sort -z | xargs -0 sha256sum
find . -xdev \\( -type l -o -type d \\) -printf '%p %y %l\n' | sort
iptables-save 2>/dev/null | grep '^-A' || true
ip -o -4 address show | sed 's/ valid_lft.*//'; ip -4 rule show; ip -4 route show table all
sysctl -a 2>/dev/null | grep -E '^net\\.ipv4\\.(ip_forward|vs\\.|conf)'
files=$(systemctl list-unit-files --no-legend --no-pager) || exit
units=$(systemctl list-units --type=service --no-legend --no-pager --plain) || exit
awk '{print "unit file", $1, $2}' <<<"$files"
awk '{print "unit", $1, $3}' <<<"$units"`,
    )
  )
    .trim()
    .split('\n')
